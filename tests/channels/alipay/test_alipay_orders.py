"""Orders, refunds, transfers and splits over real HTTP to a server that answers well, badly, late or not at all."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from aiohttp import web
from tests.channels.alipay import peer
from tests.channels.alipay.peer import NOW, Call, Peer, failure, order, order_key, success, trade

from feiqian.channels import (
    Alipay,
    AlreadyPaid,
    AwaitBuyer,
    BuyerHints,
    ChannelError,
    ChannelFailed,
    ChannelPayment,
    ChannelPaymentState,
    ChannelRefund,
    ChannelRefundState,
    ChannelTransferState,
    ChannelUnknown,
    InvokeApp,
    Payee,
    PayeeKind,
    PaymentMethod,
    Receiver,
    ReceiverKind,
    Redirect,
    ShowCode,
    SplitKey,
    SplitPart,
    SplitPartState,
    SplitRequest,
    SplitReturnRequest,
    SubMerchant,
    TransferKey,
    TransferRequest,
)
from feiqian.infra.http import HttpClient
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
        step = (await channel.prepay(order(PaymentMethod.ALIPAY_APP), now=NOW)).next_step
        assert isinstance(step, InvokeApp)
        call = Call(step.parameters["order_string"], b"")
        assert (call.method, call.content["product_code"]) == ("alipay.trade.app.pay", "QUICK_MSECURITY_PAY")
        assert dict(parse_qsl(step.parameters["order_string"]))["notify_url"].endswith("/callbacks/alipay")
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


WALLET = TransferRequest(
    out_transfer_no="T1",
    payee=Payee(kind=PayeeKind.ALIPAY, account_no="2088722003899169", name="张三"),
    amount=1_234,
    currency="CNY",
    memo="货款",
    requested_at=NOW,
)
CARD = TransferRequest(
    out_transfer_no="T2",
    payee=Payee(
        kind=PayeeKind.PERSON_BANK, account_no="6222020000000000", name="张三", bank_code="102100099996"
    ),
    amount=1_234,
    currency="CNY",
    memo="货款",
    requested_at=NOW,
)


class TestATransfer:
    async def test_to_a_wallet_sends_what_alipay_documents(self, server: Peer, channel: Alipay) -> None:
        server.answers(
            success(out_biz_no="T1", order_id="2026x", status="SUCCESS", trans_date="2026-03-02 11:59:30")
        )
        transfer = await channel.transfer(WALLET, now=NOW)
        assert (transfer.state, transfer.amount) == (ChannelTransferState.SUCCEEDED, 1_234)
        assert (transfer.channel_no, transfer.finished_at) == ("2026x", PAID_AT)
        assert server.calls[0].content == {
            "out_biz_no": "T1",
            "trans_amount": "12.34",
            "product_code": "TRANS_ACCOUNT_NO_PWD",
            "biz_scene": "DIRECT_TRANSFER",
            "order_title": "货款",
            "payee_info": {"identity": "2088722003899169", "identity_type": "ALIPAY_USER_ID", "name": "张三"},
            "remark": "货款",
        }

    @pytest.mark.parametrize(
        ("account", "kind"),
        [
            ("13800138000", "ALIPAY_LOGON_ID"),
            ("a.b@example.com", "ALIPAY_LOGON_ID"),
            ("074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5", "ALIPAY_OPEN_ID"),
        ],
    )
    async def test_tells_accounts_apart(self, server: Peer, channel: Alipay, account: str, kind: str) -> None:
        server.answers(success(out_biz_no="T1", order_id="x", status="SUCCESS"))
        payee = Payee(kind=PayeeKind.ALIPAY, account_no=account, name="张三")
        request = TransferRequest(
            out_transfer_no="T1", payee=payee, amount=100, currency="CNY", memo="m", requested_at=NOW
        )
        await channel.transfer(request, now=NOW)
        assert server.calls[0].content["payee_info"]["identity_type"] == kind

    async def test_to_a_card_is_under_way(self, server: Peer, channel: Alipay) -> None:
        server.answers(success(out_biz_no="T2", order_id="2026x", status="DEALING"))
        transfer = await channel.transfer(CARD, now=NOW)
        assert (transfer.state, transfer.finished_at) == (ChannelTransferState.PROCESSING, None)
        content = server.calls[0].content
        assert content["product_code"] == "TRANS_BANKCARD_NO_PWD"
        assert content["payee_info"]["bankcard_ext_info"] == {
            "account_type": "2",
            "bank_code": "102100099996",
        }

    @pytest.mark.parametrize(
        ("status", "state"),
        [
            ("SUCCESS", ChannelTransferState.SUCCEEDED),
            ("FAIL", ChannelTransferState.FAILED),
            ("REFUND", ChannelTransferState.RETURNED),
            ("WAIT_PAY", ChannelTransferState.PROCESSING),
            ("DEALING", ChannelTransferState.PROCESSING),
        ],
    )
    async def test_is_found_whichever_way_it_went(
        self, server: Peer, channel: Alipay, status: str, state: ChannelTransferState
    ) -> None:
        server.answers(
            failure("ORDER_NOT_EXIST"),
            success(out_biz_no="T2", order_id="x", status=status, order_fee="0.10", fail_reason="户名不符"),
        )
        transfer = await channel.query_transfer(TransferKey(out_transfer_no="T2", requested_at=NOW), now=NOW)
        assert (transfer.state, transfer.fee, transfer.error_message) == (state, 10, "户名不符")
        products = [call.content["product_code"] for call in server.calls]
        assert products == ["TRANS_ACCOUNT_NO_PWD", "TRANS_BANKCARD_NO_PWD"]

    async def test_never_accepted_is_known_by_neither_product(self, server: Peer, channel: Alipay) -> None:
        server.answers(failure("ORDER_NOT_EXIST"), failure("ORDER_NOT_EXIST"))
        transfer = await channel.query_transfer(TransferKey(out_transfer_no="T9", requested_at=NOW), now=NOW)
        assert transfer.state is ChannelTransferState.UNKNOWN_TO_CHANNEL

    async def test_about_another_number_is_not_believed(self, server: Peer, channel: Alipay) -> None:
        server.answers(success(out_biz_no="T7", order_id="x", status="SUCCESS"))
        with pytest.raises(ChannelUnknown):
            await channel.transfer(WALLET, now=NOW)

    @pytest.mark.parametrize(
        ("payee", "amount", "field"),
        [
            (WALLET.payee, 9, "amount"),
            (Payee(kind=PayeeKind.COMPANY_BANK, account_no="1", name="公司"), 100, "payee.kind"),
            (Payee(kind=PayeeKind.ALIPAY, account_no="2088722003899169", name=""), 100, "payee.name"),
        ],
    )
    async def test_sends_nothing_that_cannot_be(
        self, server: Peer, channel: Alipay, payee: Payee, amount: int, field: str
    ) -> None:
        request = TransferRequest(
            out_transfer_no="T1", payee=payee, amount=amount, currency="CNY", memo="m", requested_at=NOW
        )
        with pytest.raises(InvalidRequest) as refusal:
            await channel.transfer(request, now=NOW)
        assert refusal.value.facts["field"] == field
        assert server.calls == []


RECEIVER = "2088015560847881"
PAID_ORDER = order_key(transaction_no=peer.TRADE_NO)
SPLIT = SplitRequest(
    order=PAID_ORDER,
    out_split_no="S1",
    parts=(SplitPart(kind=ReceiverKind.MERCHANT, account_no=RECEIVER, amount=30, description="供货"),),
    finish=True,
    requested_at=NOW,
)
SPLIT_KEY = SplitKey(order=PAID_ORDER, out_split_no="S1", requested_at=NOW)


def detail(**changes: object) -> dict[str, object]:
    return {
        "operation_type": "transfer",
        "execute_dt": "2026-03-02 11:59:30",
        "trans_in": RECEIVER,
        "trans_in_type": "userId",
        "amount": "0.30",
        "state": "SUCCESS",
        "detail_id": "20260302x",
        **changes,
    }


class TestASplit:
    async def test_sends_what_alipay_documents(self, server: Peer, channel: Alipay) -> None:
        server.answers(success(trade_no=peer.TRADE_NO, settle_no="2026s"))
        split = await channel.split(SPLIT, now=NOW)
        assert (split.known, split.finished, split.channel_split_no) == (True, False, "2026s")
        assert server.calls[0].content == {
            "out_request_no": "S1",
            "trade_no": peer.TRADE_NO,
            "extend_params": {"royalty_finish": "true"},
            "royalty_mode": "async",
            "royalty_parameters": [
                {
                    "trans_in": RECEIVER,
                    "trans_in_type": "userId",
                    "amount": "0.30",
                    "desc": "供货",
                    "royalty_type": "transfer",
                }
            ],
        }

    @pytest.mark.parametrize(
        ("states", "finished"),
        [(("SUCCESS", "FAIL"), True), (("SUCCESS", "PROCESSING"), False), ((), False)],
    )
    async def test_is_finished_when_no_part_changes_any_more(
        self, server: Peer, channel: Alipay, states: tuple[str, ...], finished: bool
    ) -> None:
        details = [detail(state=state, error_code="X" if state == "FAIL" else None) for state in states]
        server.answers(
            success(
                out_request_no="S1", royalty_detail_list=[*details, detail(operation_type="transfer_refund")]
            )
        )
        split = await channel.query_split(SPLIT_KEY, now=NOW)
        assert (split.known, split.finished, len(split.parts)) == (True, finished, len(states))
        if len(states) == 2 and finished:
            assert [part.state for part in split.parts] == [SplitPartState.SUCCEEDED, SplitPartState.FAILED]

    async def test_never_accepted_is_said_so(self, server: Peer, channel: Alipay) -> None:
        server.answers(failure("ACQ.TRADE_NOT_EXIST"))
        assert not (await channel.query_split(SPLIT_KEY, now=NOW)).known

    async def test_needs_alipays_number_of_the_payment(self, server: Peer, channel: Alipay) -> None:
        key = SplitKey(order=order_key(), out_split_no="S1", requested_at=NOW)
        with pytest.raises(InvalidRequest, match="transaction_no"):
            await channel.query_split(key, now=NOW)
        assert server.calls == []

    async def test_without_parts_is_not_possible(self, server: Peer, channel: Alipay) -> None:
        request = SplitRequest(order=PAID_ORDER, out_split_no="S1", parts=(), finish=True, requested_at=NOW)
        with pytest.raises(ChannelFailed) as failed:
            await channel.split(request, now=NOW)
        assert failed.value.code == "channel_unsupported"
        assert server.calls == []

    async def test_is_not_returned_without_a_refund(self, server: Peer, channel: Alipay) -> None:
        request = SplitReturnRequest(
            split=SPLIT_KEY, out_return_no="B1", account_no=RECEIVER, amount=30, reason="x", requested_at=NOW
        )
        with pytest.raises(ChannelFailed) as failed:
            await channel.return_split(request, now=NOW)
        assert failed.value.code == "channel_unsupported"
        assert await channel.query_split_return(request, now=NOW) is None
        assert server.calls == []

    async def test_receiver_is_always_bound_under_the_same_number(
        self, server: Peer, channel: Alipay
    ) -> None:
        server.answers(*[success(result_code="SUCCESS")] * 2)
        receiver = Receiver(
            kind=ReceiverKind.MERCHANT, account_no=RECEIVER, name="供应商", relation="SUPPLIER"
        )
        for _ in range(2):
            await channel.add_receiver(receiver, now=NOW)
        first, second = (call.content for call in server.calls)
        assert first == second
        assert first["receiver_list"] == [
            {"type": "userId", "account": RECEIVER, "name": "供应商", "memo": "SUPPLIER"}
        ]


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
