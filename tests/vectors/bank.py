"""What is known from outside about banks' messages: schemas, public samples, MAC examples. Both sides' tests run it."""

from pathlib import Path
from typing import NamedTuple

import lxml.etree

DIRECTORY = Path(__file__).with_name("bank_files")


class Payment(NamedTuple):
    """What one transaction of a sample says. The amount is in minor units."""

    end_to_end_id: str
    amount: int
    currency: str
    creditor_name: str
    creditor_account: str


SAMPLES: dict[str, list[Payment]] = {
    "hk.fps.single.pain.001.001.09.xml": [
        Payment("HLL-2026-0921-001", 6_850_000, "HKD", "Kowloon Freight Services", "123456789012"),
    ],
    "us.ach.ppd-payroll.pain.001.001.09.xml": [
        Payment("PAY-2026-09-0001", 312_055, "USD", "Jordan Lee", "7712345678"),
        Payment("PAY-2026-09-0002", 287_510, "USD", "Sam Rivera", "7798765432"),
    ],
    "gb.bacs.supplier-run.pain.001.001.09.xml": [
        Payment("INV-0915-0042", 480_000, "GBP", "Northgate Timber", "87654321"),
        Payment("INV-0915-0043", 96_050, "GBP", "Avon Plant Hire", "11223344"),
    ],
    "every-remittance.pain.001.001.12.xml": [
        Payment("T", 100, "EUR", "", "DE89370400440532013000"),
    ],
}
"""Samples of pain.001 that a bank must be able to read, and what stands in them."""

CHEQUE = "cheque.pain.001.001.09.xml"
"""Valid by its schema, but not a transfer."""


class MacExample(NamedTuple):
    """A message, a key, and the MAC over it: hexadecimal, but for the message."""

    algorithm: str
    key: str
    message: bytes
    mac: str
    source: str


MACS = [
    MacExample(
        "x9.9",
        "0123456789ABCDEF0123456789ABCDEF",
        b"7654321 Now is the time for ",
        "F1D30F6849312CA4",
        "FIPS PUB 113, appendix 2; ANSI X9.9",
    ),
    MacExample(
        "x9.19",
        "7CA110454A1A6E570131D9619DC1376E",
        b"Hello World !!!!",
        "F09B856213BAB83B",
        "Bouncy Castle's test of ISO 9797-1 algorithm 3 without padding",
    ),
    MacExample(
        "cup-ecb",
        "2222222222222222" * 2,
        bytes.fromhex("1234567890ABCDEFABCDEF1234567890"),
        b"E267B6E2".hex().upper(),
        "an acquirer's worked example of UnionPay's terminal MAC, with a key of eight bytes, here twice",
    ),
    MacExample(
        "sm4-cbc",
        "0123456789ABCDEFFEDCBA9876543210",
        bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"),
        "681EDF34D206965E",
        "GM/T 0002-2012, example 1: of one block, the CBC-MAC is the encryption; its first half",
    ),
]


def sample(name: str) -> bytes:
    """The bytes of a sample."""
    return (DIRECTORY / name).read_bytes()


def faults(document: bytes) -> list[str]:
    """What of a pain.002 or camt document does not keep to its schema; a document of another kind fails."""
    root = lxml.etree.fromstring(document)
    name = (lxml.etree.QName(root).namespace or "").rpartition(":")[2]
    schema = lxml.etree.XMLSchema(lxml.etree.parse(DIRECTORY / f"{name}.xsd"))
    schema.validate(root)
    return [str(fault) for fault in schema.error_log]
