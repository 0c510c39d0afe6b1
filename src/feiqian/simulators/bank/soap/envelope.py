"""SOAP 1.1 envelopes: read with their WS-Security header, checked against the WSDL's schema, written with faults.

Source: SOAP 1.1; Web Services Security UsernameToken Profile 1.1 (password digest); WS-I Basic Profile for faults.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import lxml.etree
import msgspec

from feiqian.simulators.bank import xml
from feiqian.simulators.bank.xml import Part

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE = _OASIS + "wssecurity-secext-1.0.xsd"
WSU = _OASIS + "wssecurity-utility-1.0.xsd"
DIGEST = _OASIS + "username-token-profile-1.0#PasswordDigest"
SERVICE = "urn:feiqian:sandbox:bank:1"
WSDL = Path(__file__).with_name("service.wsdl")

FRESH = timedelta(minutes=5)
"""How old a UsernameToken or Timestamp may be, and how far ahead of the bank's clock."""
NONCES_KEPT = 10_000


class Faulty(Exception):
    """A request that is answered with a fault; nothing was done."""

    def __init__(self, code: str, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.code = code
        """``soap:Client``, ``soap:Server``, or one of WS-Security's: ``wsse:FailedAuthentication`` …"""
        self.message = message
        self.detail = detail
        """The bank's own code in the Refusal; empty: no Refusal."""


class Call(msgspec.Struct, frozen=True):
    """One operation that was asked for."""

    operation: str
    content: lxml.etree._Element
    security: lxml.etree._Element | None


def read_call(document: bytes, schema: lxml.etree.XMLSchema) -> Call:
    """The operation in an envelope. Raises: Faulty."""
    try:
        root = xml.read(document)
    except xml.Unreadable as error:
        raise Faulty("soap:Client", f"not an envelope: {error}") from error
    if root.tag != f"{{{SOAP}}}Envelope":
        raise Faulty("soap:VersionMismatch", "the envelope must be of SOAP 1.1")
    security = root.find(f"{{{SOAP}}}Header/{{{WSSE}}}Security")
    body = root.find(f"{{{SOAP}}}Body")
    if body is None or len(body) != 1:
        raise Faulty("soap:Client", "the body must hold one element")
    content = body[0]
    if not schema.validate(content):
        fault = str(schema.error_log[0].message).replace(f"{{{SERVICE}}}", "")
        raise Faulty("soap:Client", fault, "INVALID_MESSAGE")
    return Call(lxml.etree.QName(content).localname, content, security)


def check_security(
    security: lxml.etree._Element | None,
    *,
    username: str,
    password: str,
    nonces: dict[str, None],
    now: datetime,
) -> None:
    """Let a caller pass whose digest holds and is fresh; remembers its nonce. Raises: Faulty."""
    if security is None:
        raise Faulty("wsse:InvalidSecurity", "a Security header is needed")
    _check_timestamp(security, now)
    token = security.find(f"{{{WSSE}}}UsernameToken")
    if token is None:
        raise Faulty("wsse:InvalidSecurity", "a UsernameToken is needed")
    given = token.find(f"{{{WSSE}}}Password")
    nonce, created = _text(token, WSSE, "Nonce"), _text(token, WSU, "Created")
    if given is None or given.get("Type") != DIGEST or not nonce:
        raise Faulty("wsse:UnsupportedSecurityToken", "the password must be a digest with a nonce")
    try:
        salt = base64.b64decode(nonce, validate=True)
    except ValueError as error:
        raise Faulty("wsse:InvalidSecurityToken", "the nonce is not base64") from error
    digest = hashlib.sha1(salt + created.encode() + password.encode(), usedforsecurity=False).digest()
    expected = base64.b64encode(digest)
    is_right = hmac.compare_digest((given.text or "").strip().encode(), expected)
    if _text(token, WSSE, "Username") != username or not is_right:
        raise Faulty("wsse:FailedAuthentication", "user name or password digest is not right")
    if abs(now - _moment(created)) > FRESH:
        raise Faulty("wsse:MessageExpired", "the UsernameToken was not created within five minutes")
    if nonce in nonces:
        raise Faulty("wsse:FailedAuthentication", "the nonce was used before")
    if len(nonces) >= NONCES_KEPT:
        del nonces[next(iter(nonces))]
    nonces[nonce] = None


def answer_envelope(operation: str, content: Sequence[Part]) -> bytes:
    """An operation's answer."""
    return _envelope(xml.element(SERVICE, (f"{operation}Response", content)))


def fault_envelope(fault: Faulty) -> bytes:
    """A fault, with a Refusal as its detail when the bank has a code of its own."""
    made = lxml.etree.Element(f"{{{SOAP}}}Fault", nsmap={"soap": SOAP, "wsse": WSSE})
    for name, value in (("faultcode", fault.code), ("faultstring", fault.message)):
        lxml.etree.SubElement(made, name).text = value
    if fault.detail:
        refusal: Part = ("Refusal", [("Code", fault.detail), ("Message", fault.message)])
        lxml.etree.SubElement(made, "detail").append(xml.element(SERVICE, refusal))
    return _envelope(made)


def service_schema() -> lxml.etree.XMLSchema:
    """The schema inside the WSDL."""
    document = lxml.etree.parse(WSDL)
    found = document.find(".//{http://www.w3.org/2001/XMLSchema}schema")
    assert found is not None, "the WSDL has its types"
    return lxml.etree.XMLSchema(lxml.etree.fromstring(lxml.etree.tostring(found)))


def described(address: str) -> bytes:
    """The WSDL, saying where the service really is."""
    document = lxml.etree.parse(WSDL)
    place = document.find(".//{http://schemas.xmlsoap.org/wsdl/soap/}address")
    assert place is not None, "the WSDL has a port"
    place.set("location", address)
    return lxml.etree.tostring(document, xml_declaration=True, encoding="UTF-8")


def _envelope(content: lxml.etree._Element) -> bytes:
    envelope = lxml.etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP})
    lxml.etree.SubElement(envelope, f"{{{SOAP}}}Body").append(content)
    return lxml.etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")


def _check_timestamp(security: lxml.etree._Element, now: datetime) -> None:
    stamp = security.find(f"{{{WSU}}}Timestamp")
    if stamp is None:
        raise Faulty("wsse:InvalidSecurity", "a Timestamp is needed")
    created, expires = _text(stamp, WSU, "Created"), _text(stamp, WSU, "Expires")
    if abs(now - _moment(created)) > FRESH or (expires and _moment(expires) <= now):
        raise Faulty("wsse:MessageExpired", "the Timestamp has expired or lies ahead")


def _text(parent: lxml.etree._Element, namespace: str, name: str) -> str:
    found = parent.find(f"{{{namespace}}}{name}")
    return "" if found is None or found.text is None else found.text.strip()


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise Faulty("wsse:InvalidSecurity", f"not a moment: {text[:40]}") from error
    if moment.tzinfo is None:
        raise Faulty("wsse:InvalidSecurity", f"a moment needs its zone: {text[:40]}")
    return moment
