"""The shape of every message: fields with text values, as a form on the way in, as plain ``k=v&k=v`` on the way out.

Sources: the demo projects of UnionPay's own SDK in several languages; python-unionpay and omnipay-unionpay.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

Fields = Mapping[str, str]
"""A message: names and values. An empty value counts as one that is not there."""

SIGNATURE = "signature"


def link_string(fields: Fields) -> str:
    """What is signed: every field but the signature and the empty ones, in the order of their names, unencoded."""
    return "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name != SIGNATURE and fields[name])


def parse_form(body: bytes) -> dict[str, str]:
    """The fields of a form post. Raises: ValueError when it is none, or when a name comes twice."""
    pairs = parse_qsl(body.decode("ascii"), strict_parsing=True, encoding="utf-8", errors="strict")
    fields = dict(pairs)
    if not fields or len(fields) != len(pairs):
        raise ValueError("no fields, or a name comes twice")
    return fields


def write_form(fields: Fields) -> bytes:
    """A form post: notices to the merchant."""
    return urlencode(fields).encode()


def write_answer(fields: Fields) -> bytes:
    """An answer: the fields as they are, not encoded, the signature last."""
    return f"{link_string(fields)}&{SIGNATURE}={fields[SIGNATURE]}".encode()


def parse_group(text: str) -> dict[str, str]:
    """The parts of a value that is a group of its own: ``{a=1&b=2}``."""
    inner = text.removeprefix("{").removesuffix("}")
    pairs = (part.partition("=") for part in inner.split("&") if part)
    return {name: value for name, _, value in pairs}
