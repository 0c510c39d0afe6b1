"""Notifications: believed only when signature, application and seller are right."""

import json
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from tests.channels.alipay import peer
from tests.channels.alipay.peer import NOW
from tests.vectors import alipay as vectors

from feiqian.channels import (
    Alipay,
    AlipayConfig,
    ChannelPayment,
    ChannelPaymentState,
    ChannelTransferState,
    Notice,
    NoticeFault,
    NoticeRefused,
)
from feiqian.infra.http import HttpClient


def read(body: bytes, config: AlipayConfig | None = None) -> Notice:
    channel = Alipay(config=config or peer.config(), http=HttpClient())
    return channel.read_notice(headers={}, body=body, now=NOW)


def refused(body: bytes, config: AlipayConfig | None = None) -> NoticeFault:
    with pytest.raises(NoticeRefused) as refusal:
        read(body, config)
    return refusal.value.reason


class TestANotificationOfAPayment:
    def test_is_translated(self) -> None:
        notice = read(peer.notification())
        assert notice == Notice(
            id="2026030201222162644199160501632046",
            event_type="TRADE_SUCCESS",
            payments=(
                ChannelPayment(
                    out_trade_no="P000001",
                    state=ChannelPaymentState.PAID,
                    transaction_no=peer.TRADE_NO,
                    amount=100,
                    payer_amount=90,
                    currency="CNY",
                    mchid=peer.SELLER_ID,
                    appid=peer.APP_ID,
                    paid_at=datetime(2026, 3, 2, 3, 59, 30, tzinfo=UTC),
                    payer="2088722003899169",
                ),
            ),
        )

    def test_recorded_at_alipay_is_read(self) -> None:
        config = peer.config(
            app_id=vectors.APP_ID,
            seller_id=vectors.SELLER_ID,
            alipay_public_key=None,
            app_certificate=(vectors.CERTIFICATES / "application.crt").read_text(),
            alipay_certificate=(vectors.CERTIFICATES / "alipay.crt").read_text(),
            alipay_root_certificate=(vectors.CERTIFICATES / "alipay_root.crt").read_text(),
        )
        (payment,) = read(urlencode(vectors.NOTIFICATION).encode(), config).payments
        assert (payment.out_trade_no, payment.amount) == ("1703147160", 1)
        assert payment.paid_at == datetime(2023, 12, 21, 8, 26, 43, tzinfo=UTC)

    def test_comes_again_with_the_same_content(self) -> None:
        assert read(peer.notification()) == read(peer.notification())

    @pytest.mark.parametrize(
        ("change", "state"),
        [
            ({"trade_status": "TRADE_FINISHED"}, ChannelPaymentState.PAID),
            ({"trade_status": "WAIT_BUYER_PAY", "gmt_payment": None}, ChannelPaymentState.NOT_PAID),
            ({"trade_status": "TRADE_CLOSED", "gmt_payment": None}, ChannelPaymentState.CLOSED),
            ({"trade_status": "TRADE_CLOSED", "refund_fee": "1.00"}, ChannelPaymentState.REFUNDED),
            ({"refund_fee": "0.40", "out_biz_no": "R1"}, ChannelPaymentState.REFUNDED),
        ],
    )
    def test_translates_every_state(self, change: dict[str, str | None], state: ChannelPaymentState) -> None:
        notice = read(peer.notification(**change))  # pyright: ignore[reportArgumentType]
        assert [payment.state for payment in notice.payments] == [state]

    def test_says_nothing_final_about_a_refund(self) -> None:
        """refund_fee is what was refunded of the order in all: a query decides about each refund."""
        notice = read(
            peer.notification(refund_fee="0.40", out_biz_no="R1", gmt_refund="2026-03-02 12:00:00.1")
        )
        assert notice.refund is None

    def test_may_be_signed_with_either_key_while_they_change(self) -> None:
        both = peer.config(alipay_public_key=peer.public_pem("alipay") + peer.public_pem("rotated"))
        for key in ("alipay", "rotated"):
            assert read(peer.notification(key=key), both).payments

    def test_may_name_the_certificate(self) -> None:
        sn = peer.sn_of(peer.certificate("alipay", "root"))
        assert read(peer.notification(alipay_cert_sn=sn), peer.certificate_config()).payments
        other = peer.notification(alipay_cert_sn="0" * 32)
        assert refused(other, peer.certificate_config()) is NoticeFault.SERIAL_UNKNOWN


class TestANotificationIsRefused:
    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            pytest.param(peer.notification(sign=False), NoticeFault.HEADER_MISSING, id="unsigned"),
            pytest.param(peer.notification(key="stranger"), NoticeFault.SIGNATURE_WRONG, id="stranger"),
            pytest.param(
                peer.notification().replace(b"total_amount=1.00", b"total_amount=0.01"),
                NoticeFault.SIGNATURE_WRONG,
                id="tampered",
            ),
            pytest.param(peer.notification() + b"&extra=1", NoticeFault.SIGNATURE_WRONG, id="added to"),
            pytest.param(
                peer.notification() + b"&total_amount=1.00", NoticeFault.MALFORMED, id="a field twice"
            ),
            pytest.param(
                peer.notification(app_id="9021000122682883"), NoticeFault.MERCHANT_WRONG, id="application"
            ),
            pytest.param(peer.notification(app_id=None), NoticeFault.MERCHANT_WRONG, id="no application"),
            pytest.param(
                peer.notification(seller_id="2088721003899150"), NoticeFault.MERCHANT_WRONG, id="seller"
            ),
            pytest.param(peer.notification(seller_id=None), NoticeFault.MALFORMED, id="no seller"),
            pytest.param(peer.notification(notify_id=None), NoticeFault.MALFORMED, id="no number"),
            pytest.param(peer.notification(out_trade_no=None), NoticeFault.MALFORMED, id="no order"),
            pytest.param(peer.notification(trade_status="NEW"), NoticeFault.MALFORMED, id="state"),
            pytest.param(peer.notification(total_amount="x"), NoticeFault.MALFORMED, id="amount"),
            pytest.param(peer.notification(total_amount="1.001"), NoticeFault.MALFORMED, id="part of a fen"),
            pytest.param(peer.notification(total_amount=None), NoticeFault.MALFORMED, id="no amount"),
            pytest.param(peer.notification(gmt_payment="soon"), NoticeFault.MALFORMED, id="time"),
            pytest.param(peer.notification(gmt_payment=None), NoticeFault.MALFORMED, id="no time"),
            pytest.param(
                peer.notification(notify_type="dut_user_sign"), NoticeFault.EVENT_UNSUPPORTED, id="event"
            ),
            pytest.param(peer.notification(notify_type=None), NoticeFault.EVENT_UNSUPPORTED, id="no event"),
            pytest.param(b"", NoticeFault.HEADER_MISSING, id="nothing"),
            pytest.param(b"garbage", NoticeFault.MALFORMED, id="garbage"),
            pytest.param(b"{}", NoticeFault.MALFORMED, id="JSON"),
            pytest.param(b"\xff=\xfe", NoticeFault.MALFORMED, id="bytes"),
            pytest.param(b"a=%ff", NoticeFault.MALFORMED, id="no UTF-8"),
            pytest.param(b"&".join([b"a=1"] * 300), NoticeFault.MALFORMED, id="300 fields"),
        ],
    )
    def test_for_a_reason(self, body: bytes, reason: NoticeFault) -> None:
        assert refused(body) is reason


class TestANotificationOfATransfer:
    def body(self, **changes: object) -> bytes:
        content = {
            "out_biz_no": "T1",
            "order_id": "2026x",
            "status": "REFUND",
            "trans_amount": "12.34",
            "pay_date": "2026-03-02 11:59:30",
            **changes,
        }
        return peer.form(
            {
                "app_id": peer.APP_ID,
                "biz_content": json.dumps(content),
                "charset": "UTF-8",
                "msg_method": "alipay.fund.trans.order.changed",
                "notify_id": "2026n",
                "utc_timestamp": "1772422770000",
                "version": "1.1",
            }
        )

    def test_is_translated(self) -> None:
        transfer = read(self.body()).transfer
        assert transfer is not None
        assert (transfer.out_transfer_no, transfer.state) == ("T1", ChannelTransferState.RETURNED)
        assert transfer.amount == 1_234

    @pytest.mark.parametrize("change", [{"out_biz_no": None}, {"status": "NEW"}, {"trans_amount": "x"}])
    def test_that_cannot_be_is_refused(self, change: dict[str, object]) -> None:
        assert refused(self.body(**change)) is NoticeFault.MALFORMED


class TestTheAnswer:
    def test_is_the_bare_word_success(self) -> None:
        answer = Alipay(config=peer.config(), http=HttpClient()).answer_notice(None)
        assert (answer.status, answer.body, answer.content_type) == (200, b"success", "text/plain")

    def test_is_any_other_to_be_told_again(self) -> None:
        answer = Alipay(config=peer.config(), http=HttpClient()).answer_notice("not now")
        assert answer.body == b"fail"
