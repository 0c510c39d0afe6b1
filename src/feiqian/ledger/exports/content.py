"""What a statement says, whatever file it becomes: its heading, its entries with a running balance, its totals."""

from collections.abc import AsyncIterator, Mapping
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from feiqian.infra.database import Transaction
from feiqian.kernel.calendar import ZONE
from feiqian.kernel.ids import show_id
from feiqian.ledger.accounts.model import OwnSubject
from feiqian.ledger.accounts.store import read_subjects
from feiqian.ledger.exports.words import Words, words_of
from feiqian.ledger.model import Account
from feiqian.ledger.queries import (
    Booked,
    Days,
    EntryFilter,
    Period,
    StatementLine,
    account_by_id,
    balances_at,
    statement_lines,
)
from feiqian.ledger.queries.trial import refuse_archived_period
from feiqian.ledger.views import subject_names


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as it is exported; amounts in minor units."""

    number: int
    """In the account's sequence; holds take numbers too and are left out here."""
    booked_at: datetime
    """In the house's zone, without saying so: spreadsheets know no zones."""
    business_date: date
    kind: str
    other: str
    reference: str
    memo: str
    debit: int | None
    credit: int | None
    balance: int
    """The opening balance and everything up to this line."""
    transaction_id: str


class Content:
    """One account's statement of a period. Iterate ``lines`` once; the totals are whole when they end."""

    def __init__(
        self,
        tx: Transaction,
        *,
        account: Account,
        period: Period,
        opening: int,
        own: Mapping[str, OwnSubject],
        words: Words,
        kinds: Mapping[str, str],
    ) -> None:
        self._tx = tx
        self._own = own
        self._kinds = kinds
        self.account = account
        self.period = period
        self.words = words
        self.opening = opening
        self.closing = opening
        self.debits = 0
        self.credits = 0
        self.entries = 0

    @property
    def account_name(self) -> str:
        return (
            f"{self.account.owner}（{self.account.code}）"
            if self._chinese
            else f"{self.account.owner} ({self.account.code})"
        )

    @property
    def subject(self) -> str:
        return self._subject(self.account.code)

    @property
    def period_text(self) -> str:
        """From … to, and by which of the two times."""
        if isinstance(self.period, Days):
            first = self.words.beginning if self.period.first is None else f"{self.period.first}"
            return f"{first} – {self.period.last} ({self.words.by_business_date})"
        since = self.words.beginning if self.period.since is None else show_moment(self.period.since)
        return f"{since} – {show_moment(self.period.until)} ({self.words.by_booking_time})"

    @property
    def _chinese(self) -> bool:
        return self.words is words_of("zh")

    def _subject(self, code: str) -> str:
        chinese, english, _ = subject_names(code, self._own)
        return chinese if self._chinese else english

    async def lines(self) -> AsyncIterator[list[Line]]:
        """The entries that moved the balance, oldest first, some at a time."""
        async for chunk in statement_lines(self._tx, account=self.account.id, only=_only(self.period)):
            yield [self._take(line) for line in chunk]

    def _take(self, line: StatementLine) -> Line:
        size = abs(line.amount)
        self.closing += line.amount
        self.entries += 1
        if line.is_debit:
            self.debits += size
        else:
            self.credits += size
        return Line(
            number=line.sequence,
            booked_at=to_local(line.booked_at),
            business_date=line.business_date,
            kind=self._kinds.get(line.kind, line.kind),
            other=f"{self._subject(line.other_code)} {line.other_owner}",
            reference=line.reference,
            memo=line.memo,
            debit=size if line.is_debit else None,
            credit=None if line.is_debit else size,
            balance=self.closing,
            transaction_id=show_id("transaction", line.transaction),
        )


async def open_content(
    tx: Transaction,
    *,
    account: UUID,
    period: Period,
    language: str,
    kinds: Mapping[str, str] | None,
) -> Content:
    """Read the heading of a statement.

    ``kinds``: what the reader calls each kind of transaction; one that is missing is shown as it is.
    By business date, entries stand in the order of their booking and the balance runs over those of the period.
    Raises: NotFound, InvalidRequest, MomentArchived.
    """
    row = await account_by_id(tx, id=account)
    await refuse_archived_period(tx, account=account, period=period)
    before = period.first - timedelta(days=1) if isinstance(period, Days) and period.first else None
    before = period.since if isinstance(period, Booked) else before
    opening = 0
    if before is not None:
        (had,) = await balances_at(tx, accounts=[account], moment=before)
        opening = had.balance
    own = {subject.code: subject for subject in await read_subjects(tx)}
    return Content(
        tx,
        account=row,
        period=period,
        opening=opening,
        own=own,
        words=words_of(language),
        kinds=kinds or {},
    )


def statement_file_name(account: Account, *, period: Period, language: str, suffix: str) -> str:
    """``对账单_S10_merchant.pending_CNY_2026-03-31.csv``, without what file systems refuse."""
    # A period of booking ends before its end: at midnight its last day is the day before.
    last = (
        period.last if isinstance(period, Days) else to_local(period.until - timedelta(microseconds=1)).date()
    )
    parts = [words_of(language).file, account.owner, account.code, account.currency, str(last)]
    name = "_".join("".join(c if c.isalnum() or c in "-." else "-" for c in part) for part in parts)
    return f"{name}.{suffix}"


def to_local(moment: datetime) -> datetime:
    """A moment on the house's clock, without its zone."""
    return moment.astimezone(ZONE).replace(tzinfo=None)


def show_moment(moment: datetime) -> str:
    """A moment on the house's clock, to the second."""
    return f"{to_local(moment):%Y-%m-%d %H:%M:%S}"


def _only(period: Period) -> EntryFilter:
    if isinstance(period, Days):
        return EntryFilter(first=period.first, last=period.last, moved=True)
    return EntryFilter(since=period.since, until=period.until, moved=True)
