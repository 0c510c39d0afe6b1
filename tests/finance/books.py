"""The trade from which finance's tests write vouchers: named facts, posted to the ledger."""

from datetime import date, datetime

import msgspec

from feiqian.finance import INVARIANTS, DayVouchers, TrialBalance, VoucherDocument, vouchers, write_day
from feiqian.finance import trial_balance as read_trial_balance
from feiqian.finance import voucher as read_voucher
from feiqian.infra.database import Database
from feiqian.infra.invariants import check
from feiqian.kernel.calendar import local
from feiqian.kernel.ids import derived_id
from feiqian.ledger import PLATFORM_BOOK, AccountCode, AccountRef, Leg, NewTransaction, funder_book, post_all

FUNDER = funder_book("F1")
OWNERS = {
    AccountCode.CHANNEL_RECEIVABLE: "wechatpay",
    AccountCode.REFUND_IN_TRANSIT: "wechatpay",
    AccountCode.CHANNEL_COST: "wechatpay",
    AccountCode.BANK_CUSTODY: "bank",
    AccountCode.PLATFORM_FEE: "platform",
}


class Move(msgspec.Struct, frozen=True):
    """One leg by the names of its accounts."""

    debit: AccountCode
    credit: AccountCode
    amount: int
    book: str = PLATFORM_BOOK
    currency: str = "CNY"


CHANNEL, PENDING, FEE = AccountCode.CHANNEL_RECEIVABLE, AccountCode.MERCHANT_PENDING, AccountCode.PLATFORM_FEE


def sale(net: int, fee: int, currency: str = "CNY") -> tuple[Move, ...]:
    """A payment: the channel owes its amount, the merchant gets the net."""
    return (
        Move(CHANNEL, PENDING, net, currency=currency),
        Move(CHANNEL, FEE, fee, currency=currency),
    )


def settled(amount: int) -> tuple[Move, ...]:
    """Pending money became available."""
    return (Move(PENDING, AccountCode.MERCHANT_AVAILABLE, amount),)


async def fact(
    database: Database, name: str, kind: str, day: date, *moves: Move, booked: datetime | None = None
) -> None:
    """Post one transaction on a business date, booked at noon of it unless it came later."""
    transaction = NewTransaction(
        id=derived_id(name),
        kind=kind,
        legs=tuple(
            Leg(
                AccountRef(move.book, move.debit, OWNERS.get(move.debit, "S10"), move.currency),
                AccountRef(move.book, move.credit, OWNERS.get(move.credit, "S10"), move.currency),
                move.amount,
            )
            for move in moves
        ),
        business_date=day,
        effective_at=local(day, 12),
        reference=name,
    )
    await database.run(lambda tx: post_all(tx, now=booked or local(day, 12), transactions=[transaction]))


async def write(database: Database, day: date, *, at: datetime) -> DayVouchers:
    return await database.run(lambda tx: write_day(tx, now=at, day=day))


async def listed(database: Database, **only: object) -> list[VoucherDocument]:
    """Every voucher with its lines, oldest number first."""
    async with database.transaction() as tx:
        rows = await vouchers(tx, limit=200, **only)  # pyright: ignore[reportArgumentType]
        return [await read_voucher(tx, id=row.id) for row in reversed(rows)]


async def numbers(database: Database, **only: object) -> list[str]:
    return [document.voucher.number for document in await listed(database, **only)]


async def balance(database: Database, day: date, book: str = PLATFORM_BOOK) -> TrialBalance:
    async with database.transaction() as tx:
        return await read_trial_balance(tx, day=day, book=book)


async def broken(database: Database) -> set[str]:
    """Names of the invariants that do not hold."""
    async with database.transaction() as tx:
        return {f.name for f in await check(tx, domain="finance", invariants=INVARIANTS) if f.violations}
