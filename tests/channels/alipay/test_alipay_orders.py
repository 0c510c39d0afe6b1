"""Orders and refunds over real HTTP to a server that answers as the documentation says."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from tests.channels.alipay import peer
from tests.channels.alipay.peer import NOW, Call, Peer, failure, order, order_key, success, trade

from feiqian.channels import (
    Alipay,
    AlreadyPaid,
    AwaitBuyer,
    BuyerHints,
    ChannelFailed,
    ChannelPayment,
    ChannelPaymentState,
    ChannelRefund,
    ChannelRefundState,
    ChannelUnknown,
    InvokeApp,
    PaymentMethod,
    Redirect,
    ShowCode,
    SubMerchant,
)
from feiqian.kernel.errors import InvalidRequest

pytestmark = pytest.mark.anyio

PAID_AT = datetime(2026, 3, 2, 3, 59, 30, tzinfo=UTC)
PLACED = success(out_trade_no="P000001", qr_code="https://qr.alipay.com/bax0")


class TestPlacingAnOrder:
    async def test_by_code_sends_what_alipay_documents(self, server: Peer, channel: Alipay) -> None:
        server.answers(PLACED)
        prepaid = await channel.prepay(order(attach="cell=1"), now=NOW)
        assert prepaid.next_step == ShowCode("https://qr.alipay.com/bax0")
        (call,) = server.calls
        assert call.content == {
            "out_trade_no": "P000001",
            "total_amount": "1.00",
            "subject": "口红 × 2",
            "product_code": "QR_CODE_OFFLINE",
            "time_expire": "2026-03-02 14:00:00",
            "seller_id": peer.SELLER_ID,
            "passback_params": "cell%3D1",
        }
        del call.parameters["sign"], call.parameters["biz_content"]
        assert call.parameters == {
            "app_id": peer.APP_ID,
            "method": "alipay.trade.precreate",
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": "2026-03-02 12:00:00",
            "version": "1.0",
            "notify_url": "https://pay.example.com/callbacks/alipay",
        }

    async def test_in_certificate_mode_names_the_certificates(self, server: Peer, certified: Alipay) -> None:
        server.answers(PLACED)
        await certified.prepay(order(), now=NOW)
        parameters = server.calls[0].parameters
        assert len(parameters["app_cert_sn"]) == len(parameters["alipay_root_cert_sn"]) == 32

    @pytest.mark.parametrize(
        ("method", "called", "product"),
        [
            (PaymentMethod.ALIPAY_PAGE, "alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
            (PaymentMethod.ALIPAY_WAP, "alipay.trade.wap.pay", "QUICK_WAP_WAY"),
        ],
    )
    async def test_by_browser_signs_an_address_and_sends_nothing(
        self, server: Peer, channel: Alipay, method: PaymentMethod, called: str, product: str
    ) -> None:
        asked = order(method, buyer=BuyerHints(return_url="https://shop.example/back?a=1&b=2"))
        step = (await channel.prepay(asked, now=NOW)).next_step
        assert isinstance(step, Redirect)
        split = urlsplit(step.url)
        assert f"{split.scheme}://{split.netloc}{split.path}" == f"{server.base_url}/gateway.do"
        call = Call(split.query, b"")
        assert (call.method, call.content["product_code"]) == (called, product)
        assert call.parameters["return_url"] == "https://shop.example/back?a=1&b=2"
        assert call.content["time_expire"] == "2026-03-02 14:00:00"
        assert server.calls == []

    async def test_by_app_signs_its_order_string(self, server: Peer, channel: Alipay) -> None:
        asked = order(PaymentMethod.ALIPAY_APP, buyer=BuyerHints(return_url="https://shop.example/back"))
        step = (await channel.prepay(asked, now=NOW)).next_step
        assert isinstance(step, InvokeApp)
        call = Call(step.parameters["order_string"], b"")
        assert (call.method, call.content["product_code"]) == ("alipay.trade.app.pay", "QUICK_MSECURITY_PAY")
        assert call.parameters["notify_url"].endswith("/callbacks/alipay")
        assert "return_url" not in call.parameters
        assert server.calls == []

    async def test_that_is_to_be_split_freezes_the_money(self, server: Peer, channel: Alipay) -> None:
        server.answers(PLACED)
        await channel.prepay(order(shared=True), now=NOW)
        assert server.calls[0].content["extend_params"] == {"royalty_freeze": "true"}

    async def test_makes_the_subject_fit(self, server: Peer, channel: Alipay) -> None:
        server.answers(PLACED)
        await channel.prepay(order(description="口\n红/=&," + "长" * 300), now=NOW)
        subject = server.calls[0].content["subject"]
        assert subject.startswith("口 红   ，长")
        assert len(subject) == 256

    @pytest.mark.parametrize(
        ("fen", "yuan"), [(1, "0.01"), (10, "0.10"), (100, "1.00"), (123_456_789, "1234567.89")]
    )
    async def test_writes_amounts_exactly(self, server: Peer, channel: Alipay, fen: int, yuan: str) -> None:
        server.answers(PLACED)
        await channel.prepay(order(amount=fen), now=NOW)
        assert server.calls[0].content["total_amount"] == yuan

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"amount": 0}, "amount"),
            ({"amount": -1}, "amount"),
            ({"amount": 10_000_000_001}, "amount"),
            ({"currency": "USD"}, "currency"),
            ({"out_trade_no": ""}, "out_trade_no"),
            ({"out_trade_no": "x" * 65}, "out_trade_no"),
            ({"out_trade_no": "a-b"}, "out_trade_no"),
            ({"out_trade_no": "订单"}, "out_trade_no"),
            ({"expires_at": NOW}, "expires_at"),
            ({"hold": True}, "hold"),
            ({"sub_merchant": SubMerchant(mchid="2088")}, "sub_merchant"),
            ({"method": PaymentMethod.WECHATPAY_NATIVE}, "method"),
            ({"method": PaymentMethod.ALIPAY_BARCODE, "buyer": BuyerHints()}, "auth_code"),
            ({"method": PaymentMethod.ALIPAY_BARCODE, "buyer": BuyerHints(auth_code="12")}, "auth_code"),
        ],
    )
    async def test_sends_nothing_that_cannot_be(
        self, server: Peer, channel: Alipay, change: dict[str, object], field: str
    ) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            await channel.prepay(order(**change), now=NOW)  # pyright: ignore[reportArgumentType]
        assert refusal.value.facts["field"] == field
        assert server.calls == []


class TestABuyersCode:
    BARCODE = order(PaymentMethod.ALIPAY_BARCODE)
    TAKEN = success(out_trade_no="P000001", trade_no=peer.TRADE_NO, gmt_payment="2026-03-02 11:59:30")

    async def test_pays_once_a_query_says_so(self, server: Peer, channel: Alipay) -> None:
        server.answers(self.TAKEN, trade())
        step = (await channel.prepay(self.BARCODE, now=NOW)).next_step
        assert isinstance(step, AlreadyPaid)
        assert (step.payment.state, step.payment.amount) == (ChannelPaymentState.PAID, 100)
        assert [call.method for call in server.calls] == ["alipay.trade.pay", "alipay.trade.query"]
        content = server.calls[0].content
        assert (content["scene"], content["auth_code"]) == ("bar_code", "281234567890123456")
        assert content["product_code"] == "FACE_TO_FACE_PAYMENT"

    @pytest.mark.parametrize("then", [trade(trade_status="WAIT_BUYER_PAY"), failure("ACQ.SYSTEM_ERROR")])
    async def test_that_is_not_confirmed_yet_is_awaited(
        self, server: Peer, channel: Alipay, then: dict[str, object]
    ) -> None:
        server.answers(self.TAKEN, then)
        assert (await channel.prepay(self.BARCODE, now=NOW)).next_step == AwaitBuyer()

    async def test_awaits_a_buyer_who_types_a_password(self, server: Peer, channel: Alipay) -> None:
        server.answers({"code": "10003", "msg": "order success pay inprocess", "out_trade_no": "P000001"})
        assert (await channel.prepay(self.BARCODE, now=NOW)).next_step == AwaitBuyer()
        assert len(server.calls) == 1

    @pytest.mark.parametrize(
        "answer", [failure("isp.unknow-error", code="20000"), failure("ACQ.SYSTEM_ERROR")]
    )
    async def test_of_unknown_outcome_is_queried_before_anything_else(
        self, server: Peer, channel: Alipay, answer: dict[str, object]
    ) -> None:
        server.answers(answer)
        with pytest.raises(ChannelUnknown) as unknown:
            await channel.prepay(self.BARCODE, now=NOW)
        assert unknown.value.query_first

    async def test_is_cancelled_not_closed(self, server: Peer, channel: Alipay) -> None:
        server.answers(success(out_trade_no="P000001", retry_flag="N", action="refund"))
        await channel.close(order_key(method=PaymentMethod.ALIPAY_BARCODE), now=NOW)
        assert [call.method for call in server.calls] == ["alipay.trade.cancel"]

    async def test_may_have_to_be_cancelled_again(self, server: Peer, channel: Alipay) -> None:
        server.answers(success(out_trade_no="P000001", retry_flag="Y"))
        with pytest.raises(ChannelUnknown) as unknown:
            await channel.close(order_key(method=PaymentMethod.ALIPAY_BARCODE), now=NOW)
        assert unknown.value.retryable


class TestAQuery:
    async def test_finds_the_payment(self, server: Peer, channel: Alipay) -> None:
        server.answers(trade())
        assert await channel.query(order_key(), now=NOW) == ChannelPayment(
            out_trade_no="P000001",
            state=ChannelPaymentState.PAID,
            transaction_no=peer.TRADE_NO,
            amount=100,
            payer_amount=90,
            currency="CNY",
            paid_at=PAID_AT,
            payer="2088722003899169",
        )
        assert server.calls[0].content == {"out_trade_no": "P000001"}

    @pytest.mark.parametrize(
        ("change", "state"),
        [
            ({"trade_status": "TRADE_FINISHED"}, ChannelPaymentState.PAID),
            ({"trade_status": "WAIT_BUYER_PAY", "send_pay_date": None}, ChannelPaymentState.NOT_PAID),
            ({"trade_status": "TRADE_CLOSED", "send_pay_date": None}, ChannelPaymentState.CLOSED),
            ({"trade_status": "TRADE_CLOSED"}, ChannelPaymentState.REFUNDED),
        ],
    )
    async def test_translates_every_state(
        self, server: Peer, channel: Alipay, change: dict[str, object], state: ChannelPaymentState
    ) -> None:
        server.answers(trade(**change))
        assert (await channel.query(order_key(), now=NOW)).state is state

    async def test_of_an_order_that_the_buyer_has_not_begun_says_so(
        self, server: Peer, channel: Alipay
    ) -> None:
        server.answers(
            {**failure("ACQ.TRADE_NOT_EXIST"), "out_trade_no": "P000001", "receipt_amount": "0.00"}
        )
        payment = await channel.query(order_key(), now=NOW)
        assert payment.state is ChannelPaymentState.UNKNOWN_TO_CHANNEL

    @pytest.mark.parametrize(
        "change",
        [
            {"out_trade_no": "P000002"},
            {"trade_status": "NEVER_SEEN"},
            {"trade_no": None},
            {"total_amount": None},
            {"total_amount": "1.001"},
            {"total_amount": "-1.00"},
            {"total_amount": "1,000.00"},
            {"total_amount": "NaN"},
            {"total_amount": "1e999999999"},
            {"send_pay_date": None},
            {"send_pay_date": "02/03/2026"},
        ],
    )
    async def test_believes_no_answer_that_cannot_be(
        self, server: Peer, channel: Alipay, change: dict[str, object]
    ) -> None:
        server.answers(trade(**change))
        with pytest.raises(ChannelUnknown) as unknown:
            await channel.query(order_key(), now=NOW)
        assert unknown.value.code == "channel_unreadable"


class TestClosing:
    async def test_makes_the_order_unpayable(self, server: Peer, channel: Alipay) -> None:
        server.answers(success(out_trade_no="P000001", trade_no=peer.TRADE_NO))
        await channel.close(order_key(), now=NOW)
        assert [call.method for call in server.calls] == ["alipay.trade.close"]

    async def test_twice_is_no_error(self, server: Peer, channel: Alipay) -> None:
        server.answers(
            failure("ACQ.REASON_TRADE_STATUS_INVALID"),
            trade(trade_status="TRADE_CLOSED", send_pay_date=None),
        )
        await channel.close(order_key(), now=NOW)

    @pytest.mark.parametrize("code", ["ACQ.TRADE_STATUS_ERROR", "ACQ.REASON_TRADE_STATUS_INVALID"])
    async def test_of_a_paid_order_is_refused(self, server: Peer, channel: Alipay, code: str) -> None:
        server.answers(failure(code), trade())
        with pytest.raises(ChannelFailed) as failed:
            await channel.close(order_key(), now=NOW)
        assert failed.value.code == "channel_order_paid"
        assert failed.value.query_first

    async def test_of_an_order_that_the_buyer_has_not_begun_is_not_possible(
        self, server: Peer, channel: Alipay
    ) -> None:
        server.answers(failure("ACQ.TRADE_NOT_EXIST"))
        with pytest.raises(ChannelFailed) as failed:
            await channel.close(order_key(), now=NOW)
        assert failed.value.code == "channel_order_unknown"


class TestARefund:
    MADE = success(
        out_trade_no="P000001", fund_change="Y", refund_fee="0.40", gmt_refund_pay="2026-03-02 11:59:30"
    )
    FOUND = success(
        out_trade_no="P000001", out_request_no="R1", refund_status="REFUND_SUCCESS", refund_amount="0.40"
    )

    async def test_that_moved_the_money_has_succeeded(self, server: Peer, channel: Alipay) -> None:
        server.answers(self.MADE)
        assert await channel.refund(peer.REFUND, now=NOW) == ChannelRefund(
            out_refund_no="R1",
            out_trade_no="P000001",
            state=ChannelRefundState.SUCCEEDED,
            amount=40,
            currency="CNY",
            succeeded_at=PAID_AT,
        )
        assert server.calls[0].content == {
            "out_trade_no": "P000001",
            "out_request_no": "R1",
            "refund_amount": "0.40",
            "refund_reason": "退货",
        }

    @pytest.mark.parametrize("change", [{"fund_change": "N"}, {"fund_change": ""}])
    async def test_that_moved_nothing_is_judged_by_query(
        self, server: Peer, channel: Alipay, change: dict[str, str]
    ) -> None:
        server.answers({**self.MADE, **change})
        refund = await channel.refund(peer.REFUND, now=NOW)
        assert (refund.state, refund.succeeded_at) == (ChannelRefundState.PROCESSING, None)

    async def test_may_be_one_of_several(self, server: Peer, channel: Alipay) -> None:
        server.answers({**self.MADE, "refund_fee": "0.90"})
        assert (await channel.refund(peer.REFUND, now=NOW)).amount == 40

    async def test_of_less_than_was_asked_for_is_not_believed(self, server: Peer, channel: Alipay) -> None:
        server.answers({**self.MADE, "refund_fee": "0.39"})
        with pytest.raises(ChannelUnknown):
            await channel.refund(peer.REFUND, now=NOW)

    async def test_is_found_again(self, server: Peer, channel: Alipay) -> None:
        server.answers({**self.FOUND, "gmt_refund_pay": "2026-03-02 11:59:30"})
        refund = await channel.query_refund(peer.refund_key(), now=NOW)
        assert (refund.state, refund.amount) == (ChannelRefundState.SUCCEEDED, 40)
        assert refund.succeeded_at == PAID_AT
        assert server.calls[0].content["query_options"] == ["gmt_refund_pay"]

    async def test_whose_time_is_not_said_counts_from_when_it_was_known(
        self, server: Peer, channel: Alipay
    ) -> None:
        server.answers(self.FOUND)
        assert (await channel.query_refund(peer.refund_key(), now=NOW)).succeeded_at == NOW

    @pytest.mark.parametrize(
        "answer", [success(), failure("ACQ.TRADE_NOT_EXIST"), failure("TRADE_NOT_EXIST")]
    )
    async def test_that_never_moved_money_may_be_asked_for_again(
        self, server: Peer, channel: Alipay, answer: dict[str, object]
    ) -> None:
        server.answers(answer)
        assert await channel.query_refund(peer.refund_key(), now=NOW) == ChannelRefund(
            out_refund_no="R1", state=ChannelRefundState.UNKNOWN_TO_CHANNEL
        )

    @pytest.mark.parametrize(
        "change", [{"out_request_no": "R2"}, {"out_trade_no": "P000002"}, {"refund_amount": None}]
    )
    async def test_about_another_is_not_believed(
        self, server: Peer, channel: Alipay, change: dict[str, object]
    ) -> None:
        server.answers({**self.FOUND, **change})
        with pytest.raises(ChannelUnknown):
            await channel.query_refund(peer.refund_key(), now=NOW)
