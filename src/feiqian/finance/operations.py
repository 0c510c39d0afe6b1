"""Writing the vouchers of business dates."""

from datetime import date, datetime, timedelta
from itertools import groupby

from feiqian.finance import store
from feiqian.finance.model import DayNotOver, DayVouchers
from feiqian.finance.queries import count_vouchers
from feiqian.finance.rules import closing_of_ledger, closing_of_vouchers, draft_vouchers
from feiqian.infra.database import Transaction
from feiqian.kernel.calendar import business_date, days
from feiqian.ledger import code_balances, code_totals, first_business_date

LATER_DAYS_MAX = 7
"""Up to so many days after the newest voucher, the ledger's closing is first taken as its counters less those days'
totals: quicker than summing its whole history, which decides when a posting came between the two reads."""


async def write_day(tx: Transaction, *, now: datetime, day: date) -> DayVouchers:
    """Write the vouchers of a business date that is over, and of every earlier date that has none yet.

    A date whose vouchers equal the ledger is left as it is. Facts that reached the ledger after their date was
    written, on this or any earlier date, get supplementary vouchers (补充凭证), so that vouchers always equal the
    ledger. Of several writers at once, one writes and the others find it done.

    Raises: DayNotOver; LedgerContradictsVouchers when recorded history was changed.
    """
    today = business_date(now)
    if day >= today:
        raise DayNotOver(day=day, from_day=day + timedelta(days=1))
    written_through = await store.lock_progress(tx)
    if written_through is None:
        first = await first_business_date(tx) or day
    else:
        first = min(day, written_through + timedelta(days=1))
    through = max(day, written_through or day)
    for each in days(first, day):
        await _write_date(tx, each, now)
    agrees = await _agrees(tx, through, today)
    if not agrees:
        await _supplement_all(tx, through, now)
        agrees = await _agrees(tx, through, today)
    await store.set_progress(tx, through=through, checked_at=now if agrees else None)
    return DayVouchers(day=day, count=await count_vouchers(tx, day=day), trial_balance_ok=agrees)


async def _write_date(tx: Transaction, day: date, now: datetime) -> None:
    """Voucher what the ledger says of a date and its vouchers do not."""
    facts = await code_totals(tx, day=day)
    if not facts:
        return
    drafts = draft_vouchers(day, facts, *await store.read_written(tx, day))
    month = day.replace(day=1)
    for book, group in groupby(drafts, key=lambda draft: draft.book):
        of_book = list(group)
        first = await store.take_numbers(tx, book=book, month=month, count=len(of_book))
        await store.insert_vouchers(tx, list(enumerate(of_book, first)), month=month, now=now)


async def _agrees(tx: Transaction, through: date, today: date) -> bool:
    """Whether all vouchers together equal the ledger's closing balances of a date."""
    vouchers = closing_of_vouchers(await store.read_sums(tx))
    if (today - through).days <= LATER_DAYS_MAX:
        later = [
            row for day in days(through + timedelta(days=1), today) for row in await code_totals(tx, day=day)
        ]
        if closing_of_ledger(await code_balances(tx), later) == vouchers:
            return True
    return closing_of_ledger(await code_balances(tx, through=through)) == vouchers


async def _supplement_all(tx: Transaction, through: date, now: datetime) -> None:
    """Look at every date for facts that came late."""
    first = await first_business_date(tx)
    if first is not None:
        for day in days(first, through):
            await _write_date(tx, day, now)
