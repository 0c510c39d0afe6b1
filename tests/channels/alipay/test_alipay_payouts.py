"""Transfers and splits over real HTTP to a server that answers as the documentation says."""

from datetime import UTC, datetime

import pytest
from tests.channels.alipay import peer
from tests.channels.alipay.peer import NOW, Peer, failure, order_key, success

from feiqian.channels import (
    Alipay,
    ChannelFailed,
    ChannelTransferState,
    ChannelUnknown,
    Payee,
    PayeeKind,
    Receiver,
    ReceiverKind,
    SplitKey,
    SplitPart,
    SplitPartState,
    SplitRequest,
    SplitReturnRequest,
    TransferKey,
    TransferRequest,
)
from feiqian.kernel.errors import InvalidRequest

pytestmark = pytest.mark.anyio

PAID_AT = datetime(2026, 3, 2, 3, 59, 30, tzinfo=UTC)


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
