"""A small ledger that the tests of reads and accounts tell their stories with."""

from datetime import date, datetime, timedelta
from typing import Any, TypedDict
from uuid import UUID

from feiqian.infra.database import Database
from feiqian.kernel.calendar import business_date
from feiqian.kernel.ids import derived_id
from feiqian.ledger import (
    PLATFORM_BOOK,
    AccountCode,
    AccountRef,
    Action,
    Leg,
    NewTransaction,
    post_all,
)
from tests.conftest import NOW

CHANNEL = AccountRef(PLATFORM_BOOK, AccountCode.CHANNEL_RECEIVABLE, "wechatpay", "CNY")
PENDING = AccountRef(PLATFORM_BOOK, AccountCode.MERCHANT_PENDING, "S10", "CNY")
AVAILABLE = AccountRef(PLATFORM_BOOK, AccountCode.MERCHANT_AVAILABLE, "S10", "CNY")
FEE = AccountRef(PLATFORM_BOOK, AccountCode.PLATFORM_FEE, "platform", "CNY")
BANK = AccountRef(PLATFORM_BOOK, AccountCode.BANK_CUSTODY, "icbc", "CNY")
EVERY = (CHANNEL, PENDING, AVAILABLE, FEE, BANK)
TODAY = business_date(NOW)


class Said(TypedDict):
    """What every change of an account must say."""

    reason: str
    by: str


BY: Said = {"reason": "as told", "by": "staff:finance@example.com"}


def at(hours: float) -> datetime:
    """A moment that many hours after the story's beginning."""
    return NOW + timedelta(hours=hours)


def day(number: int) -> date:
    """A business date that many days after the story's first."""
    return TODAY + timedelta(days=number)


async def booked(
    database: Database,
    name: str,
    *legs: tuple[AccountRef, AccountRef, int],
    now: datetime = NOW,
    **more: Any,
) -> UUID:
    """Post one transaction at ``now``; its id is derived from its name, which is its reference too."""
    fields: dict[str, Any] = {
        "id": derived_id(name),
        "kind": "payment",
        "legs": tuple(Leg(*leg) for leg in legs),
        "business_date": business_date(now),
        "effective_at": now,
        "reference": name,
    }
    asked = NewTransaction(**{**fields, **more})
    await database.run(lambda tx: post_all(tx, now=now, transactions=[asked]))
    return asked.id


async def resolved(
    database: Database, name: str, *, hold: UUID, action: Action, amount: int | None, now: datetime = NOW
) -> UUID:
    """Capture or release a part of a hold."""
    return await booked(database, name, now=now, hold=hold, action=action, amount=amount)
