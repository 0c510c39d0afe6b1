"""A line of an import's file as a transaction of the ledger. Pure."""

import csv
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Any
from uuid import UUID

import msgspec

from feiqian.kernel.calendar import business_date, start_of
from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.ids import derived_id, parse_id
from feiqian.kernel.money import MINOR_DIGITS
from feiqian.ledger.accounts.given import OWN_BOOK_PREFIX, OWN_CODE_PREFIX, OWNER_LENGTH_MAX
from feiqian.ledger.chart import CHART
from feiqian.ledger.imports.model import ImportFormat, RowInvalid
from feiqian.ledger.model import AccountRef, Leg, NewTransaction
from feiqian.ledger.refusals import AccountUnknown, CurrencyMismatch

UUID_LENGTH = 36
AMOUNT_DIGITS_MAX = 19
SHOWN_LENGTH_MAX = 64
YEAR_MIN, YEAR_MAX = 2, 9998

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class RowLeg(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One movement."""

    debit: str
    credit: str
    amount: int
    currency: str


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a row may say; the names of a CSV file's columns, except ``legs``."""

    kind: str
    id: str = ""
    """``transaction_…`` or a UUID; without it, one that is derived from the import's id and the line."""
    debit: str = ""
    """``account_…``, or the account's code and owner: ``own.wallet/alice``."""
    credit: str = ""
    amount: int | None = None
    """Minor units, digits only."""
    currency: str = ""
    """ISO 4217."""
    legs: tuple[RowLeg, ...] = ()
    """In place of debit, credit, amount and currency."""
    effective_at: Moment | None = None
    """When it happened, with its offset."""
    business_date: date | None = None
    """The day in the books. One of the two must be given; each follows from the other."""
    reference: str = ""
    memo: str = ""
    reverses: str = ""
    metadata: dict[str, Any] | None = None


COLUMNS = frozenset(Row.__struct_fields__) - {"legs"}
_from_json = msgspec.json.Decoder(Row)
_metadata = msgspec.json.Decoder(dict[str, Any])

ReadLine = Callable[[str], Row]


def reader_of(format: ImportFormat, header: str) -> ReadLine:
    """How the lines of a file are read; ``header`` is the first line of a CSV file.

    Raises: InvalidRequest when the header names no columns, or others than these.
    """
    if format is ImportFormat.NDJSON:
        return _read_json
    columns = [name.strip() for name in _fields(header)]
    unknown = [name for name in columns if name not in COLUMNS]
    if unknown or len(set(columns)) != len(columns) or "kind" not in columns:
        raise InvalidRequest(
            field="header",
            reason=f"the first line must name columns, each once: kind, and of {', '.join(sorted(COLUMNS))}",
        )
    return lambda line: _read_csv(columns, line)


def _read_json(line: str) -> Row:
    try:
        return _from_json.decode(line)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _invalid(error) from error


def _read_csv(columns: list[str], line: str) -> Row:
    try:
        fields = _fields(line)
    except csv.Error as error:
        raise RowInvalid(field="row", reason=f"is no line of CSV ({error})") from error
    if len(fields) != len(columns):
        raise RowInvalid(field="row", reason=f"has {len(fields)} fields, the header names {len(columns)}")
    given: dict[str, Any] = {name: text for name, text in zip(columns, fields, strict=True) if text}
    try:
        if "amount" in given:
            given["amount"] = _digits(given["amount"])
        if "metadata" in given:
            given["metadata"] = _metadata.decode(given["metadata"])
        return msgspec.convert(given, Row)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _invalid(error) from error


def _fields(line: str) -> list[str]:
    return next(csv.reader((line,), strict=True)) if '"' in line else line.split(",")


def _digits(text: str) -> int:
    # "1.50" may be meant as yuan: nothing but whole minor units is taken.
    if not (text.isascii() and text.isdigit() and len(text) <= AMOUNT_DIGITS_MAX):
        raise RowInvalid(field="amount", reason="must be minor units, digits only")
    return int(text)


def _invalid(error: Exception) -> RowInvalid:
    reason, _, place = str(error).partition(" - at `$")
    return RowInvalid(field=place.strip("`.") or "row", reason=reason)


def account_names(row: Row) -> list[str]:
    """The accounts of a row that are named by their ids."""
    names = [row.debit, row.credit, *(name for leg in row.legs for name in (leg.debit, leg.credit))]
    return [name for name in names if name.startswith("account_")]


def as_transaction(
    row: Row, *, line: int, import_id: UUID, book: str, accounts: Mapping[str, AccountRef]
) -> NewTransaction:
    """The transaction that a row means.

    Raises: RowInvalid, AccountUnknown, CurrencyMismatch.
    """
    effective_at, day = row.effective_at, row.business_date
    for given in (effective_at, day):
        if given is not None and not YEAR_MIN <= given.year <= YEAR_MAX:
            raise RowInvalid(field="row", reason=f"dates must be of the years {YEAR_MIN} to {YEAR_MAX}")
    if effective_at is None:
        if day is None:
            raise RowInvalid(field="effective_at", reason="or business_date must be given")
        effective_at = start_of(day)
    return NewTransaction(
        id=_id(row.id, "id") if row.id else derived_id("import", str(import_id), str(line)),
        kind=row.kind,
        legs=tuple([_leg(leg, book, accounts) for leg in _legs(row)]),
        business_date=business_date(effective_at) if day is None else day,
        effective_at=effective_at,
        reference=row.reference,
        memo=row.memo,
        reverses=_id(row.reverses, "reverses") if row.reverses else None,
        metadata=row.metadata,
    )


def _legs(row: Row) -> tuple[RowLeg, ...]:
    single = (row.debit, row.credit, row.currency)
    if row.legs:
        if any(single) or row.amount is not None:
            raise RowInvalid(field="legs", reason="stand in place of debit, credit, amount and currency")
        return row.legs
    if not all(single) or row.amount is None:
        raise RowInvalid(field="row", reason="must have debit, credit, amount and currency")
    return (RowLeg(row.debit, row.credit, row.amount, row.currency),)


def _leg(leg: RowLeg, book: str, accounts: Mapping[str, AccountRef]) -> Leg:
    if leg.currency not in MINOR_DIGITS:
        raise RowInvalid(field="currency", reason=f"must be one of {', '.join(sorted(MINOR_DIGITS))}")
    debit = _account(leg.debit, book, leg.currency, accounts)
    credit = _account(leg.credit, book, leg.currency, accounts)
    return Leg(debit, credit, leg.amount)


def _account(name: str, book: str, currency: str, accounts: Mapping[str, AccountRef]) -> AccountRef:
    if name.startswith("account_"):
        account = accounts.get(name)
        if account is None or account.book != book:
            raise AccountUnknown(account=name[:SHOWN_LENGTH_MAX])
        if account.currency != currency:
            raise CurrencyMismatch(first=currency, second=account.currency)
        return account
    return _named_account(name, book, currency)


@lru_cache(maxsize=100_000)
def _named_account(name: str, book: str, currency: str) -> AccountRef:
    """The same account is often named: one value for it, so that its id is derived once."""
    code, slash, owner = name.partition("/")
    # The house's own books hold accounts of the chart only, a platform's those of its own subjects only.
    fits = code.startswith(OWN_CODE_PREFIX) if book.startswith(OWN_BOOK_PREFIX) else code in CHART
    if not (slash and fits and 0 < len(owner) <= OWNER_LENGTH_MAX and "\0" not in name):
        raise AccountUnknown(account=name[:SHOWN_LENGTH_MAX])
    return AccountRef(book, code, owner, currency)


def _id(text: str, field: str) -> UUID:
    try:
        return UUID(text) if len(text) == UUID_LENGTH else parse_id("transaction", text)
    except (ValueError, InvalidRequest) as error:
        raise RowInvalid(
            field=field, reason="must be transaction_ and 26 letters or digits, or a UUID"
        ) from error
