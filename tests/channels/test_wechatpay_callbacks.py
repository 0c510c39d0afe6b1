"""Callbacks: what is believed, and everything that is refused by name."""

import json
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from tests.channels import wechat
from tests.channels.wechat import NOW
from tests.vectors import wechatpay as vectors

from feiqian.channels import (
    ChannelPayment,
    ChannelPaymentState,
    ChannelRefund,
    ChannelRefundState,
    ChannelTransfer,
    ChannelTransferState,
    Notice,
    NoticeFault,
    NoticeRefused,
    WechatPay,
)
from feiqian.infra.http import HttpClient

REFUND = {
    "mchid": wechat.MCHID,
    "transaction_id": "1008450740201411110005820873",
    "out_trade_no": "order-000001",
    "refund_id": "50200207182018070300011301001",
    "out_refund_no": "refund-1",
    "refund_status": "SUCCESS",
    "success_time": "2026-03-02T11:58:00+08:00",
    "user_received_account": "招商银行信用卡0403",
    "amount": {"total": 999, "refund": 333, "payer_total": 999, "payer_refund": 333},
}
"""As the documentation shows it: without a currency."""


def read(body: bytes, headers: dict[str, str] | None = None) -> Notice:
    channel = WechatPay(config=wechat.config(), http=HttpClient())
    return channel.read_notice(headers=headers or wechat.signed(body), body=body, now=NOW)


def refused(body: bytes, headers: dict[str, str] | None = None) -> NoticeFault:
    with pytest.raises(NoticeRefused) as refusal:
        read(body, headers)
    assert refusal.value.status == 401
    assert refusal.value.sentence("zh").startswith("渠道通知被拒绝")
    return refusal.value.reason


class TestAPaymentNotice:
    def test_brings_what_was_paid_to_whom(self) -> None:
        assert read(wechat.envelope(wechat.transaction())) == Notice(
            id="EV-2018022511223320873",
            event_type="TRANSACTION.SUCCESS",
            payments=(
                ChannelPayment(
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
                ),
            ),
        )

    def test_passes_a_wrong_amount_on_for_others_to_judge(self) -> None:
        amount = {"total": 1, "payer_total": 1, "currency": "CNY"}
        notice = read(wechat.envelope(wechat.transaction(amount=amount)))
        assert notice.payments[0].amount == 1

    def test_reads_the_same_every_time_it_comes(self) -> None:
        body = wechat.envelope(wechat.transaction())
        assert read(body) == read(body)


class TestACombinedOrdersNotice:
    COMBINED: ClassVar[dict[str, object]] = {
        "combine_appid": wechat.APPID,
        "combine_mchid": wechat.MCHID,
        "combine_out_trade_no": "all-1",
        "combine_payer_info": {"openid": "oBuyer"},
        "sub_orders": [
            {
                "mchid": wechat.MCHID,
                "trade_type": "JSAPI",
                "trade_state": "SUCCESS",
                "attach": "A",
                "success_time": "2026-03-02T11:59:30+08:00",
                "amount": {"total_amount": total, "payer_amount": total, "currency": "CNY"},
                "transaction_id": f"42000000{total}",
                "out_trade_no": f"sub-{total}",
                "sub_mchid": sub_mchid,
            }
            for total, sub_mchid in ((100, "1800000001"), (200, None))
        ],
    }
    """As the documentation shows it."""

    def test_brings_each_of_them(self) -> None:
        payments = read(wechat.envelope(self.COMBINED)).payments
        assert [(one.out_trade_no, one.amount, one.mchid, one.payer) for one in payments] == [
            ("sub-100", 100, "1800000001", "oBuyer"),
            ("sub-200", 200, wechat.MCHID, "oBuyer"),
        ]

    def test_about_somebody_else_is_refused(self) -> None:
        body = wechat.envelope({**self.COMBINED, "combine_mchid": "1900000110"})
        assert refused(body) is NoticeFault.MERCHANT_WRONG

    @pytest.mark.parametrize(
        "sub_orders", [[], None, [{"mchid": "1900000109", "out_trade_no": "x", "trade_state": "SUCCESS"}]]
    )
    def test_that_says_too_little_is_refused(self, sub_orders: object) -> None:
        assert refused(wechat.envelope({**self.COMBINED, "sub_orders": sub_orders})) is NoticeFault.MALFORMED


class TestAServiceProvidersNotice:
    def test_names_the_merchant_that_was_credited(self) -> None:
        content = wechat.transaction(sp_mchid=wechat.MCHID, sp_appid=wechat.APPID, sub_mchid="1800000001")
        del content["mchid"], content["appid"]
        (payment,) = read(wechat.envelope(content)).payments
        assert (payment.mchid, payment.appid) == ("1800000001", wechat.APPID)

    def test_of_another_provider_is_refused(self) -> None:
        content = wechat.transaction(sp_mchid="1900000110", sp_appid=wechat.APPID, sub_mchid="1800000001")
        del content["mchid"], content["appid"]
        assert refused(wechat.envelope(content)) is NoticeFault.MERCHANT_WRONG


class TestATransfersNotice:
    TRANSFER: ClassVar[dict[str, object]] = {
        "out_bill_no": "plfk2020042013",
        "transfer_bill_no": "1330000071100999991182020050700019480001",
        "state": "SUCCESS",
        "mch_id": wechat.MCHID,
        "transfer_amount": 2000,
        "openid": "oReceiver",
        "create_time": "2026-03-02T11:58:00+08:00",
        "update_time": "2026-03-02T11:59:00+08:00",
    }
    """As the documentation shows it."""

    def test_brings_how_it_ended(self) -> None:
        notice = read(wechat.envelope(self.TRANSFER, event="MCHTRANSFER.BILL.FINISHED"))
        assert notice.transfer == ChannelTransfer(
            out_transfer_no="plfk2020042013",
            state=ChannelTransferState.SUCCEEDED,
            channel_no="1330000071100999991182020050700019480001",
            amount=2000,
            currency="CNY",
            finished_at=datetime(2026, 3, 2, 3, 59, tzinfo=UTC),
        )

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"state": "CANCELLED"}, "CANCELLED"),
            ({"state": "FAIL", "fail_reason": "ACCOUNT_FROZEN"}, "ACCOUNT_FROZEN"),
        ],
    )
    def test_says_why_it_failed(self, change: dict[str, str], code: str) -> None:
        body = wechat.envelope({**self.TRANSFER, **change}, event="MCHTRANSFER.BILL.FINISHED")
        transfer = read(body).transfer
        assert transfer is not None
        assert (transfer.state, transfer.error_code) == (ChannelTransferState.FAILED, code)

    def test_about_somebody_else_is_refused(self) -> None:
        body = wechat.envelope({**self.TRANSFER, "mch_id": "1900000110"}, event="MCHTRANSFER.BILL.FINISHED")
        assert refused(body) is NoticeFault.MERCHANT_WRONG


class TestARefundNotice:
    def test_brings_what_was_given_back(self) -> None:
        notice = read(wechat.envelope(REFUND, event="REFUND.SUCCESS"))
        assert notice.payments == ()
        assert notice.refund == ChannelRefund(
            out_refund_no="refund-1",
            out_trade_no="order-000001",
            state=ChannelRefundState.SUCCEEDED,
            channel_refund_no="50200207182018070300011301001",
            amount=333,
            currency="CNY",
            succeeded_at=datetime(2026, 3, 2, 3, 58, tzinfo=UTC),
        )

    @pytest.mark.parametrize(
        ("status", "state"),
        [("CLOSED", ChannelRefundState.CLOSED), ("ABNORMAL", ChannelRefundState.ABNORMAL)],
    )
    def test_says_that_the_money_did_not_arrive(self, status: str, state: ChannelRefundState) -> None:
        content = {key: value for key, value in REFUND.items() if key != "success_time"}
        body = wechat.envelope({**content, "refund_status": status}, event=f"REFUND.{status}")
        refund = read(body).refund
        assert refund is not None
        assert (refund.state, refund.succeeded_at) == (state, None)


class TestANoticeIsRefused:
    def test_when_tampered_with(self) -> None:
        body = wechat.envelope(wechat.transaction())
        changed = body.replace(b"EV-2018022511223320873", b"EV-2018022511223320874")
        assert refused(changed, wechat.signed(body)) is NoticeFault.SIGNATURE_WRONG

    @pytest.mark.parametrize("seconds", [-301, 301])
    def test_when_stale(self, seconds: int) -> None:
        body = wechat.envelope(wechat.transaction())
        headers = wechat.signed(body, moment=NOW + timedelta(seconds=seconds))
        assert refused(body, headers) is NoticeFault.STALE

    def test_when_it_is_a_probe(self) -> None:
        body = wechat.envelope(wechat.transaction())
        headers = wechat.signed(body)
        headers["Wechatpay-Signature"] = "WECHATPAY/SIGNTEST/" + headers["Wechatpay-Signature"]
        assert refused(body, headers) is NoticeFault.PROBE

    def test_when_its_serial_is_unknown(self) -> None:
        body = wechat.envelope(wechat.transaction())
        assert refused(body, wechat.signed(body, serial="7D10")) is NoticeFault.SERIAL_UNKNOWN

    def test_when_unsigned(self) -> None:
        body = wechat.envelope(wechat.transaction())
        assert refused(body, {"Content-Type": "application/json"}) is NoticeFault.HEADER_MISSING

    def test_when_sealed_with_another_key(self) -> None:
        body = wechat.envelope(wechat.transaction(), key="another-key-of-thirty-two-bytes!")
        assert refused(body) is NoticeFault.KEY_WRONG

    @pytest.mark.parametrize(
        "change", [{"mchid": "1900000110"}, {"appid": "wx0000000000000000"}, {"mchid": ""}]
    )
    def test_when_it_is_about_somebody_else(self, change: dict[str, str]) -> None:
        assert refused(wechat.envelope(wechat.transaction(**change))) is NoticeFault.MERCHANT_WRONG

    def test_when_a_refund_is_about_somebody_else(self) -> None:
        body = wechat.envelope({**REFUND, "mchid": "1900000110"}, event="REFUND.SUCCESS")
        assert refused(body) is NoticeFault.MERCHANT_WRONG

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"[]",
            b"\xff\xfe",
            b'{"id":"x"}',
            pytest.param(b"{" * 100_000, id="deep"),
            b'{"id":"","event_type":"TRANSACTION.SUCCESS","resource":{}}',
            b'{"id":7,"event_type":"TRANSACTION.SUCCESS","resource":null}',
        ],
    )
    def test_when_signed_garbage(self, body: bytes) -> None:
        assert refused(body) is NoticeFault.MALFORMED

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"null",
            b"\xff\xfe",
            b'{"out_trade_no":"order-000001"}',
            wechat.transaction(amount={"total": "100"}),
            wechat.transaction(amount={"total": 100.5}),
            wechat.transaction(amount=None),
            wechat.transaction(transaction_id=None),
            wechat.transaction(success_time=None),
            wechat.transaction(success_time="2026-03-02T11:59:30"),
            wechat.transaction(success_time="yesterday"),
            wechat.transaction(trade_state="PERHAPS"),
        ],
    )
    def test_when_the_sealed_content_is_garbage(self, content: object) -> None:
        assert refused(wechat.envelope(content)) is NoticeFault.MALFORMED

    def test_when_a_succeeded_refund_has_no_time(self) -> None:
        body = wechat.envelope({**REFUND, "success_time": None}, event="REFUND.SUCCESS")
        assert refused(body) is NoticeFault.MALFORMED

    def test_when_we_did_not_ask_for_such_events(self) -> None:
        body = wechat.envelope(REFUND, event="COUPON.USE")
        assert refused(body) is NoticeFault.EVENT_UNSUPPORTED

    def test_when_it_is_the_published_one_of_another_product(self) -> None:
        channel = WechatPay(
            config=wechat.config(platform_certificates={vectors.CERTIFICATE_SERIAL: vectors.CERTIFICATE}),
            http=HttpClient(),
        )
        with pytest.raises(NoticeRefused) as refusal:
            channel.read_notice(
                headers=vectors.NOTICE_HEADERS,
                body=vectors.NOTICE_BODY,
                now=datetime.fromtimestamp(vectors.NOTICE_TIMESTAMP, UTC),
            )
        assert refusal.value.reason is NoticeFault.EVENT_UNSUPPORTED


class TestTheNewKeyOf32Bytes:
    def test_reads_the_published_form(self) -> None:
        """The published body, sealed anew with a key of the real length and signed with the published key."""
        resource = json.loads(vectors.NOTICE_BODY)
        resource["event_type"] = "TRANSACTION.SUCCESS"
        resource["resource"] = wechat.sealed(json.dumps(wechat.transaction()).encode())
        body = json.dumps(resource).encode()
        notice = read(body)
        assert notice.id == "3119dfba-e649-5eec-ab1e-3412bc4d2e17"
