"""Routing: how connections do, the rules by version, decisions made again and decisions kept."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, SkipValidation

from feiqian import connections, routing
from feiqian.channels import BuyerHints, PaymentMethod
from feiqian.connections import LiveConnections
from feiqian.console.given import GivenClock, GivenDatabase
from feiqian.console.routing.explaining import explain
from feiqian.console.routing.views import (
    DecisionView,
    Explained,
    RoutingPage,
    RuleSetRow,
    RuleSetView,
    read_shown_health,
    short_since,
    show_connection,
    show_decision,
    show_methods,
    show_rule_set,
    show_rule_set_row,
)
from feiqian.infra.database import Transaction
from feiqian.infra.paging import Cursor, Limit, Page, read_cursor, show_cursor
from feiqian.kernel.errors import InvalidRequest, NotFound
from feiqian.kernel.ids import new_id, parse_id
from feiqian.members import Permission, Staff, permissions_of, require_permission
from feiqian.payments import read_attempts, require_payment
from feiqian.routing import RouteAsk, Rule, RuleSet, draw_of

NOTE_LENGTH_MAX = 500
EVERY_HINT = frozenset(BuyerHints.__struct_fields__)

GivenLive = NamedDependency[SkipValidation[LiveConnections]]
"""``live_connections``: the connections as this process has them open."""

Request_ = Request[Staff, Any, Any]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class AskedRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules to be put in force, as a whole."""

    rules: list[Rule]
    note: str
    """Why."""
    based_on: int
    """The version that was changed."""


class AskedDecision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A payment that might be, and what is to be assumed."""

    method: PaymentMethod
    amount: Annotated[int, msgspec.Meta(ge=1, le=10**15)]
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")] = "CNY"
    platform: Annotated[str, msgspec.Meta(max_length=100)] = ""
    merchants: Annotated[list[Text], msgspec.Meta(max_length=100)] = []
    buyer: Text | None = None
    given: frozenset[str] | None = None
    """Names of what is known of the buyer; null: everything a method could need."""
    hold: bool = False
    shared: bool = False
    at: datetime | None = None
    """When; null: now."""
    draw: Annotated[float, msgspec.Meta(ge=0, lt=1)] | None = None
    """Whose turn it is by weights; null: drawn."""
    rules: list[Rule] | None = None
    """Rules that are not saved; null: those in force."""

    @property
    def ask(self) -> RouteAsk:
        return RouteAsk(
            platform=self.platform,
            merchants=tuple(self.merchants),
            method=self.method,
            amount=self.amount,
            currency=self.currency,
            buyer=self.buyer,
            given=EVERY_HINT if self.given is None else self.given,
            hold=self.hold,
            shared=self.shared,
        )


class RoutingController(Controller):
    """Which connection takes a payment, and why."""

    path = "/routing"

    @get()
    async def read(
        self, request: Request_, database: GivenDatabase, clock: GivenClock, live_connections: GivenLive
    ) -> RoutingPage:
        """The rules in force, and every connection with its breaker and the calls of the last hour."""
        now = clock.now()
        async with database.reading() as tx:
            rules = await routing.rules_in_force(tx)
            known = await connections.read_connections(tx)
            health = await read_shown_health(tx, now)
        return RoutingPage(
            now=now,
            rules=show_rule_set(rules),
            connections=[show_connection(each, live=live_connections, health=health) for each in known],
            methods=show_methods(),
            may=permissions_of(request.user.role),
        )

    @get("/rule-sets")
    async def list_rule_sets(
        self, database: GivenDatabase, cursor: Cursor = None, limit: Limit = 50
    ) -> Page[RuleSetRow]:
        """What was in force from when on, newest first."""
        async with database.reading() as tx:
            rows = await routing.list_rule_sets(tx, before=read_cursor(cursor, int), limit=limit + 1)
        items = [show_rule_set_row(row) for row in rows[:limit]]
        return Page(items=items, next_cursor=show_cursor(items[-1].version) if len(rows) > limit else None)

    @get("/rule-sets/{version:int}")
    async def read_rule_set(self, version: FromPath[int], database: GivenDatabase) -> RuleSetView:
        """Raises: NotFound."""
        async with database.reading() as tx:
            found = await routing.read_rule_set(tx, version)
        if found is None:
            raise NotFound(what="version of the rules", name=str(version))
        return show_rule_set(found)

    @put("/rules")
    async def set_rules(
        self, data: JSONBody[AskedRules], request: Request_, database: GivenDatabase, clock: GivenClock
    ) -> RuleSetView:
        """In force in every process within a second or two.

        Raises: PermissionMissing, InvalidRequest, RuleInvalid, RulesChanged.
        """
        require_permission(request.user, Permission.CONNECTIONS_CONFIGURE)
        note = data.note.strip()
        if not 1 <= len(note) <= NOTE_LENGTH_MAX:
            raise InvalidRequest(field="note", reason=f"say in 1 to {NOTE_LENGTH_MAX} characters why")

        async def put_in_force(tx: Transaction) -> RuleSet:
            return await routing.set_rules(
                tx,
                now=clock.now(),
                by=request.user.email,
                rules=data.rules,
                note=note,
                based_on=data.based_on,
                known=await _codes(tx),
            )

        return show_rule_set(await database.run(put_in_force))

    @post("/explain", status_code=200)
    async def explain(
        self,
        data: JSONBody[AskedDecision],
        database: GivenDatabase,
        clock: GivenClock,
        live_connections: GivenLive,
    ) -> Explained:
        """What would be decided; nothing is kept, and nobody is called. Raises: RuleInvalid, InvalidRequest."""
        unknown = (data.given or frozenset()) - EVERY_HINT
        if unknown:
            raise InvalidRequest(field="given", reason=f"names of {', '.join(sorted(EVERY_HINT))}")
        if data.at is not None and data.at.tzinfo is None:
            raise InvalidRequest(field="at", reason="must say its offset, such as +08:00")
        now = clock.now()
        async with database.reading() as tx:
            rules = await routing.rules_in_force(tx)
            if data.rules is not None:
                routing.check_rules(data.rules, await _codes(tx))
                rules = msgspec.structs.replace(rules, rules=tuple(data.rules))
            counts = await routing.counts_since(tx, short_since(now))
            breakers = await routing.read_breakers(tx)
        return explain(
            data.ask,
            offers=live_connections.offers(data.method),
            rules=rules,
            counts=counts,
            breakers=breakers,
            at=data.at or now,
            draw=draw_of(new_id(now)) if data.draw is None else data.draw,
        )

    @get("/decisions/{payment_id:str}")
    async def decisions(self, payment_id: FromPath[str], database: GivenDatabase) -> list[DecisionView]:
        """Why each attempt of a payment went where it went, oldest first. Raises: NotFound."""
        async with database.reading() as tx:
            payment = await require_payment(tx, parse_id("payment", payment_id))
            decided = await routing.decisions_of(tx, payment.id)
            attempts = (await read_attempts(tx, [payment.id]))[payment.id]
        return [show_decision(each, attempts) for each in decided]


async def _codes(tx: Transaction) -> frozenset[str]:
    return frozenset(each.code for each in await connections.read_connections(tx))
