"""The socket front: length, TPDU, ISO 8583; packing, fields and MAC are data in ``*.toml``."""
