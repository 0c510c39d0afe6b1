"""Which transactions may be posted, decided in order over the locked accounts. Pure."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from feiqian.kernel.money import AMOUNT_MAX
from feiqian.ledger.chart import CHART, Overdraft, Side
from feiqian.ledger.model import (
    AccountRef,
    AmountInvalid,
    BookMismatch,
    CounterOverflow,
    CurrencyMismatch,
    Entry,
    ExistsWithDifferent,
    InsufficientFunds,
    LedgerRefusal,
    NewTransaction,
    NoLegs,
    PostedTransaction,
    SameAccount,
)

COUNTER_MAX = 2**63 - 1


class Position:
    """An account's counters while a batch is decided."""

    __slots__ = ("credits", "debits", "ref", "sequence")

    def __init__(self, ref: AccountRef, debits: int = 0, credits: int = 0, sequence: int = 0) -> None:
        self.ref = ref
        self.debits = debits
        self.credits = credits
        self.sequence = sequence

    @property
    def balance(self) -> int:
        net = self.debits - self.credits
        return net if CHART[self.ref.code].side is Side.DEBIT else -net


def refuse_malformed(transaction: NewTransaction) -> LedgerRefusal | None:
    """What can be refused without looking at a balance, in this order: legs, amount, same account, currency, book."""
    if not transaction.legs:
        return NoLegs()
    for leg in transaction.legs:
        if not 0 < leg.amount <= AMOUNT_MAX:
            return AmountInvalid(amount=leg.amount, limit=AMOUNT_MAX)
        if leg.debit == leg.credit:
            return SameAccount()
        if leg.debit.currency != leg.credit.currency:
            return CurrencyMismatch(first=leg.debit.currency, second=leg.credit.currency)
        if leg.debit.book != leg.credit.book:
            return BookMismatch(first=leg.debit.book, second=leg.credit.book)
    return None


def refuse_altered(transaction: NewTransaction, posted: PostedTransaction) -> LedgerRefusal | None:
    """None when a replay says the same as what was posted; else a refusal that names the first field that differs.

    Memo and dates are descriptions of the first posting and are not compared.
    """
    compared = (
        ("kind", transaction.kind, posted.kind),
        ("reference", transaction.reference, posted.reference),
        ("amount", tuple(leg.amount for leg in transaction.legs), posted.amounts),
        ("debit_account", tuple(leg.debit.id for leg in transaction.legs), posted.debits),
        ("credit_account", tuple(leg.credit.id for leg in transaction.legs), posted.credits),
    )
    for field, asked, had in compared:
        if asked != had:
            return ExistsWithDifferent(id=transaction.id, field=field)
    return None


def decide(
    transactions: Sequence[NewTransaction], positions: Mapping[UUID, Position]
) -> tuple[list[LedgerRefusal | None], list[Entry]]:
    """Accept or refuse each transaction in order; ``positions`` move as they are accepted.

    Returns one refusal or None for each, and the entries of the accepted ones in order.
    """
    refusals: list[LedgerRefusal | None] = []
    entries: list[Entry] = []
    for transaction in transactions:
        debits, credits = _sums(transaction)
        refusal = _refuse(debits, credits, positions)
        refusals.append(refusal)
        if refusal is None:
            entries += _apply(transaction, debits, credits, positions)
    return refusals, entries


def _sums(transaction: NewTransaction) -> tuple[dict[UUID, int], dict[UUID, int]]:
    debits: dict[UUID, int] = {}
    credits: dict[UUID, int] = {}
    for leg in transaction.legs:
        debits[leg.debit.id] = debits.get(leg.debit.id, 0) + leg.amount
        credits[leg.credit.id] = credits.get(leg.credit.id, 0) + leg.amount
    return debits, credits


def _refuse(
    debits: Mapping[UUID, int], credits: Mapping[UUID, int], positions: Mapping[UUID, Position]
) -> LedgerRefusal | None:
    for account in dict.fromkeys((*debits, *credits)):
        position = positions[account]
        subject = CHART[position.ref.code]
        name = f"{position.ref.code.value}/{position.ref.owner}"
        debit, credit = debits.get(account, 0), credits.get(account, 0)
        if position.debits + debit > COUNTER_MAX or position.credits + credit > COUNTER_MAX:
            return CounterOverflow(account=name)
        change = debit - credit if subject.side is Side.DEBIT else credit - debit
        if change < 0 and subject.overdraft is Overdraft.NONE and position.balance + change < 0:
            return InsufficientFunds(account=name, available=position.balance, needed=-change)
    return None


def _apply(
    transaction: NewTransaction,
    debits: Mapping[UUID, int],
    credits: Mapping[UUID, int],
    positions: Mapping[UUID, Position],
) -> list[Entry]:
    entries: list[Entry] = []
    for side, sums in ((Side.DEBIT, debits), (Side.CREDIT, credits)):
        for account, amount in sums.items():
            position = positions[account]
            if side is Side.DEBIT:
                position.debits += amount
            else:
                position.credits += amount
            position.sequence += 1
            grows = CHART[position.ref.code].side is side
            entries.append(
                Entry(
                    account=account,
                    sequence=position.sequence,
                    transaction=transaction.id,
                    amount=amount if grows else -amount,
                    balance=position.balance,
                    business_date=transaction.business_date,
                )
            )
    return entries
