"""What the ledger knows, as partners and staff are shown it: ids in their outside form, amounts in minor units."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from feiqian.kernel.ids import show_id
from feiqian.ledger.accounts.model import AccountChange, ChangeKind, OwnSubject
from feiqian.ledger.chart import CHART, Side
from feiqian.ledger.model import Account, Action, Frozen, Hold, HoldState, PostedTransaction
from feiqian.ledger.queries import MomentBalance, StatementLine, TrialRow


class ActionName(StrEnum):
    """What a transaction did with its legs."""

    POST = "post"
    """Moved balances."""
    HOLD = "hold"
    """Reserved an amount."""
    CAPTURE = "capture"
    """Posted a hold or a part of it."""
    RELEASE = "release"
    """Let a hold or a part of it go."""
    EXPIRE = "expire"
    """Let what was left of a hold go when its time was over."""


class FrozenName(StrEnum):
    """What an account refuses."""

    NO = "no"
    """Nothing."""
    DEBITS = "debits"
    """Debits."""
    CREDITS = "credits"
    """Credits."""
    BOTH = "both"
    """Debits and credits."""


class EntryView(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a statement; amounts in minor units, positive raises the balance."""

    sequence: int
    booked_at: datetime
    business_date: date
    effective_at: datetime
    kind: str
    action: ActionName
    side: Side
    amount: int
    """0 for holds and what lets them go."""
    balance: int
    """After this entry."""
    held: int
    """Added to what is held; below zero when it is let go."""
    transaction_id: str
    reference: str
    memo: str
    reverses_id: str | None
    hold_id: str | None
    other_account_id: str
    """The account on the other side."""
    other_code: str
    other_owner: str


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """An account; amounts in minor units, balances in its own direction."""

    id: str
    book: str
    code: str
    owner: str
    currency: str
    chinese: str
    """Of its subject."""
    english: str
    side: Side
    """On which it grows."""
    balance: int
    held: int
    """What open holds may still take out of it."""
    incoming: int
    """What open holds may still bring into it."""
    available: int | None
    """What may be taken out of it; null without limit."""
    overdraft: int | None
    """How far below zero it may go; null without limit."""
    debits: int
    credits: int
    entries: int
    frozen: FrozenName
    booked_at: datetime
    """When its newest entry was booked."""
    opened_at: datetime
    closed_at: datetime | None


class ChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was changed about an account."""

    id: str
    changed_at: datetime
    what: ChangeKind
    before: int | str | None
    """A limit in minor units, or what was frozen."""
    after: int | str | None
    reason: str
    changed_by: str


class HoldView(msgspec.Struct, frozen=True, kw_only=True):
    """A reserved amount; minor units."""

    id: str
    """Of the transaction that opened it."""
    debit_account_id: str
    credit_account_id: str
    amount: int
    captured: int
    released: int
    left: int
    state: HoldState
    opened_at: datetime
    expires_at: datetime | None


class LegView(msgspec.Struct, frozen=True, kw_only=True):
    """One movement; minor units."""

    debit_account_id: str
    credit_account_id: str
    amount: int


class TransactionView(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction as it was recorded."""

    id: str
    kind: str
    action: ActionName
    business_date: date
    effective_at: datetime
    booked_at: datetime
    reference: str
    memo: str
    reverses_id: str | None
    hold_id: str | None
    metadata: dict[str, Any] | None
    legs: list[LegView]


class MomentBalanceView(msgspec.Struct, frozen=True, kw_only=True):
    """An account's balance at a moment; minor units, in its own direction."""

    account_id: str
    book: str
    code: str
    owner: str
    currency: str
    balance: int


class TrialRowView(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a trial balance; minor units, each balance in the column of its side."""

    book: str
    code: str
    currency: str
    subject_number: str | None
    """In the accountants' chart; null for a platform's own subjects."""
    chinese: str
    english: str
    accounts: int
    opening_debit: int
    opening_credit: int
    debits: int
    credits: int
    closing_debit: int
    closing_credit: int


def show_entry(line: StatementLine) -> EntryView:
    """A line of a statement with ids in their outside form."""
    return EntryView(
        sequence=line.sequence,
        booked_at=line.booked_at,
        business_date=line.business_date,
        effective_at=line.effective_at,
        kind=line.kind,
        action=_action(line.action),
        side=Side.DEBIT if line.is_debit else Side.CREDIT,
        amount=line.amount,
        balance=line.balance,
        held=line.held,
        transaction_id=show_id("transaction", line.transaction),
        reference=line.reference,
        memo=line.memo,
        reverses_id=_transaction(line.reverses),
        hold_id=_transaction(line.hold),
        other_account_id=show_id("account", line.other),
        other_code=line.other_code,
        other_owner=line.other_owner,
    )


def show_account(account: Account, *, own: Mapping[str, OwnSubject]) -> AccountView:
    """An account with its subject's names; ``own`` are the platforms' own subjects by code."""
    chinese, english, _ = subject_names(account.code, own)
    return AccountView(
        id=show_id("account", account.id),
        book=account.book,
        code=account.code,
        owner=account.owner,
        currency=account.currency,
        chinese=chinese,
        english=english,
        side=Side.DEBIT if account.sign > 0 else Side.CREDIT,
        balance=account.balance,
        held=account.held,
        incoming=account.incoming,
        available=account.available,
        overdraft=account.overdraft,
        debits=account.debits,
        credits=account.credits,
        entries=account.sequence,
        frozen=FrozenName[account.frozen.name],
        booked_at=account.booked_at,
        opened_at=account.opened_at,
        closed_at=account.closed_at,
    )


def show_change(change: AccountChange) -> ChangeView:
    """A change with what was frozen by name."""
    return ChangeView(
        id=show_id("change", change.id),
        changed_at=change.changed_at,
        what=change.what,
        before=_changed(change.what, change.before),
        after=_changed(change.what, change.after),
        reason=change.reason,
        changed_by=change.changed_by,
    )


def show_hold(hold: Hold) -> HoldView:
    """A hold with what is left of it."""
    return HoldView(
        id=show_id("transaction", hold.id),
        debit_account_id=show_id("account", hold.debit),
        credit_account_id=show_id("account", hold.credit),
        amount=hold.amount,
        captured=hold.captured,
        released=hold.released,
        left=hold.left,
        state=hold.state,
        opened_at=hold.opened_at,
        expires_at=hold.expires_at,
    )


def show_posted(posted: PostedTransaction) -> TransactionView:
    """A transaction with its legs one by one."""
    return TransactionView(
        id=show_id("transaction", posted.id),
        kind=posted.kind,
        action=_action(posted.action),
        business_date=posted.business_date,
        effective_at=posted.effective_at,
        booked_at=posted.booked_at,
        reference=posted.reference,
        memo=posted.memo,
        reverses_id=_transaction(posted.reverses),
        hold_id=_transaction(posted.hold),
        metadata=posted.metadata,
        legs=[
            LegView(
                debit_account_id=show_id("account", debit),
                credit_account_id=show_id("account", credit),
                amount=amount,
            )
            for debit, credit, amount in zip(posted.debits, posted.credits, posted.amounts, strict=True)
        ],
    )


def show_moment_balance(row: MomentBalance) -> MomentBalanceView:
    """A balance at a moment with its account's outside id."""
    return MomentBalanceView(
        account_id=show_id("account", row.account),
        book=row.book,
        code=row.code,
        owner=row.owner,
        currency=row.currency,
        balance=row.balance,
    )


def show_trial_row(row: TrialRow, *, own: Mapping[str, OwnSubject]) -> TrialRowView:
    """A line of a trial balance with its subject's names; ``own`` are the platforms' own subjects by code."""
    chinese, english, number = subject_names(row.code, own)
    return TrialRowView(
        book=row.book,
        code=row.code,
        currency=row.currency,
        subject_number=number,
        chinese=chinese,
        english=english,
        accounts=row.accounts,
        opening_debit=row.opening_debit,
        opening_credit=row.opening_credit,
        debits=row.debits,
        credits=row.credits,
        closing_debit=row.closing_debit,
        closing_credit=row.closing_credit,
    )


def subject_names(code: str, own: Mapping[str, OwnSubject]) -> tuple[str, str, str | None]:
    """(Chinese, English, number in the accountants' chart) of a code; the code itself where nobody defined it."""
    if code in CHART:
        return CHART[code].chinese, CHART[code].english, CHART[code].number
    if code in own:
        return own[code].chinese, own[code].english, None
    return code, code, None


def _action(action: Action) -> ActionName:
    return ActionName[action.name]


def _transaction(id: UUID | None) -> str | None:
    return None if id is None else show_id("transaction", id)


def _changed(what: ChangeKind, value: int | None) -> int | str | None:
    if what is ChangeKind.FROZEN and value is not None:
        return FrozenName[Frozen(value).name].value
    return value
