"""Transactions in a partner's own books: post one or many, reverse, find again."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.connection import ASGIConnection
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from feiqian.infra.database import Transaction
from feiqian.infra.paging import Cursor, Limit, Page, read_cursor, show_cursor
from feiqian.infra.web import language_of
from feiqian.kernel.errors import InvalidRequest, NotFound, Refusal
from feiqian.kernel.ids import show_id
from feiqian.ledger import (
    Outcome,
    PostedTransaction,
    Result,
    TransactionFilter,
    TransactionView,
    accounts_named,
    find_transactions,
    show_posted,
    transactions,
)
from feiqian.members import Caller, Scope
from feiqian.openapi.access import needs
from feiqian.openapi.given import GivenCaller, GivenClock, GivenDatabase
from feiqian.openapi.ledger.batches import OutcomeView, post_read, read_postings, show_outcome
from feiqian.openapi.ledger.given import (
    GivenPoster,
    NewBatch,
    NewPosting,
    NewReversal,
    PartnerRequest,
    books_of,
    owns,
    read_transaction_id,
)
from feiqian.openapi.ledger.postings import as_reversal

BATCH_COUNT_MAX = 8_000
BATCH_BYTES_MAX = 48_000_000
METADATA_PREFIX = "metadata."


class PostedView(msgspec.Struct, frozen=True):
    """A transaction that stands in the books."""

    id: str
    """As you sent it."""
    outcome: str
    """posted: it moved now (201); exists: it was posted before, nothing moved now (200)."""


class OutcomesView(msgspec.Struct, frozen=True):
    """What became of a batch, in the order sent."""

    items: list[OutcomeView]


class HotHandler(HTTPRouteHandler):
    """A handler that is asked thousands of times a second: its guards are given the handler itself, not a copy of it made
    for each request, which costs a sixth of the answer. They only read it."""

    async def authorize_connection(self, connection: ASGIConnection[Any, Any, Any, Any]) -> None:
        for guard in self.resolve_guards():
            answer = guard(connection, self)
            if answer is not None:
                await answer


class TransactionController(Controller):
    """Transactions in your own books. Accounts are named by their ids; amounts are minor units."""

    path = "/v1/ledger/transactions"
    tags = ("ledger",)
    opt = needs(Scope.LEDGER)

    @HotHandler(http_method="POST", summary="Post a transaction")
    async def create(
        self, request: PartnerRequest, data: JSONBody[NewPosting], poster: GivenPoster
    ) -> Response[PostedView]:
        """All of its legs or none. The same id with the same content again answers 200 and moves nothing; with other
        content it is refused. A refusal that depended on balances or states is remembered: that id stays refused.
        After 503 send the same request again."""
        # Nothing more is asked of the framework here: each further dependency costs a task.
        (read,) = await read_postings((data,), caller=request.state.caller, poster=poster)
        if isinstance(read, Refusal):
            raise read
        return _answer(data.id, await poster.post_one(read))

    @post(
        "/batch",
        summary="Post up to 8,000 transactions",
        status_code=200,
        request_max_body_size=BATCH_BYTES_MAX,
    )
    async def create_many(
        self,
        request: PartnerRequest,
        data: JSONBody[NewBatch],
        caller: GivenCaller,
        poster: GivenPoster,
    ) -> OutcomesView:
        """Each is posted or refused by itself, in order; those that are linked stand or fall together. What is no
        JSON of this shape is refused as a whole, with the place that is wrong. Sending a batch again is safe."""
        asked = data.transactions
        if len(asked) > BATCH_COUNT_MAX:
            raise InvalidRequest(
                field="transactions",
                reason=f"has {len(asked)} transactions, at most {BATCH_COUNT_MAX} are taken",
            )
        read = await read_postings(asked, caller=caller, poster=poster)
        language = language_of(request)
        answers = await post_read(asked, read, poster)
        return OutcomesView([show_outcome(*each, language) for each in zip(asked, answers, strict=True)])

    @get(summary="Find transactions of your books, newest business date first")
    async def list(
        self,
        request: PartnerRequest,
        caller: GivenCaller,
        database: GivenDatabase,
        reference: FromQuery[str | None] = None,
        kind: FromQuery[str | None] = None,
        first: Annotated[date | None, QueryParameter(name="from", description="business date")] = None,
        last: Annotated[date | None, QueryParameter(name="to", description="business date")] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[TransactionView]:
        """By reference, by kind, by dates, and by text in their metadata: ``metadata.<key>=<value>``, for as many keys as
        you like."""
        only = TransactionFilter(
            reference=reference,
            kind=kind,
            metadata=_metadata_asked(request),
            first=first,
            last=last,
            book_prefix=books_of(caller),
        )
        before = read_cursor(cursor, tuple[date, UUID])
        async with database.reading() as tx:
            rows = await find_transactions(tx, only=only, before=before, limit=limit + 1)
        items = [show_posted(row) for row in rows[:limit]]
        following = (rows[limit - 1].business_date, rows[limit - 1].id) if len(rows) > limit else None
        return Page(items=items, next_cursor=None if following is None else show_cursor(following))

    @get("/{transaction_id:str}", summary="Get a transaction")
    async def read(
        self, transaction_id: FromPath[str], caller: GivenCaller, database: GivenDatabase
    ) -> TransactionView:
        async with database.reading() as tx:
            return show_posted(await own_transaction(tx, caller, read_transaction_id(transaction_id)))

    @post("/{transaction_id:str}/reverse", summary="Reverse a transaction, whole or in part")
    async def reverse(
        self,
        transaction_id: FromPath[str],
        data: JSONBody[NewReversal],
        caller: GivenCaller,
        database: GivenDatabase,
        poster: GivenPoster,
        clock: GivenClock,
    ) -> Response[PostedView]:
        """Posts a new transaction with the sides exchanged; the original stays as it is. All reversals together never
        take back more than was posted."""
        id = read_transaction_id(transaction_id)
        async with database.reading() as tx:
            original = await own_transaction(tx, caller, id)
            named = await accounts_named(tx, ids=[*original.debits, *original.credits])
        reversal = as_reversal(
            data, original=original, accounts={id: row.ref for id, row in named.items()}, now=clock.now()
        )
        return _answer(data.id, await poster.post_one(reversal))


async def own_transaction(tx: Transaction, caller: Caller, id: UUID) -> PostedTransaction:
    """A transaction of the caller's own books.

    Raises: NotFound, also for those of others.
    """
    found = await transactions(tx, ids=[id])
    if found:
        named = await accounts_named(tx, ids=[found[0].debits[0]])
        if all(owns(caller, row.book) for row in named.values()):
            return found[0]
    raise NotFound(what="transaction", name=show_id("transaction", id))


def _metadata_asked(request: PartnerRequest) -> dict[str, str] | None:
    asked = {
        name.removeprefix(METADATA_PREFIX): value
        for name, value in request.query_params.items()
        if name.startswith(METADATA_PREFIX)
    }
    return asked or None


def _answer(id: str, result: Result) -> Response[PostedView]:
    if result.refusal is not None:
        raise result.refusal
    return Response(
        PostedView(id, result.outcome.value), status_code=201 if result.outcome is Outcome.POSTED else 200
    )
