"""Lists: a page of items and the cursor of the next."""

import base64
import binascii
from typing import Annotated, Generic, TypeVar

import msgspec
from litestar.params import QueryParameter

from feiqian.kernel.errors import InvalidRequest

Item = TypeVar("Item")
Totals = TypeVar("Totals")
Key = TypeVar("Key")

Cursor = Annotated[str | None, QueryParameter(description="next_cursor of the page before", max_length=400)]
Limit = Annotated[int, QueryParameter(description="items in a page", ge=1, le=200)]


class Page(msgspec.Struct, Generic[Item], frozen=True, kw_only=True):
    """Part of a list; ``next_cursor`` is null on the last page."""

    items: list[Item]
    next_cursor: str | None = None


class SummedPage(msgspec.Struct, Generic[Item, Totals], frozen=True, kw_only=True):
    """Part of a list with the sums of all its pages."""

    items: list[Item]
    next_cursor: str | None = None
    totals: Totals


def show_cursor(key: object) -> str:
    """The key of a page's last row, opaque to whoever sends it back."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def read_cursor(cursor: str | None, kind: type[Key]) -> Key | None:
    """The key behind a cursor; None on the first page.

    Raises: InvalidRequest.
    """
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.json.decode(text, type=kind)
    except (ValueError, binascii.Error, msgspec.MsgspecError) as error:
        raise InvalidRequest(field="cursor", reason="must be the next_cursor of the page before") from error
