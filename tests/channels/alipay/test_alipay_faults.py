"""Refusals, answers that cannot be trusted, and keys that change."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from aiohttp import web
from tests.channels.alipay import peer
from tests.channels.alipay.peer import NOW, Peer, failure, order_key, success, trade

from feiqian.channels import (
    Alipay,
    ChannelError,
    ChannelFailed,
    ChannelUnknown,
)
from feiqian.infra.http import HttpClient

pytestmark = pytest.mark.anyio


class TestARefusal:
    @pytest.mark.parametrize(
        ("code", "sub_code", "ours", "outcome", "then"),
        [
            ("20000", "isp.unknow-error", "channel_busy", "unknown", "retry query"),
            ("20000", "never.seen", "channel_busy", "unknown", "retry query"),
            ("40004", "ACQ.SYSTEM_ERROR", "channel_busy", "unknown", "retry query"),
            ("40004", "AQC.SYSTEM_ERROR", "channel_busy", "unknown", "retry query"),
            ("10003", "", "channel_busy", "unknown", "retry query"),
            ("99999", "", "channel_busy", "unknown", "retry query"),
            ("40005", "isv.app-call-limited", "channel_rate_limited", "failed", "retry switch"),
            ("40004", "ACQ.INVALID_PARAMETER", "channel_request_invalid", "failed", ""),
            ("40004", "ACQ.TRADE_HAS_CLOSE", "channel_order_closed", "failed", "query"),
            ("40004", "ACQ.TRADE_HAS_FINISHED", "channel_state_invalid", "failed", "query"),
            ("40004", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "channel_state_invalid", "failed", "query"),
            ("40004", "ACQ.DISCORDANT_REPEAT_REQUEST", "channel_number_used", "failed", "query"),
            ("40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH", "channel_balance_insufficient", "failed", "retry"),
            ("40004", "ACQ.BUYER_NOT_EXIST", "channel_buyer_account_abnormal", "failed", "switch"),
            ("40006", "isv.insufficient-isv-permissions", "channel_not_configured", "failed", "switch"),
            ("40006", "never.seen", "channel_not_configured", "failed", "switch"),
            ("40004", "NEVER_SEEN", "channel_refused", "failed", "query"),
        ],
    )
    async def test_is_translated_by_the_table(  # noqa: PLR0917 (a table's columns)
        self, server: Peer, channel: Alipay, code: str, sub_code: str, ours: str, outcome: str, then: str
    ) -> None:
        server.answers(failure(sub_code, code=code))
        with pytest.raises((ChannelFailed, ChannelUnknown)) as raised:
            await channel.refund(peer.REFUND, now=NOW)
        error = raised.value
        assert (error.code, error.outcome.value) == (ours, outcome)
        flags = (("retry", error.retryable), ("query", error.query_first), ("switch", error.switch))
        assert " ".join(word for word, raised_flag in flags if raised_flag) == then
        assert error.channel_message == "原因 {x}"
        assert isinstance(error, ChannelFailed) is (outcome == "failed")


QUERY = "alipay.trade.query"


async def _slow(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(5)
    return web.Response()


async def _hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def _half(request: web.Request) -> web.StreamResponse:
    content = peer.body(QUERY, trade())
    response = web.StreamResponse(headers={"Content-Length": str(len(content))})
    await response.prepare(request)
    await response.write(content[:20])
    assert request.transport is not None
    request.transport.close()
    return response


def _says(content: bytes, status: int = 200) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(body=content, status=status)

    return handler


UNSIGNED = json.dumps({"alipay_trade_query_response": failure("isv.invalid-app-id", code="40002")}).encode()
OTHERS = peer.body(QUERY, trade()).replace(b'"1.00"', b'"9.00"')


class TestWhatCannotBeTrustedIsUnknown:
    @pytest.mark.parametrize(
        ("handler", "code"),
        [
            pytest.param(_slow, "channel_unanswered", id="slow"),
            pytest.param(_hang_up, "channel_unanswered", id="hung up"),
            pytest.param(_half, "channel_unanswered", id="half an answer"),
            pytest.param(_says(b"x" * 10_000_000), "channel_unanswered", id="10 MB"),
            pytest.param(_says(b"<html>502</html>", 502), "channel_unanswered", id="gateway"),
            pytest.param(_says(UNSIGNED), "channel_untrusted", id="unsigned refusal"),
            pytest.param(_says(OTHERS), "channel_untrusted", id="tampered"),
            pytest.param(
                _says(peer.body(QUERY, trade(), key="stranger")), "channel_untrusted", id="stranger"
            ),
            pytest.param(_says(b""), "channel_unreadable", id="nothing"),
            pytest.param(_says(b"garbage"), "channel_unreadable", id="garbage"),
            pytest.param(_says(b"\xff\xfe"), "channel_unreadable", id="bytes"),
            pytest.param(
                _says(peer.body("alipay.trade.pay", trade())), "channel_unreadable", id="another method"
            ),
            pytest.param(_says(peer.body(QUERY, {"code": 7})), "channel_unreadable", id="signed number"),
            pytest.param(_says(peer.body(QUERY, success())), "channel_unreadable", id="signed emptiness"),
        ],
    )
    async def test_whatever_came(
        self, server: Peer, channel: Alipay, handler: peer.Handler, code: str
    ) -> None:
        server.handler = handler
        with pytest.raises(ChannelUnknown) as unknown:
            await channel.query(order_key(), now=NOW)
        assert unknown.value.code == code
        assert unknown.value.query_first
        assert len(server.calls) == 1

    async def test_but_the_next_call_works(self, server: Peer, channel: Alipay) -> None:
        for handler in (_hang_up, _slow):
            server.handler = handler
            with pytest.raises(ChannelUnknown):
                await channel.query(order_key(), now=NOW)
            server.answers(trade())
            assert (await channel.query(order_key(), now=NOW)).amount == 100

    async def test_and_an_unsigned_refusal_is_quoted(self, server: Peer, channel: Alipay) -> None:
        server.handler = _says(UNSIGNED)
        with pytest.raises(ChannelUnknown, match=r"isv\.invalid-app-id"):
            await channel.query(order_key(), now=NOW)


class TestARotation:
    async def test_of_bare_keys_is_bridged_by_giving_both(self, server: Peer) -> None:
        both = peer.config(
            server.base_url, alipay_public_key=peer.public_pem("alipay") + peer.public_pem("rotated")
        )
        async with HttpClient() as http:
            channel = Alipay(config=both, http=http)
            for key in ("alipay", "rotated"):
                server.answers(trade(), key=key)
                assert (await channel.query(order_key(), now=NOW)).amount == 100

    @pytest.mark.parametrize(("issuer", "believed"), [("root", True), ("stranger", False)])
    async def test_of_certificates_fetches_the_new_one_if_it_is_alipays(
        self, server: Peer, certified: Alipay, issuer: str, believed: bool
    ) -> None:
        pem = peer.certificate_pem("rotated", issuer)
        sn = peer.sn_of(peer.certificate("rotated", issuer))
        download = "alipay.open.app.alipaycert.download"

        async def handler(request: web.Request) -> web.StreamResponse:
            method = request.query["method"]
            content = success(alipay_cert_content=peer.base64_of(pem)) if method == download else trade()
            return web.Response(body=peer.body(method, content, key="rotated", cert_sn=sn))

        server.handler = handler
        if believed:
            for _ in range(2):
                assert (await certified.query(order_key(), now=NOW)).amount == 100
            assert [call.method for call in server.calls] == [QUERY, download, QUERY]
        else:
            with pytest.raises(ChannelUnknown) as unknown:
                await certified.query(order_key(), now=NOW)
            assert unknown.value.code == "channel_untrusted"


class TestWhatWasNeverSentHasFailed:
    async def test_when_nobody_listens(self) -> None:
        async with peer.serving() as closed:
            base_url = closed.base_url
        async with HttpClient() as http:
            channel = Alipay(config=peer.config(base_url), http=http)
            with pytest.raises(ChannelFailed) as failed:
                await channel.query(order_key(), now=NOW)
        assert failed.value.code == "channel_unreachable"
        assert failed.value.switch
        assert not failed.value.query_first


class TestAProbe:
    async def test_shows_that_the_keys_fit(self, server: Peer, channel: Alipay) -> None:
        server.answers(failure("ACQ.TRADE_NOT_EXIST"))
        await channel.probe(now=NOW)

    async def test_fails_when_they_do_not(self, server: Peer, channel: Alipay) -> None:
        server.handler = _says(UNSIGNED)
        with pytest.raises(ChannelError):
            await channel.probe(now=NOW + timedelta(seconds=1))
