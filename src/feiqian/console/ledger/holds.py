"""Holds: what is reserved, and what became of each."""

from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, get
from litestar.params import FromPath, QueryParameter

from feiqian import ledger
from feiqian.console.given import GivenClock, GivenDatabase
from feiqian.console.ledger.given import Text
from feiqian.console.ledger.rows import HoldRow, hold_rows
from feiqian.infra.paging import Cursor, Limit, Page
from feiqian.infra.web import language_of
from feiqian.kernel.ids import parse_id, show_id
from feiqian.ledger import Action, HoldFilter, HoldState, PostedTransaction


class HoldEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The hold itself, or an act on it; amounts in minor units."""

    transaction_id: str
    action: str
    kind: str
    at: datetime
    amount: int
    left: int
    """What was left of the hold after it."""
    memo: str
    reference: str


class HoldPage(msgspec.Struct, frozen=True, kw_only=True):
    """A hold and everything that happened to it, oldest first."""

    hold: HoldRow
    business_date: date
    events: list[HoldEvent]
    metadata: dict[str, Any] | None


class HoldController(Controller):
    """Money that is reserved for something not yet certain."""

    path = "/ledger/holds"

    @get()
    async def list_all(
        self,
        request: Request[Any, Any, Any],
        database: GivenDatabase,
        clock: GivenClock,
        in_state: Annotated[HoldState | None, QueryParameter(name="state")] = None,
        account: Text = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[HoldRow]:
        """Newest first; ``account`` is the outside id of one of its two accounts."""
        only = HoldFilter(account=parse_id("account", account) if account else None, state=in_state)
        before = None if cursor is None else parse_id("transaction", cursor)
        async with database.reading() as tx:
            found = await ledger.find_holds(tx, only=only, before=before, limit=limit + 1)
            items = await hold_rows(tx, found[:limit], now=clock.now(), language=language_of(request))
        return Page(items=items, next_cursor=items[-1].id if len(found) > limit else None)

    @get("/{hold_id:str}")
    async def read(
        self,
        hold_id: FromPath[str],
        request: Request[Any, Any, Any],
        database: GivenDatabase,
        clock: GivenClock,
    ) -> HoldPage:
        async with database.reading() as tx:
            found = await ledger.hold_history(tx, id=parse_id("transaction", hold_id))
            (row,) = await hold_rows(tx, [found.hold], now=clock.now(), language=language_of(request))
        opened = found.transactions[0]
        return HoldPage(
            hold=row,
            business_date=opened.business_date,
            events=_events(found.transactions),
            metadata=opened.metadata,
        )


def _events(happened: list[PostedTransaction]) -> list[HoldEvent]:
    left = 0
    events: list[HoldEvent] = []
    for each in happened:
        amount = sum(each.amounts)
        left += amount if each.action is Action.HOLD else -amount
        events.append(
            HoldEvent(
                transaction_id=show_id("transaction", each.id),
                action=each.action.name.lower(),
                kind=each.kind,
                at=each.booked_at,
                amount=amount,
                left=left,
                memo=each.memo,
                reference=each.reference,
            )
        )
    return events
