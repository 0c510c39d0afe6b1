"""Days of trade without fees, so that every number in a table is one that was typed there."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from feiqian.clearing import ClosedDay, MerchantSettled, close_day
from feiqian.infra.database import Database, Transaction
from feiqian.kernel.calendar import business_date, local
from feiqian.kernel.ids import derived_id
from feiqian.ledger import PLATFORM_BOOK, AccountCode, AccountRef, Leg, NewTransaction, post_all
from feiqian.members import require_merchants
from feiqian.payments import Payment
from tests.payments.shop import Shop, open_shop

MONDAY = date(2026, 3, 2)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def day(name: str) -> date:
    """``mon`` is Monday 2 March 2026."""
    return MONDAY + timedelta(days=DAYS.index(name))


def noon(name: str) -> datetime:
    return local(day(name), 12)


def night_after(name: str) -> datetime:
    """Five past midnight, when the day is closed."""
    return local(day(name) + timedelta(days=1), 0, 5)


class Trade:
    """A shop, and the settlements that were announced."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.announced: list[tuple[str, int]] = []
        """(weekday of the trade, amount) of every MerchantSettled whose transaction was committed or not."""
        self._payments: dict[str, Payment] = {}
        shop.database.events.subscribe(MerchantSettled, self._hear)

    async def _hear(self, tx: Transaction, event: MerchantSettled) -> None:
        self.announced.append((DAYS[(event.trade_date - MONDAY).days], event.amount))

    async def sale(self, name: str, when: str, *amounts: int) -> None:
        """An order of A, B and C in turn, paid at noon."""
        self._payments[name] = await self.shop.paid(name, *amounts, now=noon(when))

    def payment(self, name: str) -> Payment:
        """The payment of a sale."""
        return self._payments[name]

    async def refund(self, of: str, when: str, amount: int) -> None:
        """A refund asked for and made at noon."""
        refund = await self.shop.refund(self._payments[of], f"{of}-{when}-{amount}", amount, now=noon(when))
        await self.shop.settle(refund, now=noon(when))

    async def close(self, name: str, at: datetime | None = None) -> ClosedDay:
        """Close a day in the night after it, or when it is told."""
        now = at or night_after(name)
        return await self.shop.database.run(lambda tx: close_day(tx, now=now, day=day(name), currency="CNY"))

    async def pay_out(self, merchant_no: str, amount: int, when: str) -> None:
        """A merchant takes money out."""

        async def operation(tx: Transaction) -> None:
            found = await require_merchants(tx, platform=self.shop.platform, merchant_nos=[merchant_no])
            owner = str(found[merchant_no].id)
            leg = Leg(
                AccountRef(PLATFORM_BOOK, AccountCode.MERCHANT_AVAILABLE, owner, "CNY"),
                AccountRef(PLATFORM_BOOK, AccountCode.BANK_CUSTODY, "bank", "CNY"),
                amount,
            )
            paid_out = NewTransaction(
                id=derived_id("paid out", merchant_no, when),
                kind="payout",
                legs=(leg,),
                business_date=business_date(noon(when)),
                effective_at=noon(when),
            )
            await post_all(tx, now=noon(when), transactions=[paid_out])

        await self.shop.database.run(operation)

    async def money(self, merchant_no: str = "A") -> tuple[int, int]:
        """(pending, available) of a merchant."""
        books = await self.shop.books()
        return books.get(f"{merchant_no} pending", 0), books.get(f"{merchant_no} available", 0)


async def open_trade(database: Database) -> Trade:
    return Trade(await open_shop(database, Decimal(0)))
