"""Routing in the console: who may set rules, what is refused, decisions made again, and decisions that were kept."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import AsyncTestClient

from feiqian.channels import PaymentMethod
from feiqian.connections import Change, Cost, LiveConnections, change_connection
from feiqian.console import desk_routes
from feiqian.infra.database import Database
from feiqian.infra.http import HttpClient
from feiqian.infra.settings import Settings
from feiqian.infra.vault import open_vault
from feiqian.infra.web import HANDLERS, StrictRequest
from feiqian.kernel.clock import ManualClock
from feiqian.kernel.ids import new_id, show_id
from feiqian.members import find_staff_to_sign_in, open_session
from feiqian.payments import NewLine, NewPayment
from feiqian.payments.operations import create_payment
from feiqian.routing import (
    Breaker,
    BreakerState,
    CompiledRules,
    Decision,
    Health,
    MinuteCount,
    RouteAsk,
    RuleSet,
    candidate_of,
    decide,
    record_decision,
    rules_in_force,
)
from feiqian.routing.store import add_counts, write_breaker
from tests.channels import wechat
from tests.channels.wechat import Wechat
from tests.conftest import NOW
from tests.connections.office import PEOPLE, Office
from tests.console.conftest import OWN_PAGE
from tests.console.shop import FEE_RATE, ROUTE, Shop

ROUTING = "/console/api/routing"
RULES = f"{ROUTING}/rules"
EXPLAIN = f"{ROUTING}/explain"
FIRST, SECOND = "wechatpay", "wechatpay-2"
NATIVE = PaymentMethod.WECHATPAY_NATIVE
BIG_TO_SECOND: dict[str, Any] = {
    "name": "大额走二号",
    "when": {"merchants": ["S10"], "amount_min": 100_000},
    "prefer": [SECOND],
}


@pytest.fixture
async def server() -> AsyncIterator[Wechat]:
    async with wechat.serving() as serving:
        yield serving


@pytest.fixture
async def office(
    database: Database, clock: ManualClock, tmp_path: Path, server: Wechat
) -> AsyncIterator[Office]:
    """Two connections to WeChat Pay are in force; the second costs less and counts less."""
    vault = open_vault(key_file=None, data_dir=tmp_path)
    async with HttpClient() as http:
        office = await Office(database=database, clock=clock, vault=vault, http=http, server=server).open()
        await office.create(SECOND, "微信支付 二号")
        for code, rate, weight in ((FIRST, "0.006", 3), (SECOND, "0.0038", 1)):
            await office.connect(code)
            change = Change(weight=weight, cost=Cost(rate=Decimal(rate)))
            await database.run(
                lambda tx, code=code, change=change: change_connection(
                    tx,
                    now=clock.now(),
                    actor=office.actor(office.admin),
                    code=code,
                    change=change,
                    reason="合同",
                )
            )
        yield office


class Desk:
    """The desk's routes with everybody signed in."""

    def __init__(self, office: Office, client: AsyncTestClient[Litestar], live: LiveConnections) -> None:
        self.office = office
        self.database = office.database
        self.live = live
        self._client = client
        self._tokens: dict[str, str] = {}

    async def sign_in(self) -> None:
        for email in PEOPLE:
            secret = await self.database.run(lambda tx, email=email: find_staff_to_sign_in(tx, email=email))
            assert secret is not None
            self._tokens[email.partition("@")[0]] = await self.database.run(
                lambda tx, secret=secret: open_session(tx, now=self.office.clock.now(), secret=secret)
            )

    async def ask(
        self, method: str, path: str, body: object = None, *, who: str = "operations"
    ) -> tuple[int, Any]:
        """(status, JSON)"""
        headers = {**OWN_PAGE, "Cookie": f"feiqian_session={self._tokens[who]}"}
        answer = await self._client.request(method, path, json=body, headers=headers)
        return answer.status_code, answer.json()

    async def get(self, path: str) -> Any:
        status, body = await self.ask("GET", path, who="finance")
        assert status == 200, body
        return body

    async def put(
        self,
        *rules: dict[str, Any],
        based_on: int = 0,
        note: str = "分流大额",
        who: str = "operations",
    ) -> tuple[int, Any]:
        return await self.ask("PUT", RULES, {"rules": rules, "note": note, "based_on": based_on}, who=who)

    async def explain(self, **changes: Any) -> Any:
        body = {"method": NATIVE.value, "amount": 200_000, "merchants": ["S10"], "draw": 0.5, **changes}
        status, said = await self.ask("POST", EXPLAIN, body, who="finance")
        assert status == 200, said
        return said

    async def in_force(self) -> RuleSet:
        async with self.database.reading() as tx:
            return await rules_in_force(tx)

    async def called(self, code: str, *, minutes_ago: int = 0, **counts: int) -> None:
        """Calls that some process has made."""
        minute = NOW - timedelta(minutes=minutes_ago)
        row = MinuteCount(
            **{
                "minute": minute,
                "code": code,
                "method": NATIVE,
                "succeeded": 0,
                "refused": 0,
                "faults": 0,
                "took_ms": 0,
                **counts,
            }
        )
        await self.database.run(lambda tx: add_counts(tx, [row]))

    async def breaks(self, code: str, *, state: BreakerState = BreakerState.OPEN) -> None:
        breaker = Breaker(
            state=state, since=NOW, until=NOW + timedelta(seconds=30), openings=1, reason="5 faults in a row"
        )
        await self.database.run(lambda tx: write_breaker(tx, code, breaker))


@pytest.fixture
async def desk(office: Office) -> AsyncIterator[Desk]:
    live = await office.live()
    given: dict[str, object] = {
        "database": office.database,
        "clock": office.clock,
        "settings": Settings(),
        "approvals": office.approvals,
        "connection_desk": office.desk,
        "live_connections": live,
    }
    app = Litestar(
        route_handlers=[desk_routes()],
        dependencies={name: giver(value) for name, value in given.items()},
        exception_handlers=HANDLERS,
        request_class=StrictRequest,
        openapi_config=None,
    )
    async with AsyncTestClient(app) as client:
        opened = Desk(office, client, live)
        await opened.sign_in()
        yield opened


def giver(value: object) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)


class TestRules:
    async def test_are_none_at_first(self, desk: Desk) -> None:
        rules = (await desk.get(ROUTING))["rules"]
        assert rules == {"version": 0, "rules": [], "note": "", "made_by": "", "made_at": None}

    async def test_are_in_force_under_the_name_of_who_set_them(self, desk: Desk) -> None:
        status, made = await desk.put(BIG_TO_SECOND)
        assert (status, made["version"], made["rules"]) == (200, 1, [BIG_TO_SECOND])
        assert (await desk.get(ROUTING))["rules"] == made
        assert (made["made_by"], made["note"]) == ("operations@feiqian.dev", "分流大额")

    async def test_are_set_by_operations_and_administrators_only(self, desk: Desk) -> None:
        status, problem = await desk.put(BIG_TO_SECOND, who="finance")
        assert (status, problem["code"]) == (403, "permission_missing")
        assert (await desk.in_force()).version == 0
        assert (await desk.put(BIG_TO_SECOND, who="admin"))[0] == 200

    async def test_that_somebody_else_changed_meanwhile_are_not_overwritten(self, desk: Desk) -> None:
        await desk.put(BIG_TO_SECOND)
        status, problem = await desk.put(based_on=0, who="admin")
        assert (status, problem["code"]) == (409, "routing_rules_changed")
        assert (await desk.in_force()).rules[0].name == "大额走二号"
        assert (await desk.put(based_on=1, who="admin"))[0] == 200
        assert (await desk.in_force()).rules == ()

    @pytest.mark.parametrize("note", ["", "  ", "长" * 501])
    async def test_need_a_note(self, note: str, desk: Desk) -> None:
        status, problem = await desk.put(BIG_TO_SECOND, note=note)
        assert (status, problem["code"]) == (400, "invalid_request")
        assert (await desk.in_force()).version == 0

    @pytest.mark.parametrize(
        ("rule", "status", "code", "says"),
        [
            ({"name": "x", "prefer": ["nowhere"]}, 422, "routing_rule_invalid", "nowhere"),
            ({"name": "x"}, 422, "routing_rule_invalid", "only, never, prefer or split"),
            ({"name": "", "never": [FIRST]}, 422, "routing_rule_invalid", "name"),
            (
                {"name": "x", "when": {"amount_min": 5, "amount_below": 5}, "never": [FIRST]},
                422,
                "routing_rule_invalid",
                "amount_min",
            ),
            ({"name": "x", "split": {FIRST: -1}}, 422, "routing_rule_invalid", "weights"),
            ({"name": "x", "never": [FIRST], "colour": "red"}, 400, "invalid_request", "colour"),
            ({"name": "x", "when": {"methods": ["cash"]}, "never": [FIRST]}, 400, "invalid_request", "cash"),
        ],
    )
    async def test_that_cannot_be_are_refused_and_change_nothing(
        self, rule: dict[str, Any], status: int, code: str, says: str, desk: Desk
    ) -> None:
        answer, problem = await desk.put(BIG_TO_SECOND, rule)
        assert (answer, problem["code"]) == (status, code)
        assert says in problem["detail"]
        assert (await desk.in_force()).version == 0
        tried = {"method": NATIVE.value, "amount": 1, "rules": [rule]}
        assert (await desk.ask("POST", EXPLAIN, tried))[0] == status

    async def test_keep_their_history(self, desk: Desk) -> None:
        for version in range(3):
            rules = [{**BIG_TO_SECOND, "name": f"第 {number}"} for number in range(version)]
            assert (await desk.put(*rules, based_on=version, note=f"改 {version}"))[0] == 200
        first = await desk.get(f"{ROUTING}/rule-sets?limit=2")
        assert [(row["version"], row["count"], row["note"]) for row in first["items"]] == [
            (3, 2, "改 2"),
            (2, 1, "改 1"),
        ]
        last = await desk.get(f"{ROUTING}/rule-sets?limit=2&cursor={first['next_cursor']}")
        assert ([row["version"] for row in last["items"]], last["next_cursor"]) == ([1], None)
        assert [rule["name"] for rule in (await desk.get(f"{ROUTING}/rule-sets/2"))["rules"]] == ["第 0"]
        assert (await desk.ask("GET", f"{ROUTING}/rule-sets/9"))[0] == 404


class TestConnections:
    async def test_show_the_last_five_minutes_and_the_last_hour(self, desk: Desk) -> None:
        await desk.called(FIRST, succeeded=8, faults=2, took_ms=1_000)
        await desk.called(FIRST, minutes_ago=4, succeeded=10, took_ms=3_000)
        await desk.called(FIRST, minutes_ago=5, refused=20, took_ms=2_000)
        await desk.called(FIRST, minutes_ago=60, faults=99)
        first, second = (await desk.get(ROUTING))["connections"]
        assert (first["code"], first["state"], first["weight"], first["cost"]) == (
            FIRST,
            "active",
            3,
            {"rate": "0.006", "fixed": 0},
        )
        assert first["minutes_5"] == {
            "calls": 20,
            "succeeded": 18,
            "refused": 0,
            "faults": 2,
            "success_rate": 0.9,
            "mean_ms": 200,
        }
        assert (first["minutes_60"]["calls"], first["minutes_60"]["mean_ms"]) == (40, 150)
        (method,) = first["methods"]
        assert method == {
            "method": NATIVE.value,
            "minutes_5": first["minutes_5"],
            "minutes_60": first["minutes_60"],
        }
        assert [(p["succeeded"], p["refused"], p["faults"]) for p in first["minutes"]] == [
            (0, 20, 0),
            (10, 0, 0),
            (8, 0, 2),
        ]
        assert second["minutes_60"]["success_rate"] is None
        assert (second["methods"], second["minutes"], second["breaker"]) == ([], [], None)

    async def test_show_their_breakers(self, desk: Desk) -> None:
        await desk.breaks(FIRST)
        breaker = (await desk.get(ROUTING))["connections"][0]["breaker"]
        assert (breaker["state"], breaker["reason"], breaker["openings"]) == ("open", "5 faults in a row", 1)


class TestADryRun:
    async def test_is_what_the_engine_decides(self, desk: Desk) -> None:
        await desk.put(BIG_TO_SECOND)
        await desk.called(FIRST, succeeded=50, faults=50)
        await desk.called(SECOND, succeeded=100)
        for changes in ({}, {"amount": 99_999}, {"merchants": ["S20"]}, {"draw": 0.99, "merchants": []}):
            said = await desk.explain(**changes)
            ask = msgspec.convert(said["ask"], RouteAsk)
            decided = decide(
                ask,
                [candidate_of(offer) for offer in desk.live.offers(NATIVE)],
                rules=CompiledRules(await desk.in_force()),
                health={FIRST: Health(100, 50), SECOND: Health(100, 100)},
                now=NOW,
                draw=said["draw"],
            )
            assert msgspec.convert(said["decision"], Decision) == decided
            assert decided.order

    async def test_follows_rules_that_are_not_saved(self, desk: Desk) -> None:
        edited = {**BIG_TO_SECOND, "prefer": [], "only": [FIRST]}
        said = await desk.explain(rules=[edited], draw=0.99)
        assert said["decision"]["order"] == [FIRST]
        (gone,) = [gone for step in said["decision"]["steps"] for gone in step.get("removed", [])]
        assert gone == {"code": SECOND, "reason": "rule", "detail": "大额走二号"}
        assert (await desk.in_force()).version == 0

    async def test_leaves_out_what_fails(self, desk: Desk) -> None:
        await desk.breaks(FIRST)
        said = await desk.explain(draw=0.1)
        assert said["decision"]["order"] == [SECOND]
        assert {row["code"]: row["open"] for row in said["standings"]} == {FIRST: True, SECOND: False}
        await desk.breaks(FIRST, state=BreakerState.CLOSED)
        assert FIRST in (await desk.explain(draw=0.1))["decision"]["order"]

    async def test_says_costs_and_how_the_volume_is_shared(self, desk: Desk) -> None:
        said = await desk.explain(rules=[{"name": "七三开", "split": {FIRST: 7, SECOND: 3}}])
        rows = {row["code"]: (row["cost"], row["first_percent"]) for row in said["standings"]}
        assert rows == {FIRST: (1_200, 70), SECOND: (760, 30)}

    async def test_draws_when_no_draw_is_given_and_goes_by_the_given_time(self, desk: Desk) -> None:
        night = {
            "name": "夜间",
            "when": {"hours": {"since": "22:00:00", "until": "06:00:00"}},
            "never": [FIRST],
        }
        said = await desk.explain(rules=[night], draw=None, at="2026-03-02T23:30:00+08:00")
        assert 0 <= said["draw"] < 1
        assert said["decision"]["order"] == [SECOND]
        noon = await desk.explain(rules=[night], at="2026-03-02T12:00:00+08:00")
        assert sorted(noon["decision"]["order"]) == [FIRST, SECOND]

    @pytest.mark.parametrize(
        "changes",
        [
            {"amount": 0},
            {"amount": "100"},
            {"currency": "yuan"},
            {"draw": 1},
            {"method": "cash"},
            {"given": ["shoe_size"]},
            {"at": "2026-03-02T23:30:00"},
        ],
    )
    async def test_refuses_what_cannot_be(self, changes: dict[str, Any], desk: Desk) -> None:
        body = {"method": NATIVE.value, "amount": 100, **changes}
        status, problem = await desk.ask("POST", EXPLAIN, body)
        assert (status, problem["code"]) == (400, "invalid_request")


class TestDecisionsOfAPayment:
    async def test_are_shown_with_their_traces_and_what_came_of_them(
        self, desk: Desk, clock: ManualClock
    ) -> None:
        shop = await Shop(desk.database, clock).open({"S10": "春来茶行"})
        first, second = new_id(NOW), new_id(NOW + timedelta(seconds=1))
        asked = NewPayment(
            order_no="A-1",
            amount=200_000,
            currency="CNY",
            description="茶",
            lines=[NewLine(merchant_no="S10", amount=200_000)],
        )
        payment = await desk.database.run(
            lambda tx: create_payment(
                tx,
                now=NOW,
                platform=shop.platform,
                id=new_id(NOW),
                fee_rate=FEE_RATE,
                asked=asked,
                route=msgspec.structs.replace(ROUTE, decision=first),
            )
        )
        path = f"{ROUTING}/decisions/{show_id('payment', payment.id)}"
        assert await desk.get(path) == []
        said = await desk.explain()
        ask = msgspec.convert(said["ask"], RouteAsk)
        decision = msgspec.convert(said["decision"], Decision)
        for id in (first, second):
            await desk.database.run(
                lambda tx, id=id: record_decision(
                    tx, now=NOW, id=id, payment=payment.id, ask=ask, decision=decision
                )
            )
        kept = await desk.get(path)
        assert [row["id"] for row in kept] == [show_id("decision", first), show_id("decision", second)]
        assert (kept[0]["decision"], kept[0]["ask"]) == (said["decision"], said["ask"])
        assert [row["attempts"] for row in kept] == [
            [{"position": 1, "channel": FIRST, "state": "created"}],
            [],
        ]

    async def test_of_a_payment_that_does_not_exist_are_not_found(self, desk: Desk) -> None:
        unknown = show_id("payment", new_id(NOW))
        assert (await desk.ask("GET", f"{ROUTING}/decisions/{unknown}"))[0] == 404
        assert (await desk.ask("GET", f"{ROUTING}/decisions/x"))[0] == 400
