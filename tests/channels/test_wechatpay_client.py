"""Calls over real HTTP to a server that answers well, badly, late or not at all."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from aiohttp import web
from tests.channels import wechat
from tests.channels.orders import code_of, order_key, refund_key
from tests.channels.wechat import CODE_URL, NOW, ORDER, Wechat, answer, signed

from feiqian.channels import (
    ChannelFailed,
    ChannelOutcome,
    ChannelPayment,
    ChannelPaymentState,
    ChannelRefund,
    ChannelRefundState,
    ChannelUnknown,
    PrepayRequest,
    RefundRequest,
    WechatPay,
)
from feiqian.channels.wechatpay import BankCard
from feiqian.infra.http import HttpClient
from feiqian.kernel.errors import InvalidRequest

pytestmark = pytest.mark.anyio

REFUND = RefundRequest(
    order=order_key("order-000001"),
    out_refund_no="refund-1",
    amount=40,
    total=100,
    currency="CNY",
    requested_at=NOW,
    reason="退货",
)
DAY = date(2026, 3, 1)


class TestPlacingAnOrder:
    async def test_sends_what_wechat_pay_documents(self, server: Wechat, channel: WechatPay) -> None:
        server.answers(answer({"code_url": "weixin://wxpay/bizpayurl/up?pr=NwY5Mz9"}))
        prepaid = await channel.prepay(ORDER, now=NOW)
        assert code_of(prepaid) == "weixin://wxpay/bizpayurl/up?pr=NwY5Mz9"
        method, target, body, headers = server.requests[0]
        assert (method, target) == ("POST", "/v3/pay/transactions/native")
        assert json.loads(body) == {
            "appid": wechat.APPID,
            "mchid": wechat.MCHID,
            "description": "口红 × 2",
            "out_trade_no": "order-000001",
            "time_expire": "2026-03-02T14:00:00+08:00",
            "notify_url": "https://pay.example.com/callbacks/wechatpay",
            "amount": {"total": 100, "currency": "CNY"},
            "attach": "cell 1",
        }
        assert headers["Accept"] == "application/json"
        assert headers["Content-Type"] == "application/json"
        assert headers["Wechatpay-Serial"] == wechat.PUBLIC_KEY_ID
        assert headers["User-Agent"]
        assert headers["Authorization"].startswith("WECHATPAY2-SHA256-RSA2048 ")
        assert "Cookie" not in headers

    async def test_never_uses_a_nonce_twice(self, server: Wechat, channel: WechatPay) -> None:
        server.answers(*[answer({"code_url": "weixin://x"}) for _ in range(3)])
        for _ in range(3):
            await channel.prepay(ORDER, now=NOW)
        assert len({headers["Authorization"] for *_, headers in server.requests}) == 3

    async def test_makes_the_description_fit(self, server: Wechat, channel: WechatPay) -> None:
        server.answers(answer({"code_url": "weixin://x"}))
        long = PrepayRequest(
            **{
                **{f: getattr(ORDER, f) for f in ORDER.__struct_fields__},
                "description": "口\n红" + "长" * 200,
            }
        )
        await channel.prepay(long, now=NOW)
        sent = json.loads(server.requests[0][2])["description"]
        assert sent.startswith("口 红长")
        assert len(sent) == 127

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"amount": 0}, "amount"),
            ({"amount": -1}, "amount"),
            ({"amount": 10**15 + 1}, "amount"),
            ({"currency": "USD"}, "currency"),
            ({"out_trade_no": "12345"}, "out_trade_no"),
            ({"out_trade_no": "x" * 33}, "out_trade_no"),
            ({"out_trade_no": "../../refund"}, "out_trade_no"),
            ({"out_trade_no": "订单000001"}, "out_trade_no"),
        ],
    )
    async def test_sends_nothing_that_cannot_be(
        self, server: Wechat, channel: WechatPay, change: dict[str, object], field: str
    ) -> None:
        wrong = PrepayRequest(**{**{f: getattr(ORDER, f) for f in ORDER.__struct_fields__}, **change})
        with pytest.raises(InvalidRequest) as refusal:
            await channel.prepay(wrong, now=NOW)
        assert refusal.value.facts["field"] == field
        assert server.requests == []


class TestAQuery:
    async def test_finds_the_payment(self, server: Wechat, channel: WechatPay) -> None:
        server.answers(answer(wechat.transaction()))
        payment = await channel.query(order_key("order-000001"), now=NOW)
        assert payment == ChannelPayment(
            out_trade_no="order-000001",
            state=ChannelPaymentState.PAID,
            transaction_no="1217752501201407033233368018",
            amount=100,
            payer_amount=90,
            currency="CNY",
            mchid=wechat.MCHID,
            appid=wechat.APPID,
            paid_at=datetime(2026, 3, 2, 3, 59, 30, tzinfo=UTC),
            payer="oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
        )
        assert server.requests[0][1] == "/v3/pay/transactions/out-trade-no/order-000001?mchid=1900000109"

    async def test_sends_the_number_as_it_signed_it(self, server: Wechat, channel: WechatPay) -> None:
        server.answers(answer(wechat.transaction(out_trade_no="a|b*c_d-1")))
        await channel.query(order_key("a|b*c_d-1"), now=NOW)
        target = "/v3/pay/transactions/out-trade-no/a%7Cb%2Ac_d-1?mchid=1900000109"
        assert server.requests[0][1] == target

    @pytest.mark.parametrize(
        ("word", "state"),
        [
            ("REFUND", ChannelPaymentState.REFUNDED),
            ("NOTPAY", ChannelPaymentState.NOT_PAID),
            ("USERPAYING", ChannelPaymentState.NOT_PAID),
            ("CLOSED", ChannelPaymentState.CLOSED),
            ("REVOKED", ChannelPaymentState.CLOSED),
            ("PAYERROR", ChannelPaymentState.FAILED),
        ],
    )
    async def test_translates_every_state(
        self, server: Wechat, channel: WechatPay, word: str, state: ChannelPaymentState
    ) -> None:
        server.answers(answer(wechat.transaction(trade_state=word)))
        assert (await channel.query(order_key("order-000001"), now=NOW)).state is state

    async def test_of_an_unpaid_order_has_little_to_say(self, server: Wechat, channel: WechatPay) -> None:
        unpaid = {
            "amount": {"payer_currency": "CNY", "total": 100},
            "appid": wechat.APPID,
            "attach": "",
            "mchid": wechat.MCHID,
            "out_trade_no": "order-000001",
            "promotion_detail": [],
            "trade_state": "NOTPAY",
            "trade_state_desc": "订单未支付",
        }
        server.answers(answer(unpaid))
        payment = await channel.query(order_key("order-000001"), now=NOW)
        assert (payment.state, payment.transaction_no, payment.paid_at) == (
            ChannelPaymentState.NOT_PAID,
            None,
            None,
        )

    async def test_of_an_order_never_placed_says_so(self, server: Wechat, channel: WechatPay) -> None:
        server.answers(answer({"code": "ORDER_NOT_EXIST", "message": "订单不存在"}, status=404))
        assert await channel.query(order_key("order-000001"), now=NOW) == ChannelPayment(
            out_trade_no="order-000001", state=ChannelPaymentState.UNKNOWN_TO_CHANNEL
        )

    @pytest.mark.parametrize("change", [{"out_trade_no": "order-000002"}, {"mchid": "1900000110"}])
    async def test_believes_no_answer_about_another_order(
        self, server: Wechat, channel: WechatPay, change: dict[str, str]
    ) -> None:
        server.answers(answer(wechat.transaction(**change)))
        with pytest.raises(ChannelUnknown) as unknown:
            await channel.query(order_key("order-000001"), now=NOW)
        assert unknown.value.code == "channel_unreadable"


class TestClosing:
    async def test_is_answered_without_a_body(self, server: Wechat, channel: WechatPay) -> None:
        server.answers(answer(status=204))
        await channel.close(order_key("order-000001"), now=NOW)
        method, target, body, _ = server.requests[0]
        assert (method, target) == ("POST", "/v3/pay/transactions/out-trade-no/order-000001/close")
        assert json.loads(body) == {"mchid": wechat.MCHID}

    async def test_twice_is_no_error(self, server: Wechat, channel: WechatPay) -> None:
        server.answers(answer({"code": "ORDER_CLOSED", "message": "订单已关闭"}, status=400))
        await channel.close(order_key("order-000001"), now=NOW)
        assert len(server.requests) == 1

    async def test_of_a_paid_order_is_refused(self, server: Wechat, channel: WechatPay) -> None:
        server.answers(answer({"code": "ORDER_PAID", "message": "订单已支付"}, status=400))
        with pytest.raises(ChannelFailed) as failed:
            await channel.close(order_key("order-000001"), now=NOW)
        assert failed.value.code == "channel_order_paid"
        assert failed.value.query_first


class TestARefund:
    async def test_is_asked_for_and_under_way(self, server: Wechat, channel: WechatPay) -> None:
        server.answers(answer(wechat.refund_answer()))
        refund = await channel.refund(REFUND, now=NOW)
        assert refund == ChannelRefund(
            out_refund_no="refund-1",
            out_trade_no="order-000001",
            state=ChannelRefundState.PROCESSING,
            channel_refund_no="50000000382019052709732678859",
            amount=40,
            currency="CNY",
        )
        method, target, body, _ = server.requests[0]
        assert (method, target) == ("POST", "/v3/refund/domestic/refunds")
        assert json.loads(body) == {
            "out_trade_no": "order-000001",
            "out_refund_no": "refund-1",
            "amount": {"refund": 40, "total": 100, "currency": "CNY"},
            "reason": "退货",
        }

    async def test_is_found_again(self, server: Wechat, channel: WechatPay) -> None:
        done = wechat.refund_answer(status="SUCCESS", success_time="2026-03-02T11:59:59+08:00")
        server.answers(answer(done))
        refund = await channel.query_refund(refund_key("refund-1"), now=NOW)
        assert refund.state is ChannelRefundState.SUCCEEDED
        assert refund.succeeded_at == datetime(2026, 3, 2, 3, 59, 59, tzinfo=UTC)
        assert server.requests[0][:2] == ("GET", "/v3/refund/domestic/refunds/refund-1")

    async def test_never_accepted_is_said_so(self, server: Wechat, channel: WechatPay) -> None:
        server.answers(answer({"code": "RESOURCE_NOT_EXISTS", "message": "退款单不存在"}, status=404))
        assert await channel.query_refund(refund_key("refund-1"), now=NOW) == ChannelRefund(
            out_refund_no="refund-1", state=ChannelRefundState.UNKNOWN_TO_CHANNEL
        )

    async def test_may_be_paid_from_what_is_available(self, server: Wechat) -> None:
        server.answers(answer(wechat.refund_answer()))
        config = wechat.config(server.base_url, refund_funds_account="AVAILABLE")
        async with HttpClient() as http:
            await WechatPay(config=config, http=http).refund(REFUND, now=NOW)
        assert json.loads(server.requests[0][2])["funds_account"] == "AVAILABLE"

    async def test_that_is_abnormal_goes_to_the_buyers_card(self, server: Wechat, channel: WechatPay) -> None:
        server.answers(answer(wechat.refund_answer()))
        card = BankCard(bank_type="ICBC_DEBIT", account_no="6222020000001234", name="张三")
        refund = await channel.redirect_refund(
            refund_key("refund-1"), channel_refund_no="50000000382019", card=card, now=NOW
        )
        assert refund.state is ChannelRefundState.PROCESSING
        _, target, body, _ = server.requests[0]
        assert target == "/v3/refund/domestic/refunds/50000000382019/apply-abnormal-refund"
        content = json.loads(body)
        assert content["type"] == "USER_BANK_CARD"
        assert "6222020000001234" not in body.decode()

    async def test_about_another_number_is_not_believed(self, server: Wechat, channel: WechatPay) -> None:
        server.answers(answer(wechat.refund_answer(out_refund_no="refund-2")))
        with pytest.raises(ChannelUnknown):
            await channel.refund(REFUND, now=NOW)


class TestARefusal:
    @pytest.mark.parametrize(
        ("status", "code", "ours", "outcome", "then"),
        [
            (500, "SYSTEM_ERROR", "channel_busy", "unknown", "retry query"),
            (500, "BANK_ERROR", "channel_busy", "unknown", "retry query"),
            (429, "FREQUENCY_LIMITED", "channel_rate_limited", "failed", "retry"),
            (400, "PARAM_ERROR", "channel_request_invalid", "failed", ""),
            (400, "INVALID_REQUEST", "channel_state_invalid", "failed", "query"),
            (403, "NOT_ENOUGH", "channel_balance_insufficient", "failed", "retry"),
            (403, "OUT_TRADE_NO_USED", "channel_number_used", "failed", "query"),
            (404, "RESOURCE_NOT_EXISTS", "channel_order_unknown", "failed", ""),
            (401, "SIGN_ERROR", "channel_not_configured", "failed", ""),
            (400, "NEVER_SEEN", "channel_refused", "failed", "query"),
            (500, "NEVER_SEEN", "channel_busy", "unknown", "retry query"),
            (302, "", "channel_busy", "unknown", "retry query"),
        ],
    )
    async def test_is_translated_by_the_table(  # noqa: PLR0917 (a table's columns)
        self, server: Wechat, channel: WechatPay, status: int, code: str, ours: str, outcome: str, then: str
    ) -> None:
        server.answers(answer({"code": code, "message": "原因 {x}"}, status=status))
        with pytest.raises((ChannelFailed, ChannelUnknown)) as raised:
            await channel.refund(REFUND, now=NOW)
        error = raised.value
        assert (error.code, error.outcome.value) == (ours, outcome)
        assert (error.retryable, error.query_first) == ("retry" in then, "query" in then)
        assert (error.channel_code, error.channel_message) == (code, "原因 {x}")
        assert isinstance(error, ChannelFailed) is (outcome == "failed")


async def _slow(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(5)
    return answer({"code_url": "weixin://x"})


async def _hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return answer({"code_url": "weixin://x"})


async def _half(request: web.Request) -> web.StreamResponse:
    body = b'{"code_url":"weixin://x"}'
    response = web.StreamResponse(headers={**signed(body), "Content-Length": str(len(body))})
    await response.prepare(request)
    await response.write(body[:10])
    assert request.transport is not None
    request.transport.close()
    return response


async def _huge(_: web.Request) -> web.StreamResponse:
    return answer({"code_url": "x" * 10_000_000})


async def _endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Transfer-Encoding": "chunked"})
    await response.prepare(request)
    for _ in range(200):
        await response.write(b"x" * 65_536)
    return response


def _says(
    content: object, *, status: int = 200, headers: dict[str, str] | None = None
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handler(_: web.Request) -> web.StreamResponse:
        return answer(content, status=status, headers=headers)

    return handler


class TestWhatCannotBeTrustedIsUnknown:
    @pytest.mark.parametrize(
        ("handler", "code"),
        [
            pytest.param(_slow, "channel_unanswered", id="slow"),
            pytest.param(_hang_up, "channel_unanswered", id="hung up"),
            pytest.param(_half, "channel_unanswered", id="half an answer"),
            pytest.param(_huge, "channel_unanswered", id="10 MB"),
            pytest.param(_endless, "channel_unanswered", id="endless"),
            pytest.param(_says(CODE_URL, headers={}), "channel_untrusted", id="unsigned"),
            pytest.param(_says(CODE_URL, headers=signed(b"{}")), "channel_untrusted", id="another signature"),
            pytest.param(
                _says(CODE_URL, headers=signed(CODE_URL, key="stranger")), "channel_untrusted", id="stranger"
            ),
            pytest.param(
                _says(CODE_URL, headers=signed(CODE_URL, serial="7D10")),
                "channel_untrusted",
                id="unknown serial",
            ),
            pytest.param(
                _says(CODE_URL, headers=signed(CODE_URL, moment=NOW - timedelta(minutes=6))),
                "channel_untrusted",
                id="stale",
            ),
            pytest.param(
                _says({"code": "ORDER_NOT_EXIST", "message": "x"}, status=404, headers={}),
                "channel_untrusted",
                id="unsigned refusal",
            ),
            pytest.param(
                _says({"code": "SIGN_ERROR", "message": "x"}, status=401, headers={}),
                "channel_untrusted",
                id="unsigned sign error",
            ),
            pytest.param(
                _says(b"<html>502</html>", status=502, headers={}), "channel_unanswered", id="gateway"
            ),
            pytest.param(_says(b"garbage"), "channel_unreadable", id="signed garbage"),
            pytest.param(_says(b"\xff\xfe"), "channel_unreadable", id="signed bytes"),
            pytest.param(_says({"code_url": ""}), "channel_unreadable", id="no code_url"),
            pytest.param(_says({"code_url": 7}), "channel_unreadable", id="number for code_url"),
            pytest.param(_says(b"", status=204), "channel_unreadable", id="nothing at all"),
        ],
    )
    async def test_after_placing_an_order(
        self, server: Wechat, channel: WechatPay, handler: wechat.Handler, code: str
    ) -> None:
        server.handler = handler
        with pytest.raises(ChannelUnknown) as unknown:
            await channel.prepay(ORDER, now=NOW)
        assert unknown.value.code == code
        assert unknown.value.outcome is ChannelOutcome.UNKNOWN
        assert unknown.value.query_first
        assert [method for method, *_ in server.requests].count("POST") == 1

    async def test_but_the_next_call_works(self, server: Wechat, channel: WechatPay) -> None:
        for handler in (_hang_up, _huge, _slow):
            server.handler = handler
            with pytest.raises(ChannelUnknown):
                await channel.prepay(ORDER, now=NOW)
            server.handler = _says(CODE_URL)
            assert code_of(await channel.prepay(ORDER, now=NOW)) == "weixin://x"

    async def test_and_says_what_an_unsigned_refusal_claimed(
        self, server: Wechat, channel: WechatPay
    ) -> None:
        server.answers(answer({"code": "SIGN_ERROR", "message": "签名错误"}, status=401, headers={}))
        with pytest.raises(ChannelUnknown, match="SIGN_ERROR 签名错误"):
            await channel.prepay(ORDER, now=NOW)


class TestWhatWasNeverSentHasFailed:
    async def test_when_nobody_listens(self) -> None:
        async with wechat.serving() as closed:
            base_url = closed.base_url
        async with HttpClient() as http:
            channel = WechatPay(config=wechat.config(base_url), http=http)
            with pytest.raises(ChannelFailed) as failed:
                await channel.prepay(ORDER, now=NOW)
        assert failed.value.code == "channel_unreachable"
        assert failed.value.retryable
        assert not failed.value.query_first
