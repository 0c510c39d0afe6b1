"""Accounts and holds as the ledger's pages show them; amounts in minor units."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from feiqian.console.ledger.naming import AccountName, Naming, name_accounts
from feiqian.infra.database import Transaction
from feiqian.kernel.ids import show_id
from feiqian.ledger import Account, Frozen, Hold, HoldState, Side, accounts_named, transactions


class AccountState(StrEnum):
    """What an account still does."""

    ACTIVE = "active"
    """It takes debits and credits."""
    RECEIVE_ONLY = "receive_only"
    """The side that lowers it is frozen."""
    PAY_ONLY = "pay_only"
    """The side that raises it is frozen."""
    FROZEN = "frozen"
    """Both sides are frozen."""
    CLOSED = "closed"
    """It takes nothing more."""


class AccountRow(AccountName, frozen=True, kw_only=True):
    """An account with what it has."""

    currency: str
    side: Side
    """On which side it grows."""
    subject_number: str | None
    balance: int
    """In its own direction."""
    held: int
    """What open holds may still take out of it."""
    incoming: int
    """What open holds may still bring into it."""
    available: int | None
    """What may be taken out of it; None without limit."""
    overdraft: int | None
    """How far below zero it may go; None without limit."""
    state: AccountState
    entries: int
    booked_at: datetime
    opened_at: datetime
    closed_at: datetime | None


class HoldRow(msgspec.Struct, frozen=True, kw_only=True):
    """A hold with what became of its amount."""

    id: str
    """Of the transaction that opened it."""
    debit: AccountName
    credit: AccountName
    currency: str
    amount: int
    captured: int
    released: int
    left: int
    state: HoldState
    kind: str
    reference: str
    memo: str
    opened_at: datetime
    expires_at: datetime | None
    overdue: bool
    """Its time is over and what is left has not been let go yet."""


def account_state(account: Account) -> AccountState:
    """From its closing, its freeze and the direction in which it grows."""
    if account.closed_at is not None:
        return AccountState.CLOSED
    if account.frozen is Frozen.BOTH:
        return AccountState.FROZEN
    if account.frozen is Frozen.NO:
        return AccountState.ACTIVE
    lowering = Frozen.DEBITS if account.sign < 0 else Frozen.CREDITS
    return AccountState.RECEIVE_ONLY if account.frozen is lowering else AccountState.PAY_ONLY


def account_row(account: Account, naming: Naming) -> AccountRow:
    """An account in a list or at the head of its page."""
    name = naming.name(account)
    return AccountRow(
        **msgspec.structs.asdict(name),
        currency=account.currency,
        side=Side.DEBIT if account.sign > 0 else Side.CREDIT,
        subject_number=naming.subject(account.code).number,
        balance=account.balance,
        held=account.held,
        incoming=account.incoming,
        available=account.available,
        overdraft=account.overdraft,
        state=account_state(account),
        entries=account.sequence,
        booked_at=account.booked_at,
        opened_at=account.opened_at,
        closed_at=account.closed_at,
    )


async def hold_rows(tx: Transaction, holds: Sequence[Hold], *, now: datetime, language: str) -> list[HoldRow]:
    """Holds with their accounts named and what they were opened for, in the order given."""
    named = await accounts_named(
        tx, ids=list({account for hold in holds for account in (hold.debit, hold.credit)})
    )
    naming = await name_accounts(tx, named.values(), language=language)
    opened = {each.id: each for each in await transactions(tx, ids=[hold.id for hold in holds])}
    return [
        HoldRow(
            id=show_id("transaction", hold.id),
            debit=naming.name(named[hold.debit]),
            credit=naming.name(named[hold.credit]),
            currency=named[hold.debit].currency,
            amount=hold.amount,
            captured=hold.captured,
            released=hold.released,
            left=hold.left,
            state=hold.state,
            kind=opened[hold.id].kind,
            reference=opened[hold.id].reference,
            memo=opened[hold.id].memo,
            opened_at=hold.opened_at,
            expires_at=hold.expires_at,
            overdue=hold.state is HoldState.OPEN and hold.expires_at is not None and hold.expires_at <= now,
        )
        for hold in holds
    ]
