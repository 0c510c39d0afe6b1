"""A house of six connections with rules, calls of the last hour and an open breaker: ``python -m tests.browser.routing_house``.

It prints its address, serves the pages and the console's JSON on a clock that stands, and ends with its standard input.
"""

import asyncio
import contextlib
import json
import random
import shutil
import sys
import tempfile
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar
from litestar.di import Provide

from feiqian.app.invariants import check_all
from feiqian.app.run import free_port
from feiqian.app.services import gateway_terms
from feiqian.channels import PaymentMethod
from feiqian.connections import (
    Audience,
    Change,
    Cost,
    Limits,
    MethodLimits,
    change_connection,
    pause,
)
from feiqian.console import desk_routes, routes
from feiqian.infra.database import Database
from feiqian.infra.http import HttpClient
from feiqian.infra.invariants import StandingInvariants
from feiqian.infra.migrations import migrate
from feiqian.infra.postgres import EmbeddedPostgres
from feiqian.infra.server import Server
from feiqian.infra.settings import Settings
from feiqian.infra.vault import open_vault
from feiqian.infra.web import HANDLERS, StrictRequest
from feiqian.kernel.clock import ManualClock
from feiqian.kernel.ids import new_id, show_id
from feiqian.members import Role, register_staff
from feiqian.payments import Gateway, NewLine, NewPayment, StaticChannels
from feiqian.payments.operations import create_payment
from feiqian.routing import (
    Breaker,
    BreakerState,
    CompiledRules,
    MinuteCount,
    RouteAsk,
    Rule,
    candidate_of,
    decide,
    record_decision,
    rules_in_force,
    set_rules,
)
from feiqian.routing.store import add_counts, write_breaker
from tests.channels import wechat
from tests.conftest import NOW
from tests.connections.office import Office
from tests.console.shop import FEE_RATE, ROUTE, Shop

WEB_DIST = Path(__file__).parents[2] / "web" / "dist"
PASSWORD = "a good long password"
OPERATIONS = "routing@feiqian.dev"
CODES = {
    "wechatpay": ("微信支付 直连", "0.006", 60),
    "wechatpay-2": ("微信支付 服务商", "0.0038", 30),
    "wechatpay-north": ("微信支付 华北", "0.0055", 10),
    "wechatpay-south": ("微信支付 华南", "0.0055", 10),
    "wechatpay-spare": ("微信支付 备用", "0.006", 0),
    "wechatpay-old": ("微信支付 旧签约", "0.01", 10),
}
NAMES = {name for name, _, _ in CODES.values()}
NATIVE, JSAPI = PaymentMethod.WECHATPAY_NATIVE, PaymentMethod.WECHATPAY_JSAPI
RULES: list[dict[str, Any]] = [
    {
        "name": "春来茶行大额",
        "when": {"merchants": ["S10"], "amount_min": 100_000},
        "prefer": ["wechatpay-2", "wechatpay"],
    },
    {
        "name": "夜间不走华北",
        "when": {"hours": {"since": "22:00:00", "until": "06:00:00"}},
        "never": ["wechatpay-north"],
    },
    {
        "name": "扫码分流",
        "when": {"methods": ["wechatpay_native"], "amount_min": 10_000, "amount_below": 100_000},
        "split": {"wechatpay": 70, "wechatpay-2": 30},
    },
    {
        "name": "连锁门店专线",
        "when": {"merchants": [f"S{number}" for number in range(20, 60)], "weekdays": [1, 2, 3, 4, 5]},
        "only": ["wechatpay", "wechatpay-south", "wechatpay-spare"],
    },
    {"name": "旧签约不再用", "never": ["wechatpay-old"]},
]
NOTES = ("大额走服务商", "夜间华北维护，分流扫码支付", "连锁门店走专线，停用旧签约")
NOTES_COUNTS = (1, 3, 5)


async def configure(office: Office, code: str) -> None:
    """What each contract says."""
    _, rate, weight = CODES[code]
    limits = {
        "wechatpay-south": Limits(methods={NATIVE: MethodLimits(amount_max=50_000)}),
        "wechatpay-spare": Limits(amount_per_day=100_000_00),
    }.get(code)
    change = Change(
        weight=weight,
        cost=Cost(rate=Decimal(rate)),
        limits=limits,
        audience=Audience(merchants=("S77",)) if code == "wechatpay-old" else None,
    )
    actor = office.actor(office.admin)
    await office.database.run(
        lambda tx: change_connection(tx, now=NOW, actor=actor, code=code, change=change, reason="合同")
    )
    if code == "wechatpay-north":
        await office.database.run(lambda tx: pause(tx, now=NOW, actor=actor, code=code, reason="渠道维护"))


async def call(database: Database) -> None:
    """The calls of the last hour; the direct connection has been failing for some minutes."""
    chance = random.Random(7)
    rows: list[MinuteCount] = []
    for code, method, volume in (
        ("wechatpay", NATIVE, 40),
        ("wechatpay", JSAPI, 25),
        ("wechatpay-2", NATIVE, 22),
        ("wechatpay-south", NATIVE, 8),
        ("wechatpay-south", JSAPI, 5),
    ):
        for minutes in range(60):
            calls = volume + chance.randrange(volume // 2)
            failing = code == "wechatpay" and minutes < 6
            faults = calls * 3 // 4 if failing else int(chance.random() < 0.1)
            refused = int(chance.random() < 0.3)
            rows.append(
                MinuteCount(
                    minute=NOW - timedelta(minutes=minutes),
                    code=code,
                    method=method,
                    succeeded=calls - faults - refused,
                    refused=refused,
                    faults=faults,
                    took_ms=calls * (900 if failing else 120 + chance.randrange(40)),
                )
            )
    await database.run(lambda tx: add_counts(tx, rows))
    breaker = Breaker(
        state=BreakerState.OPEN,
        since=NOW,
        until=NOW + timedelta(seconds=30),
        openings=1,
        reason="5 faults in a row",
    )
    await database.run(lambda tx: write_breaker(tx, "wechatpay", breaker))


async def rule(database: Database) -> None:
    """Three versions."""
    for version, (count, note) in enumerate(zip(NOTES_COUNTS, NOTES, strict=True)):
        await database.run(
            lambda tx, version=version, count=count, note=note: set_rules(
                tx,
                now=NOW - timedelta(days=3 - version),
                by=OPERATIONS,
                rules=msgspec.convert(RULES[:count], list[Rule]),
                note=note,
                based_on=version,
                known=frozenset(CODES),
            )
        )


async def pay(office: Office, shop: Shop) -> str:
    """A payment with two decisions: the first attempt was refused."""
    live = await office.live()
    async with office.database.reading() as tx:
        rules = CompiledRules(await rules_in_force(tx))
    ask = RouteAsk(
        platform=show_id("platform", shop.platform),
        merchants=("S10",),
        method=NATIVE,
        amount=258_000,
        currency="CNY",
    )
    decision = decide(
        ask, [candidate_of(each) for each in live.offers(NATIVE)], rules=rules, health={}, now=NOW, draw=0.4
    )
    id = new_id(NOW)
    asked = NewPayment(
        order_no="tea-2026-0302",
        amount=258_000,
        currency="CNY",
        description="明前龙井 两斤",
        lines=[NewLine(merchant_no="S10", amount=258_000)],
        buyer="17850",
    )
    payment = await office.database.run(
        lambda tx: create_payment(
            tx,
            now=NOW,
            platform=shop.platform,
            id=new_id(NOW),
            fee_rate=FEE_RATE,
            asked=asked,
            route=msgspec.structs.replace(ROUTE, channels=decision.order, decision=id),
        )
    )
    await office.database.run(
        lambda tx: record_decision(tx, now=NOW, id=id, payment=payment.id, ask=ask, decision=decision)
    )
    return show_id("payment", payment.id)


async def serve(place: Path, url: str) -> None:
    clock = ManualClock(NOW)
    async with wechat.serving() as server, HttpClient() as http, Database(url) as database:
        vault = open_vault(key_file=None, data_dir=place)
        office = Office(database=database, clock=clock, vault=vault, http=http, server=server)
        await office.open()
        for code, (name, _, _) in CODES.items():
            if code != "wechatpay":
                await office.create(code, name)
            await office.connect(code)
            await configure(office, code)
        shop = await Shop(database, clock).open({"S10": "春来茶行"})
        await database.run(
            lambda tx: register_staff(
                tx, now=NOW, email=OPERATIONS, name="路由", role=Role.OPERATIONS, password=PASSWORD
            )
        )
        await call(database)
        await rule(database)
        payment = await pay(office, shop)
        given: dict[str, object] = {
            "database": database,
            "clock": clock,
            "settings": Settings(),
            "gateway": Gateway(
                database=database,
                channels=StaticChannels({}),
                clock=clock,
                terms=gateway_terms(Settings()),
            ),
            "standing": StandingInvariants(database, check_all),
            "sandbox_url": None,
            "approvals": office.approvals,
            "connection_desk": office.desk,
            "live_connections": await office.live(),
        }
        app = Litestar(
            route_handlers=[*routes(web_dist=WEB_DIST), desk_routes()],
            dependencies={name: giver(value) for name, value in given.items()},
            exception_handlers=HANDLERS,
            request_class=StrictRequest,
            openapi_config=None,
        )
        port = free_port()
        serving = Server(app, host="127.0.0.1", port=port, owns_signals=False)
        task = asyncio.create_task(serving.serve())
        for _ in range(3_000):
            if serving.started:
                break
            await asyncio.sleep(0.01)
        print(json.dumps({"url": f"http://localhost:{port}", "payment": payment}), flush=True)
        await asyncio.to_thread(sys.stdin.read)
        serving.should_exit = True
        await task


def giver(value: object) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)


def main() -> None:
    place = Path(tempfile.mkdtemp(prefix="feiqian-routing-"))
    place.chmod(0o755)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, place)
        postgres = stack.enter_context(EmbeddedPostgres(place / "postgres"))
        migrate(postgres.admin_url)
        asyncio.run(serve(place, postgres.url))


if __name__ == "__main__":
    main()
