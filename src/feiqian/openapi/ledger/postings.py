"""A partner's request as a transaction of the ledger. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from feiqian.kernel.calendar import business_date
from feiqian.kernel.errors import InvalidRequest
from feiqian.ledger import (
    AccountRef,
    AccountUnknown,
    Action,
    CurrencyMismatch,
    HoldUnknown,
    Leg,
    NewTransaction,
    PostedTransaction,
)
from feiqian.openapi.ledger.given import (
    NewBatchPosting,
    NewLeg,
    NewPosting,
    NewReversal,
    read_transaction_id,
)

ACTIONS = {
    "post": Action.POST,
    "hold": Action.HOLD,
    "capture": Action.CAPTURE,
    "release": Action.RELEASE,
}
SHOWN_LENGTH_MAX = 64
YEAR_MIN, YEAR_MAX = 2, 9998


def as_transaction(
    asked: NewPosting,
    *,
    books: str,
    accounts: Mapping[str, AccountRef],
    holds: Mapping[UUID, AccountRef],
    now: datetime,
) -> NewTransaction:
    """The transaction that a request means, over accounts and holds of the books that begin with ``books``.

    Raises: InvalidRequest, AccountUnknown, CurrencyMismatch, HoldUnknown.
    """
    effective_at, day = _dates(asked, now)
    if asked.expires_at is not None:
        _check_year(asked.expires_at, "expires_at")
    hold = asked.hold if asked.hold is None else read_transaction_id(asked.hold, field="hold")
    if hold is not None:
        debited = holds.get(hold)
        if debited is None or not debited.book.startswith(books):
            raise HoldUnknown(hold=hold)
    reverses = asked.reverses
    return NewTransaction(
        id=read_transaction_id(asked.id),
        kind=asked.kind,
        legs=tuple([_leg(leg, books, accounts) for leg in asked.legs]),
        business_date=day,
        effective_at=effective_at,
        reference=asked.reference,
        memo=asked.memo,
        reverses=None if reverses is None else read_transaction_id(reverses, field="reverses"),
        action=ACTIONS[asked.action],
        hold=hold,
        amount=asked.amount,
        expires_at=asked.expires_at,
        metadata=asked.metadata,
        linked=isinstance(asked, NewBatchPosting) and asked.linked,
    )


def as_reversal(
    asked: NewReversal, *, original: PostedTransaction, accounts: Mapping[UUID, AccountRef], now: datetime
) -> NewTransaction:
    """What takes an original back: each leg with its sides exchanged.

    Raises: InvalidRequest.
    """
    effective_at, day = _dates(asked, now)
    return NewTransaction(
        id=read_transaction_id(asked.id),
        kind=asked.kind,
        legs=tuple(
            Leg(accounts[original.credits[number]], accounts[original.debits[number]], amount)
            for number, amount in _taken_back(asked, original)
        ),
        business_date=day,
        effective_at=effective_at,
        reference=original.reference if asked.reference is None else asked.reference,
        memo=asked.memo,
        reverses=original.id,
        metadata=asked.metadata,
    )


def _taken_back(asked: NewReversal, original: PostedTransaction) -> Sequence[tuple[int, int]]:
    """(place of the leg, amount)."""
    count = len(original.amounts)
    if asked.legs is not None:
        if asked.amount is not None:
            raise InvalidRequest(field="amount", reason="give either amount or legs")
        for leg in asked.legs:
            if not 0 <= leg.leg < count:
                raise InvalidRequest(field="legs", reason=f"leg must be 0 to {count - 1}")
        return [(leg.leg, leg.amount) for leg in asked.legs]
    if asked.amount is None:
        return list(enumerate(original.amounts))
    if count != 1:
        raise InvalidRequest(field="amount", reason=f"the original has {count} legs: give legs instead")
    return [(0, asked.amount)]


def _dates(asked: NewPosting | NewReversal, now: datetime) -> tuple[datetime, date]:
    """(effective_at, business date)."""
    effective_at, day = asked.effective_at or now, asked.business_date
    _check_year(effective_at, "effective_at")
    if day is None:
        return effective_at, business_date(effective_at)
    _check_year(day, "business_date")
    return effective_at, day


def _check_year(moment: date, field: str) -> None:
    # A day to spare on either side, for zones and for the days before and after.
    if not YEAR_MIN <= moment.year <= YEAR_MAX:
        raise InvalidRequest(field=field, reason=f"must be of the years {YEAR_MIN} to {YEAR_MAX}")


def _leg(asked: NewLeg, books: str, accounts: Mapping[str, AccountRef]) -> Leg:
    debit = _account(asked.debit, books, accounts)
    credit = _account(asked.credit, books, accounts)
    for account in (debit, credit):
        if account.currency != asked.currency:
            raise CurrencyMismatch(first=asked.currency[:SHOWN_LENGTH_MAX], second=account.currency)
    return Leg(debit, credit, asked.amount)


def _account(name: str, books: str, accounts: Mapping[str, AccountRef]) -> AccountRef:
    account = accounts.get(name)
    if account is None or not account.book.startswith(books):
        raise AccountUnknown(account=name[:SHOWN_LENGTH_MAX])
    return account
