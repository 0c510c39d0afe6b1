"""What can be refused without looking at the ledger, and what a replay may not alter. Pure."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from uuid import UUID

import msgspec

from feiqian.kernel.money import MINOR_DIGITS
from feiqian.ledger.model import AccountRef, Action, Leg, NewTransaction, PostedTransaction
from feiqian.ledger.refusals import (
    ActionInvalid,
    AmountInvalid,
    BookMismatch,
    CurrencyMismatch,
    ExistsWithDifferent,
    IdInvalid,
    LedgerRefusal,
    MetadataInvalid,
    NoLegs,
    SameAccount,
    TextInvalid,
    TooManyLegs,
)

COUNTER_MAX = 2**63 - 1
"""Largest amount and largest counter, minor units: what PostgreSQL's bigint holds."""
LEG_COUNT_MAX = 1_000
KIND_LENGTH_MAX = 64
REFERENCE_LENGTH_MAX = 128
MEMO_LENGTH_MAX = 512
METADATA_BYTES_MAX = 4_096
ACCOUNT_NAME_LENGTH_MAX = 128
_ID_VERSIONS = (7, 8)
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""U+0000 as JSON writes it; behind another backslash it is only these six characters."""


def refuse_malformed(transaction: NewTransaction) -> LedgerRefusal | None:
    """The first reason, in the order of ``refusals.PRECEDENCE``, that lies in the request alone."""
    id = transaction.id
    if (id.int >> 76) & 0xF not in _ID_VERSIONS or (id.int >> 62) & 3 != 2:
        return IdInvalid(id=id, version=id.version or "?")
    refusal = _refuse_text(transaction)
    if refusal is not None:
        return refusal
    if transaction.metadata is not None:
        refusal = _refuse_metadata(transaction.metadata)
        if refusal is not None:
            return refusal
    if not transaction.legs and transaction.action in (Action.POST, Action.HOLD):
        return NoLegs()
    if len(transaction.legs) > LEG_COUNT_MAX:
        return TooManyLegs(count=len(transaction.legs), limit=LEG_COUNT_MAX)
    if transaction.action is not Action.POST:
        refusal = _refuse_action(transaction)
        if refusal is not None:
            return refusal
    elif transaction.hold is not None or transaction.amount is not None or transaction.expires_at is not None:
        return ActionInvalid(
            action="post", reason="has legs only; hold, amount and expires_at belong to holds"
        )
    return _refuse_legs(transaction.legs)


def is_account_name(ref: AccountRef) -> bool:
    """Whether an account may be opened under this name: short printable texts, and a currency that is known."""
    return ref.currency in MINOR_DIGITS and all(
        0 < len(text) <= ACCOUNT_NAME_LENGTH_MAX and text.isprintable() for text in (ref.book, ref.owner)
    )


def _refuse_text(transaction: NewTransaction) -> LedgerRefusal | None:
    kind, reference, memo = transaction.kind, transaction.reference, transaction.memo
    if not kind or len(kind) > KIND_LENGTH_MAX or not _is_storable(kind):
        return TextInvalid(field="kind", limit=KIND_LENGTH_MAX)
    if len(reference) > REFERENCE_LENGTH_MAX or not _is_storable(reference):
        return TextInvalid(field="reference", limit=REFERENCE_LENGTH_MAX)
    if len(memo) > MEMO_LENGTH_MAX or not _is_storable(memo):
        return TextInvalid(field="memo", limit=MEMO_LENGTH_MAX)
    return None


def _is_storable(text: str) -> bool:
    """PostgreSQL holds neither U+0000 nor half of a surrogate pair."""
    return "\0" not in text and (text.isascii() or not any("\ud800" <= each <= "\udfff" for each in text))


def _refuse_metadata(metadata: Mapping[str, object]) -> LedgerRefusal | None:
    try:
        encoded = msgspec.json.encode(metadata)
    except (TypeError, ValueError, RecursionError):
        return MetadataInvalid(limit_bytes=METADATA_BYTES_MAX)
    if len(encoded) > METADATA_BYTES_MAX or (b"\\u0000" in encoded and _NUL.search(encoded)):
        return MetadataInvalid(limit_bytes=METADATA_BYTES_MAX)
    return None


def _refuse_action(transaction: NewTransaction) -> LedgerRefusal | None:
    name = transaction.action.name.lower()
    if transaction.reverses is not None:
        return ActionInvalid(action=name, reason="cannot reverse anything")
    if transaction.action is Action.HOLD:
        if len(transaction.legs) != 1:
            return ActionInvalid(action=name, reason="has exactly one leg")
        if transaction.hold is not None or transaction.amount is not None:
            return ActionInvalid(action=name, reason="has its amount in its leg and names no other hold")
        return None
    if transaction.legs or transaction.expires_at is not None:
        return ActionInvalid(action=name, reason="has no legs and no expiry; its hold knows them")
    if transaction.hold is None:
        return ActionInvalid(action=name, reason="must name its hold")
    if transaction.action is Action.EXPIRE and transaction.amount is not None:
        return ActionInvalid(action=name, reason="lets go all that is left and has no amount")
    if transaction.amount is not None and not 0 < transaction.amount <= COUNTER_MAX:
        return AmountInvalid(amount=transaction.amount, limit=COUNTER_MAX)
    return None


def _refuse_legs(legs: Sequence[Leg]) -> LedgerRefusal | None:
    for leg in legs:
        if not 0 < leg.amount <= COUNTER_MAX:
            return AmountInvalid(amount=leg.amount, limit=COUNTER_MAX)
    for leg in legs:
        if leg.debit == leg.credit:
            return SameAccount()
    for leg in legs:
        if leg.debit.currency != leg.credit.currency:
            return CurrencyMismatch(first=leg.debit.currency, second=leg.credit.currency)
    for leg in legs:
        if leg.debit.book != leg.credit.book:
            return BookMismatch(first=leg.debit.book, second=leg.credit.book)
    return None


Content = dict[str, object]
"""What is compared between a request and its replay, by field, as JSON has it; fields that were not asked are absent."""


def asked_content(transaction: NewTransaction) -> Content:
    """The comparable content of a request. Memo, dates and expiry describe the first posting and are not compared."""
    content: Content = {
        "action": int(transaction.action),
        "kind": transaction.kind,
        "reference": transaction.reference,
        "hold": _text(transaction.hold),
        "reverses": _text(transaction.reverses),
        "metadata": _plain(transaction.metadata),
    }
    if transaction.legs:
        content["amount"] = [leg.amount for leg in transaction.legs]
        content["debit_account"] = [str(leg.debit.id) for leg in transaction.legs]
        content["credit_account"] = [str(leg.credit.id) for leg in transaction.legs]
    elif transaction.amount is not None:
        content["amount"] = [transaction.amount]
    return content


def posted_content(posted: PostedTransaction) -> Content:
    """The comparable content of what was recorded."""
    return {
        "action": int(posted.action),
        "kind": posted.kind,
        "reference": posted.reference,
        "hold": _text(posted.hold),
        "reverses": _text(posted.reverses),
        "metadata": posted.metadata,
        "amount": list(posted.amounts),
        "debit_account": [str(account) for account in posted.debits],
        "credit_account": [str(account) for account in posted.credits],
    }


def refuse_altered(id: UUID, asked: Content, had: Content) -> LedgerRefusal | None:
    """None when a replay asks for the same as before; else a refusal that names the first field that differs."""
    for field, value in asked.items():
        if value != had.get(field):
            return ExistsWithDifferent(id=id, field=field)
    return None


def _text(id: UUID | None) -> str | None:
    return None if id is None else str(id)


def _plain(metadata: Mapping[str, object] | None) -> object:
    """As it will be read back."""
    return None if metadata is None else AS_READ_BACK.decode(msgspec.json.encode(metadata))


def _number_read_back(text: str) -> float:
    """jsonb writes 1e23 as a 1 with 23 zeros, which is read back as a whole number."""
    exact = Decimal(text)
    return int(exact) if exact == exact.to_integral_value() else float(text)


AS_READ_BACK = msgspec.json.Decoder(float_hook=_number_read_back)
"""JSON as jsonb gives it back."""
