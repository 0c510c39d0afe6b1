"""The SOAP front: a document/literal service described by its WSDL, with WS-Security."""
