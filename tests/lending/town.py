"""A town for tests: a platform, its merchants with trade in the ledger, a funder, and the house that lends."""

from datetime import date, datetime, timedelta
from uuid import UUID

from feiqian import clearing, credit, ledger, lending
from feiqian.clearing import MerchantSettled
from feiqian.infra.database import Database
from feiqian.infra.invariants import check
from feiqian.kernel.calendar import business_date, local
from feiqian.kernel.ids import derived_id
from feiqian.ledger import PLATFORM_BOOK, AccountCode, AccountRef, Leg, NewTransaction
from feiqian.lending import Debt, Loan, LoanPosition, Repayment
from feiqian.members import register_merchant, register_platform

MONDAY = date(2026, 3, 2)
CHANNEL = AccountRef(PLATFORM_BOOK, AccountCode.CHANNEL_RECEIVABLE, "wechatpay", "CNY")
CUSTODY = AccountRef(PLATFORM_BOOK, AccountCode.BANK_CUSTODY, "bank", "CNY")


def day(number: int) -> date:
    """Day 0 is Monday 2 March 2026."""
    return MONDAY + timedelta(days=number)


def noon(number: int) -> datetime:
    return local(day(number), 12)


class Town:
    """Every call is one transaction at the moment given; amounts in fen."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.platform = UUID(int=0)
        self.merchants: dict[str, UUID] = {}

    async def found(self, *, merchants: tuple[str, ...] = ("S10",), deposit: int = 100_000_000) -> "Town":
        """Register everybody, give the funder its money, and subscribe lending to settlements."""
        self.database.events.subscribe(MerchantSettled, lending.repay_from_settlement)
        now = local(MONDAY, 0)
        run = self.database.run
        self.platform = await run(lambda tx: register_platform(tx, now=now, name="market"))
        for number in merchants:
            await self.register(number)
        await run(lambda tx: lending.register_funder(tx, now=now, funder_no="F1", name="First Funder"))
        if deposit:
            await self.deposit("D1", deposit, now=now)
        return self

    async def register(self, merchant_no: str) -> UUID:
        now = local(MONDAY, 0)
        merchant = await self.database.run(
            lambda tx: register_merchant(
                tx, now=now, platform=self.platform, merchant_no=merchant_no, name=f"Shop {merchant_no}"
            )
        )
        self.merchants[merchant_no] = merchant.id
        return merchant.id

    async def deposit(
        self, number: str, amount: int, *, now: datetime, funder_no: str = "F1"
    ) -> lending.Deposit:
        return await self.database.run(
            lambda tx: lending.deposit(
                tx, now=now, funder_no=funder_no, deposit_no=number, amount=amount, currency="CNY"
            )
        )

    async def sell(self, number: int, amount: int, merchant_no: str = "S10") -> None:
        """A sale at noon, into the merchant's pending money."""
        merchant = self.merchants[merchant_no]
        sale = NewTransaction(
            id=derived_id("sale", merchant_no, str(number), str(amount)),
            kind="payment",
            legs=(Leg(CHANNEL, account(merchant, AccountCode.MERCHANT_PENDING), amount),),
            business_date=day(number),
            effective_at=noon(number),
        )
        await self.database.run(lambda tx: ledger.post_all(tx, now=noon(number), transactions=[sale]))

    async def close(self, number: int, *, hour: int = 2) -> lending.AccrualResult:
        """The close of a day in the night after it: interest first, then settlements, which repay."""
        now = local(day(number + 1), hour)
        accrued = await self.accrue(number, now=now)
        await self.settle(number, now=now)
        return accrued

    async def accrue(self, number: int, *, now: datetime | None = None) -> lending.AccrualResult:
        moment = now or local(day(number + 1), 2)
        return await self.database.run(lambda tx: lending.accrue_day(tx, now=moment, day=day(number)))

    async def settle(self, number: int, *, now: datetime | None = None) -> clearing.ClosedDay:
        moment = now or local(day(number + 1), 2)
        return await self.database.run(
            lambda tx: clearing.close_day(tx, now=moment, day=day(number), currency="CNY")
        )

    async def open_line(self, volume: int = 100_000_000, merchant_no: str = "S10") -> credit.Decision:
        """Three days of trade, days 0 to 2, and a line at eight on day 3."""
        for number in range(3):
            await self.sell(number, volume // 3 + (volume % 3 if number == 2 else 0), merchant_no)
            await self.close(number)
        return await self.apply(3, merchant_no=merchant_no)

    async def apply(self, number: int, *, hour: int = 8, merchant_no: str = "S10") -> credit.Decision:
        now = local(day(number), hour)
        merchant = self.merchants[merchant_no]
        return await self.database.run(
            lambda tx: credit.apply(tx, now=now, merchant_id=merchant, currency="CNY")
        )

    async def draw(
        self,
        loan_no: str,
        amount: int,
        *,
        now: datetime,
        merchant_no: str = "S10",
        funder_no: str | None = None,
    ) -> Loan:
        return await self.database.run(
            lambda tx: lending.draw(
                tx,
                now=now,
                platform=self.platform,
                loan_no=loan_no,
                merchant_id=self.merchants[merchant_no],
                amount=amount,
                funder_no=funder_no,
            )
        )

    async def repay(self, loan: Loan, number: str, amount: int, *, now: datetime) -> Repayment:
        return await self.database.run(
            lambda tx: lending.repay(tx, now=now, loan_id=loan.id, amount=amount, repayment_no=number)
        )

    async def spend(self, merchant: UUID, amount: int, *, now: datetime) -> None:
        """Money leaves the merchant's balance for its bank."""
        spent = NewTransaction(
            id=derived_id("spent", str(merchant), now.isoformat()),
            kind="payout",
            legs=(Leg(account(merchant, AccountCode.MERCHANT_AVAILABLE), CUSTODY, amount),),
            business_date=business_date(now),
            effective_at=now,
        )
        await self.database.run(lambda tx: ledger.post_all(tx, now=now, transactions=[spent]))

    async def show(self, loan: Loan) -> LoanPosition:
        async with self.database.transaction() as tx:
            return await lending.loan_of_id(tx, id=loan.id)

    async def owed(self, loan: Loan) -> tuple[int, int, int]:
        """(penalty, interest, principal)"""
        shown = await self.show(loan)
        return shown.penalty_outstanding, shown.interest_outstanding, shown.principal_outstanding

    async def debt(self, merchant_no: str = "S10") -> Debt:
        merchant = self.merchants[merchant_no]
        async with self.database.transaction() as tx:
            return (await lending.debts(tx, merchants=[merchant]))[merchant]

    async def available(self, merchant_no: str = "S10") -> int:
        return await self.balance(account(self.merchants[merchant_no], AccountCode.MERCHANT_AVAILABLE))

    async def funder_available(self, funder_no: str = "F1") -> int:
        return await self.balance(AccountRef(PLATFORM_BOOK, AccountCode.FUNDER_AVAILABLE, funder_no, "CNY"))

    async def balance(self, ref: AccountRef) -> int:
        async with self.database.transaction() as tx:
            return (await ledger.balances(tx, refs=[ref]))[ref]

    async def transactions(self) -> int:
        async with self.database.transaction() as tx:
            return await ledger.count_transactions(tx)

    async def assert_sound(self) -> None:
        """Every invariant of the ledger, of credit and of lending holds."""
        async with self.database.transaction() as tx:
            findings = [
                *await ledger.verify(tx),
                *await check(tx, domain="credit", invariants=credit.INVARIANTS),
                *await check(tx, domain="lending", invariants=lending.INVARIANTS),
            ]
        assert [(finding.name, finding.sample) for finding in findings if finding.violations] == []


def account(merchant: UUID, code: AccountCode) -> AccountRef:
    return AccountRef(PLATFORM_BOOK, code, str(merchant), "CNY")
