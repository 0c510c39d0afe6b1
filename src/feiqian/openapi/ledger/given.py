"""What partners send to the ledger, and whose book it may be about."""

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

import msgspec
from litestar import Request
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.ids import parse_id
from feiqian.ledger import OWN_BOOK_PREFIX, Poster
from feiqian.members import Caller

GivenPoster: TypeAlias = NamedDependency[SkipValidation[Poster]]
"""``poster``: posts what many callers send at once."""

PartnerRequest: TypeAlias = Request[Any, Any, Any]
Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
"""A point in time with its offset."""
UUID_LENGTH = 36
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class NewLeg(msgspec.Struct, frozen=True):
    """One movement, from one account's debit to another's credit."""

    debit: str
    """``account_…``"""
    credit: str
    """``account_…``, of the same book and currency"""
    amount: int
    """Minor units, above zero."""
    currency: str
    """ISO 4217; must be that of both accounts."""


class NewPosting(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction to be posted under your id: sending it again moves nothing twice."""

    id: str
    """Made by you, a UUIDv7: ``transaction_…`` or the plain UUID."""
    kind: str
    """What happened, in your words, up to 64 characters: order_payment, fee …"""
    action: Literal["post", "hold", "capture", "release"] = "post"
    """post moves the legs now; hold reserves its one leg; capture posts a part of a hold, release lets a part go."""
    legs: tuple[NewLeg, ...] = ()
    """All or none of them. Several currencies may meet in one transaction, each leg within its own."""
    hold: str | None = None
    """Of a capture or release: the id under which the hold was made."""
    amount: int | None = None
    """Of a capture or release, minor units; without it, all that is left."""
    expires_at: Moment | None = None
    """Of a hold: from then on what is left of it is let go."""
    effective_at: Moment | None = None
    """When it happened outside; without it, now."""
    business_date: date | None = None
    """The day it belongs to in the books; without it, the date of effective_at in Shanghai."""
    reference: str = ""
    """What it is about, up to 128 characters; can be searched."""
    memo: str = ""
    """For people, up to 512 characters."""
    reverses: str | None = None
    """The transaction that this one takes back, in whole or in part: each leg mirrors one of its legs."""
    metadata: dict[str, Any] | None = None
    """Your own facts, up to 4,096 bytes of JSON; can be searched."""


class NewBatchPosting(NewPosting, frozen=True, kw_only=True):
    """A transaction of a batch."""

    linked: bool = False
    """Stands or falls together with the next one of the batch."""


class NewBatch(msgspec.Struct, frozen=True):
    """Up to 8,000 transactions, decided in this order."""

    transactions: list[NewBatchPosting]


class ReversedLeg(msgspec.Struct, frozen=True):
    """What to take back of one leg."""

    leg: int
    """Its place in the original, from 0."""
    amount: int
    """Minor units, at most what is left to reverse."""


class NewReversal(msgspec.Struct, frozen=True, kw_only=True):
    """A reversal, whole unless it says what of the original it takes back."""

    id: str
    """Of the reversal, made by you, a UUIDv7."""
    amount: int | None = None
    """A part of an original with one leg, minor units."""
    legs: tuple[ReversedLeg, ...] | None = None
    """Parts of an original with several legs."""
    kind: str = "reversal"
    effective_at: Moment | None = None
    business_date: date | None = None
    reference: str | None = None
    """Without it, that of the original."""
    memo: str = ""
    metadata: dict[str, Any] | None = None


def read_transaction_id(text: str, *, field: str = "id") -> UUID:
    """The id behind ``transaction_…`` or a plain UUID.

    Raises: InvalidRequest.
    """
    try:
        if text.startswith("transaction_"):
            return parse_id("transaction", text)
        if len(text) == UUID_LENGTH:
            return UUID(text)
    except (InvalidRequest, ValueError) as error:
        raise InvalidRequest(field=field, reason=_ID_ADVICE) from error
    raise InvalidRequest(field=field, reason=_ID_ADVICE)


_ID_ADVICE = "must be transaction_ and 26 letters or digits, or a UUID"


def platform_named(caller: Caller) -> str:
    """Who asked, as it is written down beside changes."""
    return f"platform:{caller.platform_name}"


def books_of(caller: Caller) -> str:
    """How the names of a platform's own books begin inside; no other platform's do."""
    # A name with a colon could begin as the books of another platform do: such a platform goes by its id.
    name = str(caller.platform) if ":" in caller.platform_name else caller.platform_name
    return f"{OWN_BOOK_PREFIX}{name}:"


def own_name(caller: Caller, name: str, *, field: str = "book") -> str:
    """A platform's book or group as it is called inside.

    Raises: InvalidRequest.
    """
    if NAME.fullmatch(name) is None:
        raise InvalidRequest(
            field=field,
            reason="must be 1 to 64 small letters, digits, dots, dashes or underscores, the first no sign",
        )
    return books_of(caller) + name


def owns(caller: Caller, book: str) -> bool:
    """Whether a book is one of the caller's own."""
    return book.startswith(books_of(caller))
