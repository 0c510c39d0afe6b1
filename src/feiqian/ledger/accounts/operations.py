"""Opening, limiting, freezing and closing accounts; each change is written down with who asked and why."""

from datetime import datetime
from uuid import UUID

from msgspec import UNSET, UnsetType

from feiqian.infra.database import Transaction
from feiqian.kernel.errors import NotFound, ReplayAltered
from feiqian.kernel.ids import show_id
from feiqian.kernel.money import check_currency
from feiqian.ledger.accounts import store
from feiqian.ledger.accounts.given import (
    OWN_BOOK_PREFIX,
    OWN_CODE_PREFIX,
    OWNER_LENGTH_MAX,
    REASON_LENGTH_MAX,
    check_book,
    check_overdraft,
    check_text,
)
from feiqian.ledger.accounts.model import ChangeKind
from feiqian.ledger.accounts.refusals import AccountNotEmpty, CodeBookMismatch, OverdraftInUse
from feiqian.ledger.accounts.subjects import opens_with
from feiqian.ledger.model import Account, AccountRef, Frozen
from feiqian.ledger.refusals import AccountClosed
from feiqian.ledger.store import lock_accounts, read_accounts


async def open_account(
    tx: Transaction,
    *,
    now: datetime,
    ref: AccountRef,
    reason: str,
    by: str,
    overdraft: int | UnsetType | None = UNSET,
) -> Account:
    """Open an account of the chart or of a platform's own subjects; asked again, it is the same account.

    ``overdraft``: minor units, None without limit; left out, what its subject says.
    Raises: InvalidRequest, SubjectUnknown, CodeBookMismatch; ReplayAltered when it was opened with another limit;
    AccountClosed, for a closed account is never opened again.
    """
    _check_given(reason, by)
    check_book(ref.book)
    check_text(ref.owner, "owner", OWNER_LENGTH_MAX)
    check_currency(ref.currency)
    if ref.code.startswith(OWN_CODE_PREFIX) != ref.book.startswith(OWN_BOOK_PREFIX):
        raise CodeBookMismatch(subject=str(ref.code), book=ref.book)
    sign, usual = await opens_with(tx, ref.code)
    limit = usual if overdraft is UNSET else check_overdraft(overdraft)
    if await store.insert_account(tx, ref=ref, sign=sign, overdraft=limit, now=now):
        await store.write_change(
            tx,
            account=ref.id,
            what=ChangeKind.OPENED,
            before=None,
            after=limit,
            reason=reason,
            by=by,
            now=now,
        )
        return await _locked(tx, ref.id)
    account = await _locked(tx, ref.id)
    if overdraft is not UNSET and overdraft != await _first_overdraft(tx, account):
        raise ReplayAltered(key=account.ref.name, field="overdraft")
    return account


async def set_overdraft(
    tx: Transaction, *, now: datetime, account: UUID, overdraft: int | None, reason: str, by: str
) -> Account:
    """Say how far below zero an account may go: minor units, None without limit.

    Raises: InvalidRequest, NotFound, AccountClosed; OverdraftInUse when it is beyond that already.
    """
    _check_given(reason, by)
    check_overdraft(overdraft)
    had = await _locked(tx, account)
    if had.overdraft == overdraft:
        return had
    used = had.held - had.balance
    if overdraft is not None and used > overdraft:
        raise OverdraftInUse(account=had.ref.name, used=used, limit=overdraft)
    await store.write_overdraft(tx, account=account, overdraft=overdraft)
    await store.write_change(
        tx,
        account=account,
        what=ChangeKind.OVERDRAFT,
        before=had.overdraft,
        after=overdraft,
        reason=reason,
        by=by,
        now=now,
    )
    return await _locked(tx, account)


async def freeze(
    tx: Transaction, *, now: datetime, account: UUID, frozen: Frozen, reason: str, by: str
) -> Account:
    """Refuse debits, credits or both from now on; Frozen.NO takes it back. Holds can be let go all the time.

    Raises: InvalidRequest, NotFound, AccountClosed.
    """
    _check_given(reason, by)
    had = await _locked(tx, account)
    if had.frozen is frozen:
        return had
    await store.write_frozen(tx, account=account, frozen=frozen)
    await store.write_change(
        tx,
        account=account,
        what=ChangeKind.FROZEN,
        before=had.frozen,
        after=frozen,
        reason=reason,
        by=by,
        now=now,
    )
    return await _locked(tx, account)


async def close_account(tx: Transaction, *, now: datetime, account: UUID, reason: str, by: str) -> Account:
    """Close an empty account for good: it takes nothing more, its history stays.

    Raises: InvalidRequest, NotFound; AccountNotEmpty while it has a balance or open holds.
    """
    _check_given(reason, by)
    had = await _locked(tx, account, closed_too=True)
    if had.closed_at is not None:
        return had
    if had.debits != had.credits or had.held_debits or had.held_credits:
        raise AccountNotEmpty(
            account=had.ref.name, balance=had.balance, held=had.held_debits + had.held_credits
        )
    await store.write_closed(tx, account=account, now=now)
    await store.write_change(
        tx,
        account=account,
        what=ChangeKind.CLOSED,
        before=None,
        after=None,
        reason=reason,
        by=by,
        now=now,
    )
    return await _locked(tx, account, closed_too=True)


def _check_given(reason: str, by: str) -> None:
    check_text(reason, "reason", REASON_LENGTH_MAX)
    check_text(by, "by", OWNER_LENGTH_MAX)


async def _locked(tx: Transaction, id: UUID, *, closed_too: bool = False) -> Account:
    """The account behind its lock.

    Raises: NotFound, AccountClosed.
    """
    await lock_accounts(tx, [id.bytes])
    rows = await read_accounts(tx, [id])
    if not rows:
        raise NotFound(what="account", name=show_id("account", id))
    if rows[0].closed_at is not None and not closed_too:
        raise AccountClosed(account=rows[0].ref.name)
    return rows[0]


async def _first_overdraft(tx: Transaction, account: Account) -> int | None:
    """The limit that it was opened with; one that opened on first use has no line of its own about it."""
    oldest = await store.read_first_limit(tx, account.id)
    if oldest is None:
        return account.overdraft
    return oldest.after if oldest.what is ChangeKind.OPENED else oldest.before
