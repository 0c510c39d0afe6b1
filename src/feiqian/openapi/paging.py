"""Lists: a page of items and the cursor of the next."""

from typing import Annotated, Generic, TypeVar

import msgspec
from litestar.params import QueryParameter

from feiqian.kernel.errors import InvalidRequest

T = TypeVar("T")

Cursor = Annotated[str | None, QueryParameter(description="next_cursor of the page before", max_length=200)]
Limit = Annotated[int, QueryParameter(description="items in a page", ge=1, le=200)]


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Part of a list; ``next_cursor`` is null on the last page."""

    items: list[T]
    next_cursor: str | None = None


def position_of(cursor: str | None) -> int | None:
    """A cursor that is a number. Raises: InvalidRequest."""
    if cursor is None:
        return None
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18:
        raise InvalidRequest(field="cursor", reason="must be the next_cursor of the page before")
    return int(cursor)
