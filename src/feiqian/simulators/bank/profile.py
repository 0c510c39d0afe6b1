"""What is different from bank to bank, read from ``profile.toml``."""

import tomllib
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Literal

import msgspec

from feiqian.kernel.calendar import ZONE, start_of

SANDBOX_BANK = Path(__file__).with_name("profile.toml")


class Identity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The bank's names."""

    name: str
    bic: str
    clearing_number: str
    """In CNAPS (联行号), twelve digits."""


class Hours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When large payouts are paid and statements are there; Beijing time."""

    opens: time
    closes: time
    large_from: int
    """Payouts of this amount or more keep to the hours, in fen."""
    holidays: list[date]
    statement_from: time

    def pays_at(self, amount: int, moment: datetime) -> datetime:
        """When a payout that could be paid at ``moment`` is paid: then, or when the bank opens next."""
        local = moment.astimezone(ZONE)
        if amount < self.large_from:
            return moment
        day = local.date()
        if self._works_on(day) and self.opens <= local.time() < self.closes:
            return moment
        if not self._works_on(day) or local.time() >= self.closes:
            day += timedelta(days=1)
            while not self._works_on(day):
                day += timedelta(days=1)
        return datetime.combine(day, self.opens, ZONE)

    def statement_at(self, day: date) -> datetime:
        """From when on the statement of ``day`` can be had."""
        opens = self.statement_from
        return start_of(day + timedelta(days=1)) + timedelta(hours=opens.hour, minutes=opens.minute)

    def _works_on(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self.holidays


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is refused because it is too much."""

    amount_max: int
    transactions_max: int
    answered_at_once_up_to: int


class MessageNames(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """ISO 20022 message identifiers, ``pain.001.001.09``."""

    accepts: list[str]
    status_report: str
    report: str
    statement: str
    notification: str


class VirtualNumbers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Numbers that need not be opened: whoever pays to one pays into the corporate account."""

    prefix: str
    digits: int

    def contains(self, number: str) -> bool:
        """Whether a number is one of them."""
        return (
            number.startswith(self.prefix)
            and number.isdecimal()
            and len(number) == len(self.prefix) + self.digits
        )


class OpenedAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account that is there from the beginning."""

    number: str
    name: str
    kind: Literal["corporate", "other"]
    balance: int
    status: Literal["open", "frozen", "closed"] = "open"
    currency: str = "CNY"


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One bank."""

    bank: Identity
    hours: Hours
    limits: Limits
    iso20022: MessageNames
    virtual: VirtualNumbers
    accounts: list[OpenedAccount]


def read_profile(path: Path = SANDBOX_BANK) -> Profile:
    """A bank from its file. Raises: OSError, msgspec.ValidationError."""
    return msgspec.convert(tomllib.loads(path.read_text("utf-8")), Profile)
