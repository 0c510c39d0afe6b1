"""Texts with names in braces, and the values that a profile may name. Filled in, never run."""

import re
from collections.abc import Mapping
from typing import TypeAlias

Values: TypeAlias = Mapping[str, str]
Part: TypeAlias = tuple[str, str]
"""A place, and the template of what stands there."""

_NAME = re.compile(r"\{([a-z_]+)\}")

VALUES: dict[str, str] = {
    "number": "our number of the transfer, refund or batch",
    "amount": "major units, such as 12.30",
    "amount_minor": "minor units, such as 1230",
    "currency": "three letters",
    "currency_number": "three digits of ISO 4217",
    "payee_name": "the holder's name",
    "payee_account": "the account that is credited",
    "payee_bank": "the payee's bank in the payment system",
    "payee_kind": "the bank's own word, from texts.payee_kinds",
    "memo": "what the payee reads",
    "account": "our account, or the sub-account that is asked about",
    "account_name": "its holder",
    "bank_code": "this bank's number in the payment system",
    "customer": "our number at the bank",
    "serial": "serial of our certificate",
    "message_no": "the message's number",
    "count": "how many transfers a message has",
    "total": "their sum in major units",
    "moment": "ISO 8601 with zone",
    "day": "2026-03-02",
    "from_day": "first day of a period",
    "date": "0302",
    "time": "120000",
    "trace": "trace number of this message",
    "original_trace": "trace number of the message that is asked about or taken back",
    "original_date": "its date, 0302",
    "original_time": "its time, 120000",
    "terminal": "our terminal at the bank",
    "merchant": "our merchant number at the bank",
    "method": "GET or POST",
    "target": "path and query",
    "timestamp": "seconds since 1970",
    "body": "the body, byte for byte",
    "signature": "the signature in base64",
}
"""Every value that a template may name, and what it is."""


def fill(template: str, values: Values) -> str:
    """The template with its names replaced; what is not known or not given becomes empty."""
    return _NAME.sub(lambda found: values.get(found[1], ""), template)


def fill_bytes(template: str, values: Mapping[str, bytes]) -> bytes:
    """The same over bytes, for what is signed: a body is put in without a change."""
    filled = b""
    end = 0
    for found in _NAME.finditer(template):
        filled += template[end : found.start()].encode() + values.get(found[1], b"")
        end = found.end()
    return filled + template[end:].encode()


def unknown_names(template: str) -> list[str]:
    """The names in a template that mean nothing."""
    return [name for name in _NAME.findall(template) if name not in VALUES]
