"""The channel against the simulated bank's web service."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import msgspec
import pytest
from aiohttp import web
from tests.channels.bank.bench import NOW, SOMEONE, Bench, key_of, order, order_key, place_of, transfer
from tests.channels.bank.conftest import Opened

from feiqian.channels import ChannelFailed, ChannelPaymentState, ChannelTransferState, ChannelUnknown

PROFILE = "sandbox-soap-1"
FAULT = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault>'
    "<faultcode>e:Server</faultcode><faultstring>&b;</faultstring></e:Fault></e:Body></e:Envelope>"
)


class TestATransfer:
    async def test_is_made_once_and_can_be_asked_about(
        self, bench: Bench, opened: Opened, number: str
    ) -> None:
        bank, before = opened(bench, PROFILE), bench.balance
        made = await bank.transfer(transfer(number, 1234), now=NOW)
        assert (made.state, made.amount, made.finished_at) == (ChannelTransferState.SUCCEEDED, 1234, NOW)
        assert await bank.transfer(transfer(number, 1234), now=NOW) == made
        assert await bank.query_transfer(key_of(number), now=NOW) == made
        assert bench.balance == before - 1234

    async def test_with_another_amount_under_its_number_is_refused(
        self, bench: Bench, opened: Opened, number: str
    ) -> None:
        bank = opened(bench, PROFILE)
        await bank.transfer(transfer(number), now=NOW)
        before = bench.balance
        with pytest.raises(ChannelFailed) as refused:
            await bank.transfer(transfer(number, 9_999), now=NOW)
        assert (refused.value.code, refused.value.query_first) == ("channel_number_used", True)
        assert bench.balance == before

    async def test_is_refused_in_the_houses_words(self, bench: Bench, opened: Opened, number: str) -> None:
        bank, before = opened(bench, PROFILE), bench.balance
        payee = msgspec.structs.replace(SOMEONE, account_no="12")
        with pytest.raises(ChannelFailed) as refused:
            await bank.transfer(transfer(number, payee=payee), now=NOW)
        assert (refused.value.code, refused.value.channel_code) == ("channel_account_refused", "AC01")
        assert (await bank.query_transfer(key_of(number), now=NOW)).state is ChannelTransferState.FAILED
        assert bench.balance == before

    async def test_that_came_back_says_so(self, bench: Bench, opened: Opened, number: str) -> None:
        bank = opened(bench, PROFILE)
        await bank.transfer(transfer(number), now=NOW)
        bench.process.sandbox(f"transfers/{number}", {"status": "returned", "reason": "AC04"})
        asked = await bank.query_transfer(key_of(number), now=NOW)
        assert (asked.state, asked.error_code) == (ChannelTransferState.RETURNED, "AC04")

    async def test_that_was_never_asked_for_is_unknown_to_the_bank(
        self, bench: Bench, opened: Opened, number: str
    ) -> None:
        asked = await opened(bench, PROFILE).query_transfer(key_of(number), now=NOW)
        assert asked.state is ChannelTransferState.UNKNOWN_TO_CHANNEL

    @pytest.mark.parametrize("mode", ["lost", "garbage", "empty", "huge"])
    async def test_without_a_useful_answer_is_unknown_until_asked(
        self, bench: Bench, opened: Opened, number: str, mode: str
    ) -> None:
        bank, before = opened(bench, PROFILE), bench.balance
        await bank.probe(now=NOW)
        bench.behave(answer=mode, answer_path="/soap")
        with pytest.raises(ChannelUnknown) as unknown:
            await bank.transfer(transfer(number), now=NOW)
        assert unknown.value.query_first
        assert (await bank.query_transfer(key_of(number), now=NOW)).state is ChannelTransferState.SUCCEEDED
        assert bench.balance == before - 10_000

    @pytest.mark.parametrize(("mode", "kind"), [("rate_limited", ChannelFailed), ("error", ChannelUnknown)])
    async def test_refused_by_the_front_is_as_certain_as_the_profile_says(
        self, bench: Bench, opened: Opened, number: str, mode: str, kind: type[Exception]
    ) -> None:
        bank, before = opened(bench, PROFILE), bench.balance
        await bank.probe(now=NOW)
        bench.behave(answer=mode, answer_path="/soap")
        with pytest.raises(kind):
            await bank.transfer(transfer(number), now=NOW)
        assert bench.balance == before

    async def test_at_a_wrong_time_is_refused(self, bench: Bench, opened: Opened, number: str) -> None:
        before = bench.balance
        with pytest.raises(ChannelFailed) as refused:
            await opened(bench, PROFILE).transfer(transfer(number), now=NOW + timedelta(minutes=10))
        assert refused.value.channel_code == "MessageExpired"
        assert bench.balance == before


class TestMoneyThatComesIn:
    async def test_is_found_by_one_call_over_days(self, bench: Bench, opened: Opened, number: str) -> None:
        bank = opened(bench, PROFILE)
        place = place_of((await bank.prepay(order(number), now=NOW)).next_step)
        bench.process.at("2026-03-04T09:00:00+08:00")
        bench.come_in(place.account_no, 12_345, payer_name="韩梅梅", payer_account="62260001")
        bench.process.at("2026-03-06T09:00:00+08:00")
        paid = await bank.query(order_key(number), now=bench.now)
        assert (paid.state, paid.amount, paid.payer) == (ChannelPaymentState.PAID, 12_345, "62260001")
        assert paid.paid_at == NOW + timedelta(days=1, hours=21)


@asynccontextmanager
async def speaking(wsdl: bytes, answer: str) -> AsyncGenerator[str, None]:
    """A web service that says what the test tells it; its address."""

    async def describe(request: web.Request) -> web.Response:
        return web.Response(body=wsdl, content_type="text/xml")

    async def call(request: web.Request) -> web.Response:
        return web.Response(text=answer, content_type="text/xml")

    app = web.Application()
    app.router.add_get("/soap/corporate-banking", describe)
    app.router.add_post("/soap/corporate-banking", call)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class TestAService:
    @pytest.mark.parametrize(
        "answer",
        [
            f'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]>{FAULT}',
            f'<!DOCTYPE a [<!ENTITY b "1">]>{FAULT}',
            "<a/>",
            FAULT,
            '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><Pay/></e:Body></e:Envelope>',
        ],
    )
    async def test_that_answers_otherwise_leaves_the_outcome_unknown(
        self, bench: Bench, opened: Opened, number: str, answer: str
    ) -> None:
        wsdl = bench.process.send("GET", "/soap/corporate-banking?wsdl").body
        async with speaking(wsdl, answer) as url:
            with pytest.raises(ChannelUnknown) as unknown:
                await opened(bench, PROFILE, base_url=url).transfer(transfer(number), now=NOW)
        assert unknown.value.code == "channel_unreadable"

    @pytest.mark.parametrize(
        "wsdl",
        [
            b"no description",
            b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>',
            b'<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"><wsdl:import namespace="urn:x" '
            b'location="file:///etc/hostname"/></wsdl:definitions>',
        ],
    )
    async def test_without_a_description_that_can_be_used_is_not_called(
        self, bench: Bench, opened: Opened, number: str, wsdl: bytes
    ) -> None:
        async with speaking(wsdl, FAULT) as url:
            with pytest.raises(ChannelFailed):
                await opened(bench, PROFILE, base_url=url).transfer(transfer(number), now=NOW)
