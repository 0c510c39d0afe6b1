"""Parts that the messages share: amounts, accounts, parties, moments."""

from feiqian.kernel.money import format_major
from feiqian.simulators.bank.profile import Profile
from feiqian.simulators.bank.xml import Part
from feiqian.simulators.kit.moments import rfc3339

CNAPS = "CNAPS"
"""ISO 20022's external code of China's clearing system."""


def optional(tag: str, value: str, longest: int = 0) -> Part:
    """An element with a text, or nothing when the text is empty; cut where the schema has a greatest length."""
    return (tag, value[:longest] if longest else value) if value else None


def amount(value: int, currency: str, tag: str = "Amt") -> Part:
    """Without a sign: ``Cdt`` or ``Dbt`` says it."""
    return (tag, format_major(abs(value), currency), {"Ccy": currency})


def direction(value: int) -> Part:
    """CdtDbtInd; zero is a credit."""
    return ("CdtDbtInd", "CRDT" if value >= 0 else "DBIT")


def moment(tag: str, moment_ms: int) -> Part:
    """A moment in Beijing time with its offset."""
    return (tag, rfc3339(moment_ms))


def account_id(number: str) -> Part:
    """Id of an account: Chinese banks have no IBAN."""
    return ("Id", [("Othr", [("Id", number[:34])])])


def bank_id(identity: str) -> Part:
    """FinInstnId of a bank by its BIC or CNAPS number."""
    if identity.isdecimal():
        member = ("ClrSysMmbId", [("ClrSysId", [("Cd", CNAPS)]), ("MmbId", identity[:35])])
        return ("FinInstnId", [member])
    return ("FinInstnId", [("BICFI", identity)])


def this_bank(profile: Profile) -> Part:
    """FinInstnId of the bank itself."""
    member = ("ClrSysMmbId", [("ClrSysId", [("Cd", CNAPS)]), ("MmbId", profile.bank.clearing_number)])
    return ("FinInstnId", [("BICFI", profile.bank.bic), member, ("Nm", profile.bank.name)])
