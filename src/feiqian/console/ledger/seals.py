"""How far the history of each book is sealed, and the chain of its blocks."""

from datetime import datetime

import msgspec
from litestar import Controller, get
from litestar.params import FromQuery

from feiqian import ledger
from feiqian.console.given import GivenDatabase
from feiqian.infra.paging import Cursor, Limit, Page, read_cursor, show_cursor
from feiqian.ledger import SealState


class SealStates(msgspec.Struct, frozen=True):
    """Every book."""

    items: list[SealState]


class BlockRow(msgspec.Struct, frozen=True, kw_only=True):
    """A sealed block; roots as hex digits."""

    number: int
    sealed_at: datetime
    first_at: datetime
    """When its oldest entry was booked."""
    last_at: datetime
    legs: int
    previous: str
    """Root of the block before; empty in the first."""
    root: str


class SealController(Controller):
    """The proof that nothing was changed afterwards."""

    path = "/ledger/seals"

    @get()
    async def list_all(self, database: GivenDatabase) -> SealStates:
        """By book."""
        async with database.reading() as tx:
            return SealStates(await ledger.seal_state(tx))

    @get("/blocks")
    async def blocks(
        self, database: GivenDatabase, book: FromQuery[str], cursor: Cursor = None, limit: Limit = 20
    ) -> Page[BlockRow]:
        """Of one book, newest first."""
        async with database.reading() as tx:
            found = await ledger.blocks(tx, book=book, before=read_cursor(cursor, int), limit=limit + 1)
        items = [
            BlockRow(
                number=block.number,
                sealed_at=block.sealed_at,
                first_at=block.first_at,
                last_at=block.last_at,
                legs=block.legs,
                previous=block.previous.hex() if any(block.previous) else "",
                root=block.root.hex(),
            )
            for block in found[:limit]
        ]
        return Page(items=items, next_cursor=show_cursor(items[-1].number) if len(found) > limit else None)
