"""What bills confirm, as ledger legs: the channel pays over what it collected, less its fee."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from uuid import UUID

from feiqian.channels import BillKind
from feiqian.kernel.calendar import business_date
from feiqian.kernel.ids import derived_id
from feiqian.kernel.money import AMOUNT_MAX
from feiqian.ledger import PLATFORM_BOOK, AccountCode, AccountRef, Leg, NewTransaction
from feiqian.reconciliation.model import Confirmation


def channel_settlement(
    channel: str, day: date, run: int, confirmations: Sequence[Confirmation], *, now: datetime
) -> NewTransaction | None:
    """One transaction for what a run newly confirmed; None when nothing is left of it after netting.

    Net is payments less refunds less fees: it comes to the bank, or from it when negative. The fee is the channel's
    cost, negative where it is given back. Both lower what the channel owes.
    """
    legs: list[Leg] = []
    for currency in sorted({each.currency for each in confirmations}):
        of_currency = [each for each in confirmations if each.currency == currency]
        fee = sum(each.fee for each in of_currency)
        receivable = AccountRef(PLATFORM_BOOK, AccountCode.CHANNEL_RECEIVABLE, channel, currency)
        bank = AccountRef(PLATFORM_BOOK, AccountCode.BANK_CUSTODY, "bank", currency)
        cost = AccountRef(PLATFORM_BOOK, AccountCode.CHANNEL_COST, channel, currency)
        legs += _paid_over(receivable, bank, _net(of_currency) - fee)
        legs += _paid_over(receivable, cost, fee)
    if not legs:
        return None
    return NewTransaction(
        id=settlement_id(channel, day, run),
        kind="channel_settlement",
        legs=tuple(legs),
        business_date=business_date(now),
        effective_at=now,
        reference=f"{channel} {day.isoformat()}",
        memo=f"run {run}, {len(confirmations)} lines",
    )


def settlement_id(channel: str, day: date, run: int) -> UUID:
    """The ledger transaction of what one run confirmed."""
    return derived_id("channel_settlement", channel, day.isoformat(), str(run))


def _net(confirmations: Iterable[Confirmation]) -> int:
    return sum(each.amount if each.kind is BillKind.PAYMENT else -each.amount for each in confirmations)


def _paid_over(receivable: AccountRef, to: AccountRef, amount: int) -> Iterator[Leg]:
    """What the channel owes turns into ``to``, the other way round below zero; split where a leg cannot hold it."""
    debit, credit = (to, receivable) if amount > 0 else (receivable, to)
    left = abs(amount)
    while left:
        part = min(left, AMOUNT_MAX)
        yield Leg(debit, credit, part)
        left -= part
