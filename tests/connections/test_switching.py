"""Connections are paused, weighted and limited at once, in every process."""

import asyncio
import sys
from datetime import time
from decimal import Decimal
from pathlib import Path

import pytest
from aiohttp import web
from prometheus_client import Gauge

from feiqian.channels import OpenHours, PaymentMethod, WechatPay
from feiqian.connections import (
    Audience,
    Change,
    Connection,
    ConnectionEvent,
    ConnectionNotOpen,
    ConnectionState,
    ConnectionStateRefused,
    ConnectionUnknown,
    Cost,
    Limits,
    MethodLimits,
    change_connection,
    pause,
    resume,
    retire,
)
from feiqian.infra.database import Database
from feiqian.infra.metrics import CONNECTION_EXPIRES, CONNECTION_USABLE
from feiqian.infra.vault import KEY_FILE
from feiqian.kernel.errors import InvalidRequest, ReplayAltered
from tests.channels import wechat
from tests.connections.office import CODE, Office

NATIVE = PaymentMethod.WECHATPAY_NATIVE
SEEN_WITHIN_S = 2.0

WATCHER = """
import asyncio, logging, sys
from pathlib import Path
import structlog
from feiqian.channels import PaymentMethod
from feiqian.connections import LiveConnections
from feiqian.infra.database import Database
from feiqian.infra.http import HttpClient
from feiqian.infra.vault import Vault

async def main() -> None:
    async with Database(sys.argv[1]) as database, HttpClient() as http:
        live = LiveConnections(database=database, vault=Vault(Path(sys.argv[2])), http=http)
        await live.refresh()
        following = asyncio.create_task(live.follow_forever())
        said = None
        while True:
            now = [offer.code for offer in live.candidates(PaymentMethod.WECHATPAY_NATIVE)]
            if now != said:
                said = now
                print("candidates", *now, flush=True)
            await asyncio.sleep(0.02)

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
asyncio.run(main())
"""
"""Another process of the house, which says whenever what it may choose from is different."""


async def change(office: Office, **what: object) -> Connection:
    asked = Change(**what)  # pyright: ignore[reportArgumentType]
    return await office.database.run(
        lambda tx: change_connection(
            tx,
            now=office.clock.now(),
            actor=office.actor(office.admin),
            code=CODE,
            change=asked,
            reason="调整流量",
        )
    )


async def switch(office: Office, how: object) -> Connection:
    return await office.database.run(
        lambda tx: how(  # pyright: ignore[reportCallIssue]
            tx,
            now=office.clock.now(),
            actor=office.actor(office.operations),
            code=CODE,
            reason="渠道维护",
        )
    )


def shown(gauge: Gauge) -> dict[str, float]:
    """The value for each connection."""
    return {sample.labels["channel"]: sample.value for metric in gauge.collect() for sample in metric.samples}


class TestAPause:
    async def test_is_seen_by_a_second_process_within_two_seconds(
        self, office: Office, database_urls: tuple[str, str], tmp_path: Path
    ) -> None:
        await office.connect()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WATCHER, database_urls[0], str(tmp_path / KEY_FILE),
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            assert await asyncio.wait_for(process.stdout.readline(), 30) == b"candidates wechatpay\n"
            for how, said in ((pause, b"candidates\n"), (resume, b"candidates wechatpay\n")):
                await switch(office, how)
                assert await asyncio.wait_for(process.stdout.readline(), SEEN_WITHIN_S) == said
        finally:
            process.terminate()
            await process.wait()

    async def test_takes_nothing_new_and_lets_everything_go_on(self, office: Office) -> None:
        await office.connect()
        live = await office.live()
        await switch(office, pause)
        assert await live.refresh()
        assert live.candidates(NATIVE) == []
        assert [offer.active for offer in live.offers(NATIVE)] == [False]
        assert live.get(CODE).identity.mchid == wechat.MCHID

    async def test_again_changes_nothing(self, office: Office) -> None:
        await office.connect()
        await switch(office, pause)
        lines = len(await office.history())
        await switch(office, pause)
        assert len(await office.history()) == lines
        assert (await office.history())[0].event is ConnectionEvent.PAUSED
        assert (await office.history())[0].detail == {"reason": "渠道维护"}

    @pytest.mark.parametrize("how", [pause, resume])
    async def test_needs_credentials_in_force(self, how: object, office: Office) -> None:
        await office.propose()
        with pytest.raises(ConnectionStateRefused):
            await switch(office, how)
        assert (await office.connection()).state is ConnectionState.TESTING

    async def test_needs_a_reason(self, office: Office) -> None:
        await office.connect()
        with pytest.raises(InvalidRequest, match="reason"):
            await office.database.run(
                lambda tx: pause(
                    tx, now=office.clock.now(), actor=office.actor(office.admin), code=CODE, reason=" "
                )
            )
        assert (await office.connection()).state is ConnectionState.ACTIVE


class TestRetiring:
    async def test_comes_after_a_pause_and_ends_everything(self, office: Office) -> None:
        await office.connect()
        with pytest.raises(ConnectionStateRefused, match="paused"):
            await switch(office, retire)
        await switch(office, pause)
        await switch(office, retire)
        live = await office.live()
        with pytest.raises(ConnectionNotOpen):
            live.get(CODE)
        with pytest.raises(ConnectionStateRefused):
            await switch(office, resume)
        with pytest.raises(ConnectionStateRefused):
            await change(office, weight=5)


class TestAChange:
    async def test_is_taken_by_who_runs_and_leaves_a_line(self, office: Office) -> None:
        await office.connect()
        live = await office.live()
        await change(office, weight=30, cost=Cost(rate=Decimal("0.0038"), fixed=10))
        assert await live.refresh()
        (offer,) = live.candidates(NATIVE)
        assert (offer.weight, offer.cost.of(100_000)) == (30, 390)
        line = (await office.history())[0]
        assert line.detail["before"] == {"weight": 100, "cost_rate": "0", "cost_fixed": 0}
        assert line.detail["after"] == {"weight": 30, "cost_rate": "0.0038", "cost_fixed": 10}

    async def test_of_nothing_leaves_no_line(self, office: Office) -> None:
        lines = len(await office.history())
        await change(office, weight=100)
        assert len(await office.history()) == lines

    async def test_keeps_the_opened_channel(self, office: Office) -> None:
        await office.connect()
        live = await office.live()
        before = live.get(CODE)
        await change(office, weight=30)
        await live.refresh()
        assert live.get(CODE) is before

    async def test_narrows_what_the_channel_allows(self, office: Office) -> None:
        await office.connect()
        limits = Limits(
            methods={NATIVE: MethodLimits(amount_min=100, amount_max=5_000_000)},
            amount_per_day=200_000_000,
            hours=OpenHours(time(6), time(23)),
        )
        await change(office, limits=limits)
        (offer,) = (await office.live()).candidates(NATIVE)
        assert offer.terms is not None
        assert (offer.terms.amount_min, offer.terms.amount_max) == (100, 5_000_000)
        assert (offer.terms.hours, offer.amount_per_day) == (OpenHours(time(6), time(23)), 200_000_000)

    async def test_can_switch_a_method_off(self, office: Office) -> None:
        await office.connect()
        await change(office, limits=Limits(methods={NATIVE: MethodLimits(on=False)}))
        live = await office.live()
        assert live.candidates(NATIVE) == []
        assert [offer.terms for offer in live.offers(NATIVE)] == [None]

    async def test_says_for_whom_it_is(self, office: Office) -> None:
        await office.connect()
        await change(office, audience=Audience(platforms=("platform_a",), merchants=("S10", "S20")))
        (offer,) = (await office.live()).candidates(NATIVE)
        assert offer.audience.admits(platform="platform_a", merchants=("S10",))
        assert not offer.audience.admits(platform="platform_b", merchants=("S10",))
        assert not offer.audience.admits(platform="platform_a", merchants=("S10", "S30"))

    @pytest.mark.parametrize(
        ("field", "asked"),
        [
            ("weight", Change(weight=-1)),
            ("priority", Change(priority=1_001)),
            ("cost.rate", Change(cost=Cost(rate=Decimal("0.21")))),
            ("cost.rate", Change(cost=Cost(rate=Decimal("NaN")))),
            ("cost.fixed", Change(cost=Cost(fixed=-1))),
            ("name", Change(name=" ")),
            (
                "limits.methods.alipay_qr",
                Change(limits=Limits(methods={PaymentMethod.ALIPAY_QR: MethodLimits()})),
            ),
            (
                "limits.methods.wechatpay_native.amount_max",
                Change(limits=Limits(methods={NATIVE: MethodLimits(amount_min=2, amount_max=1)})),
            ),
            ("limits.amount_per_day", Change(limits=Limits(amount_per_day=-1))),
            ("limits.hours", Change(limits=Limits(hours=OpenHours(time(6), time(6))))),
            ("audience.merchants", Change(audience=Audience(merchants=("",)))),
        ],
    )
    async def test_that_cannot_be_is_refused(self, field: str, asked: Change, office: Office) -> None:
        before = await office.connection()
        with pytest.raises(InvalidRequest) as caught:
            await office.database.run(
                lambda tx: change_connection(
                    tx,
                    now=office.clock.now(),
                    actor=office.actor(office.admin),
                    code=CODE,
                    change=asked,
                    reason="试一试",
                )
            )
        assert caught.value.facts["field"] == field
        assert await office.connection() == before


class TestTheCode:
    @pytest.mark.parametrize("code", ["", "Wechat", "1st", "a_b", "a" * 33, "a/b", "微信"])
    async def test_must_fit_into_an_address(self, code: str, office: Office) -> None:
        with pytest.raises(InvalidRequest):
            await office.create(code)

    async def test_is_given_once(self, office: Office) -> None:
        assert (await office.create(CODE)).id == (await office.connection()).id
        with pytest.raises(ReplayAltered):
            await office.create(CODE, name="另一个")


class TestARunningProcess:
    async def test_swaps_credentials_without_dropping_a_call(self, office: Office) -> None:
        await office.connect()
        live = await office.live()
        arrived, let_go = asyncio.Event(), asyncio.Event()

        async def slowly(_: web.Request) -> web.StreamResponse:
            arrived.set()
            await let_go.wait()
            return wechat.answer(wechat.CODE_URL)

        old = live.get(CODE)
        assert isinstance(old, WechatPay)
        office.server.handler = slowly
        call = asyncio.create_task(old.prepay(wechat.ORDER, now=office.clock.now()))
        await arrived.wait()
        await office.connect(mchid="1900000222")
        assert await live.refresh()
        assert live.get(CODE).identity.mchid == "1900000222"
        let_go.set()
        assert (await call).next_step is not None

    async def test_looks_only_when_something_has_changed(self, office: Office) -> None:
        await office.connect()
        live = await office.live()
        assert not await live.refresh()
        await switch(office, pause)
        assert await live.refresh()
        assert not await live.refresh()

    async def test_keeps_what_is_open_while_the_database_is_away(
        self, office: Office, database_urls: tuple[str, str]
    ) -> None:
        await office.connect()
        async with Database(database_urls[0]) as own:
            live = await office.live(own)
        following = asyncio.create_task(live.follow_forever(every_s=0.01))
        await asyncio.sleep(0.1)
        assert not following.done()
        following.cancel()
        assert live.get(CODE).identity.mchid == wechat.MCHID

    async def test_knows_no_other_code(self, office: Office) -> None:
        live = await office.live()
        with pytest.raises(ConnectionUnknown):
            live.get("nobody")
        with pytest.raises(ConnectionNotOpen):
            live.get(CODE)

    async def test_tells_when_a_certificate_expires(self, office: Office) -> None:
        version = await office.connect()
        await office.live()
        assert version.expires_at is not None
        assert shown(CONNECTION_EXPIRES) == {CODE: version.expires_at.timestamp()}
        assert shown(CONNECTION_USABLE) == {CODE: 1}
