"""Notices of UnionPay: which are believed, and what each is answered."""

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from tests.channels.unionpay import peer
from tests.channels.unionpay.sandbox import Sandbox
from tests.vectors import unionpay as vectors

from feiqian.channels import (
    ChannelPaymentState,
    ChannelTransferState,
    Notice,
    NoticeFault,
    NoticeRefused,
    UnionPay,
    UnionPayConfig,
)
from feiqian.infra.http import HttpClient

FIELDS = {
    "version": "5.1.0", "encoding": "UTF-8", "signMethod": "01", "accessType": "0", "merId": peer.MER_ID,
    "orderId": "order00001", "txnTime": "20260302115900", "txnType": "01", "txnSubType": "01", "bizType": "000201",
    "txnAmt": "100", "currencyCode": "156", "queryId": "052603021159000000010", "traceNo": "000001",
    "traceTime": "0302115930", "settleAmt": "100", "settleDate": "0302", "respCode": "00", "respMsg": "成功[0000000]",
    "reqReserved": "a=b&c", "reserved": "{x=1&y=2}",
}  # fmt: skip


def posted(fields: dict[str, str]) -> bytes:
    return urlencode(fields).encode()


def read(body: bytes, config: UnionPayConfig | None = None, now: datetime = peer.NOW) -> Notice:
    channel = UnionPay(config=config or peer.config(), http=HttpClient())
    return channel.read_notice(headers={}, body=body, now=now)


def refused(body: bytes, config: UnionPayConfig | None = None, now: datetime = peer.NOW) -> NoticeFault:
    with pytest.raises(NoticeRefused) as refusal:
        read(body, config, now)
    return refusal.value.reason


@pytest.mark.anyio
class TestANoticeOfTheSimulator:
    async def test_comes_twice_with_the_same_content(self, sandbox: Sandbox) -> None:
        sandbox.listen()
        await sandbox.behave(callback="duplicated")
        await sandbox.pay()
        first, second = (sandbox.read(body) for body in await sandbox.notices(2))
        assert first == second

    @pytest.mark.parametrize("behaviour", ["wrong_amount", "wrong_currency"])
    async def test_that_misstates_is_passed_on_as_it_is(self, sandbox: Sandbox, behaviour: str) -> None:
        sandbox.listen()
        await sandbox.behave(callback=behaviour)
        key = await sandbox.pay()
        (payment,) = (await sandbox.notice()).payments
        asked = await sandbox.channel.query(key, now=sandbox.now)
        assert (asked.amount, asked.currency) == (10_000, "CNY")
        assert (payment.amount, payment.currency) != (asked.amount, asked.currency)

    @pytest.mark.parametrize(
        ("behaviour", "reason"),
        [
            ("wrong_merid", NoticeFault.MERCHANT_WRONG),
            ("tampered", NoticeFault.SIGNATURE_WRONG),
            ("expired_certificate", NoticeFault.SERIAL_UNKNOWN),
            ("foreign_certificate", NoticeFault.SERIAL_UNKNOWN),
        ],
    )
    async def test_that_is_not_right_is_refused(
        self, sandbox: Sandbox, behaviour: str, reason: NoticeFault
    ) -> None:
        sandbox.listen()
        await sandbox.behave(callback=behaviour)
        await sandbox.pay()
        body = (await sandbox.notices())[0]
        with pytest.raises(NoticeRefused) as refusal:
            sandbox.read(body)
        assert refusal.value.reason is reason

    async def test_is_believed_late(self, sandbox: Sandbox) -> None:
        sandbox.listen()
        await sandbox.behave(callback="late", late_s=90)
        key = await sandbox.pay()
        paid_at = sandbox.now
        await sandbox.set_clock(sandbox.now + timedelta(seconds=90))
        (payment,) = (await sandbox.notice()).payments
        assert (payment.out_trade_no, payment.paid_at) == (key.out_trade_no, paid_at)

    async def test_is_believed_when_it_was_overtaken(self, sandbox: Sandbox) -> None:
        sandbox.listen()
        await sandbox.behave(callback="reordered")
        key = await sandbox.pay()
        await sandbox.channel.refund(sandbox.refund_of(key, 100), now=sandbox.now)
        bodies = await sandbox.notices(2)
        assert [sandbox.read(body).event_type for body in bodies] == ["04", "01"]

    async def test_is_believed_under_the_next_certificate_without_any_preparation(
        self, sandbox: Sandbox
    ) -> None:
        sandbox.listen()
        await sandbox.post("/sandbox/certificate", {"use": "next"})
        await sandbox.pay()
        (payment,) = (await sandbox.notice()).payments
        assert payment.state is ChannelPaymentState.PAID

    async def test_is_sent_again_until_it_is_answered_as_we_answer(self, sandbox: Sandbox) -> None:
        sandbox.listen()
        sandbox.ours.status = sandbox.channel.answer_notice("the database is away").status
        await sandbox.pay()
        await sandbox.notices(2)
        sandbox.ours.status = sandbox.channel.answer_notice(None).status
        await sandbox.set_clock(sandbox.now + timedelta(minutes=1))
        await sandbox.notices(3)
        known = await sandbox.send("GET", f"/sandbox/orders/{sandbox.number}")
        assert len(known["callbacks"]) == 1


class TestANotice:
    def test_is_read(self) -> None:
        notice = read(posted(peer.signed(FIELDS)))
        (payment,) = notice.payments
        assert notice.event_type == "01"
        assert (payment.out_trade_no, payment.transaction_no) == ("order00001", "052603021159000000010")
        assert payment.paid_at == datetime(2026, 3, 2, 3, 59, 30, tzinfo=UTC)

    def test_has_the_same_number_when_it_is_signed_anew(self) -> None:
        first = read(posted(peer.signed(FIELDS)))
        rotated = peer.signing_pem(until=peer.NOW + timedelta(days=5))
        assert read(posted(peer.signed(FIELDS, certificate_pem=rotated))).id == first.id

    def test_of_the_turn_of_the_year_is_dated_right(self) -> None:
        fields = {**FIELDS, "txnTime": "20251231235900", "traceTime": "0101000030"}
        (payment,) = read(posted(peer.signed(fields))).payments
        assert payment.paid_at == datetime(2025, 12, 31, 16, 0, 30, tzinfo=UTC)

    def test_of_a_payout_that_was_never_processed_has_its_own_time(self) -> None:
        fields = {**FIELDS, "txnType": "12", "respCode": "61"}
        del fields["traceTime"]
        transfer = read(posted(peer.signed(fields))).transfer
        assert transfer is not None
        assert (transfer.state, transfer.error_code) == (ChannelTransferState.FAILED, "61")
        assert transfer.finished_at == datetime(2026, 3, 2, 3, 59, tzinfo=UTC)

    def test_of_another_currency_names_it(self) -> None:
        for code, currency in (("840", "USD"), ("999", "999")):
            (payment,) = read(posted(peer.signed({**FIELDS, "currencyCode": code}))).payments
            assert payment.currency == currency

    @pytest.mark.parametrize("name", ["queryId", "txnAmt", "currencyCode", "traceTime", "orderId"])
    def test_without_what_a_payment_needs_is_refused(self, name: str) -> None:
        fields = {other: value for other, value in FIELDS.items() if other != name}
        assert refused(posted(peer.signed(fields))) is NoticeFault.MALFORMED

    @pytest.mark.parametrize("change", [{"txnAmt": "1.5"}, {"traceTime": "1301000000"}, {"txnAmt": "-1"}])
    def test_with_a_malformed_value_is_refused(self, change: dict[str, str]) -> None:
        assert refused(posted(peer.signed({**FIELDS, **change}))) is NoticeFault.MALFORMED

    @pytest.mark.parametrize("kind", ["03", "32", "31", "99", ""])
    def test_of_what_we_did_not_ask_for_is_refused(self, kind: str) -> None:
        assert refused(posted(peer.signed({**FIELDS, "txnType": kind}))) is NoticeFault.EVENT_UNSUPPORTED

    @pytest.mark.parametrize("body", [b"nothing", b"a=1&a=2", b"a=%ff", "a=汉".encode(), b"a"])
    def test_that_is_no_form_is_refused(self, body: bytes) -> None:
        assert refused(body) is NoticeFault.MALFORMED

    @pytest.mark.parametrize("name", ["signature", "signPubKeyCert"])
    def test_that_is_not_signed_is_refused(self, name: str) -> None:
        fields = peer.signed(FIELDS)
        del fields[name]
        assert refused(posted(fields)) is NoticeFault.HEADER_MISSING

    @pytest.mark.parametrize(
        "change", [{"txnAmt": "101"}, {"added": ""}, {"signature": "%%"}, {"signature": "AAAA"}]
    )
    def test_that_was_altered_is_refused(self, change: dict[str, str]) -> None:
        assert refused(posted({**peer.signed(FIELDS), **change})) is NoticeFault.SIGNATURE_WRONG


class TestACertificate:
    @pytest.mark.parametrize(
        "changes",
        [
            {"until": peer.NOW - timedelta(seconds=1)},
            {"since": peer.NOW + timedelta(seconds=1)},
            {"issuer": "root"},
            {"issuer": "stranger"},
            {"common_name": "041@8310000000083040@某某股份有限公司@00016495"},
            {"common_name": "中国银联股份有限公司"},
        ],
        ids=["expired", "not yet valid", "of the root", "of a stranger", "of a company", "of no company"],
    )
    def test_that_may_not_sign_is_refused(self, changes: dict[str, object]) -> None:
        fields = peer.signed(FIELDS, certificate_pem=peer.signing_pem(**changes))
        assert refused(posted(fields)) is NoticeFault.SERIAL_UNKNOWN

    def test_of_the_middle_may_not_sign(self) -> None:
        middle = peer.pem(peer.certificate("middle", issuer="root"))
        assert refused(posted(peer.signed(FIELDS, certificate_pem=middle))) is NoticeFault.SERIAL_UNKNOWN

    def test_under_the_name_of_the_middle_but_of_another_key_is_refused(self) -> None:
        impostor = peer.certificate("signing", issuer="stranger", common_name=peer.SIGNER)
        forged = impostor.public_bytes(peer.serialization.Encoding.DER).replace(
            b"stranger", b"middle\x00\x00"
        )
        text = base64.encodebytes(forged).decode()
        pem = f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----"
        assert refused(posted(peer.signed(FIELDS, certificate_pem=pem))) is NoticeFault.SERIAL_UNKNOWN

    @pytest.mark.parametrize("text", ["none", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"])
    def test_that_cannot_be_read_is_refused(self, text: str) -> None:
        assert refused(posted(peer.signed(FIELDS, certificate_pem=text))) is NoticeFault.SERIAL_UNKNOWN

    def test_is_no_longer_believed_when_it_has_expired_since(self) -> None:
        channel = UnionPay(config=peer.config(), http=HttpClient())
        body = posted(
            peer.signed(FIELDS, certificate_pem=peer.signing_pem(until=peer.NOW + timedelta(days=9)))
        )
        channel.read_notice(headers={}, body=body, now=peer.NOW)
        with pytest.raises(NoticeRefused):
            channel.read_notice(headers={}, body=body, now=peer.NOW + timedelta(days=10))


class TestARecordedNotice:
    """Of UnionPay's test environment, when its certificates named no company yet."""

    def config(self, mer_id: str) -> UnionPayConfig:
        return peer.recorded_config(mer_id=mer_id, signer_name="00040000:SIGN")

    def test_is_believed_in_its_time(self) -> None:
        now = datetime(2018, 7, 26, 3, 0, tzinfo=UTC)
        (payment,) = read(vectors.PAYMENT_NOTICE_FORM, self.config("700000000000001"), now).payments
        assert (payment.out_trade_no, payment.amount, payment.currency) == (
            "201807251814000000175473",
            136,
            "CNY",
        )
        assert payment.transaction_no == "951807261002324791038"
        assert payment.paid_at == datetime(2018, 7, 26, 2, 2, 32, tzinfo=UTC)

    def test_is_not_believed_after_it(self) -> None:
        now = datetime(2021, 1, 1, tzinfo=UTC)
        reason = refused(vectors.PAYMENT_NOTICE_FORM, self.config("700000000000001"), now)
        assert reason is NoticeFault.SERIAL_UNKNOWN

    def test_is_not_believed_under_the_companys_name(self) -> None:
        now = datetime(2018, 7, 26, 3, 0, tzinfo=UTC)
        config = peer.recorded_config(mer_id="700000000000001")
        assert refused(vectors.PAYMENT_NOTICE_FORM, config, now) is NoticeFault.SERIAL_UNKNOWN

    def test_is_nothing_for_another_merchant(self) -> None:
        now = datetime(2018, 7, 26, 3, 0, tzinfo=UTC)
        assert (
            refused(vectors.PAYMENT_NOTICE_FORM, self.config(peer.MER_ID), now) is NoticeFault.MERCHANT_WRONG
        )


class TestTheAnswer:
    def test_is_200_for_taken_and_anything_else_for_again(self) -> None:
        channel = UnionPay(config=peer.config(), http=HttpClient())
        assert (channel.answer_notice(None).status, channel.answer_notice(None).body) == (200, b"ok")
        assert channel.answer_notice("不认识").status == 400
