"""Which answers are believed: a recorded one, ours of the test, and those of a simulator told to misbehave."""

import base64
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qsl

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from tests.channels.unionpay import peer
from tests.channels.unionpay.peer import Peer
from tests.channels.unionpay.sandbox import PERSON, Sandbox
from tests.vectors import unionpay as vectors

from feiqian.channels import (
    ChannelFailed,
    ChannelPaymentState,
    ChannelRefundState,
    ChannelUnknown,
    OrderKey,
    PaymentMethod,
    RefundRequest,
    TransferRequest,
    UnionPay,
)
from feiqian.infra.http import HttpClient

pytestmark = pytest.mark.anyio

KEY = OrderKey(out_trade_no="order00001", method=PaymentMethod.UNIONPAY_B2C, placed_at=peer.NOW)
SAID = {
    "accessType": "0", "bizType": "000000", "encoding": "UTF-8", "merId": peer.MER_ID, "orderId": "order00001",
    "origRespCode": "05", "origRespMsg": "请稍后查询", "respCode": "00", "respMsg": "成功[0000000]", "signMethod": "01",
    "txnAmt": "100", "currencyCode": "156", "txnSubType": "01", "txnTime": "20260302120000", "txnType": "01",
    "version": "5.1.0",
}  # fmt: skip


class TestTheRecordedAnswer:
    async def test_to_a_refund_is_believed(self, server: Peer) -> None:
        asked_at = datetime(2024, 1, 5, 8, 58, 42, tzinfo=UTC)
        order = OrderKey(
            out_trade_no="pay20240105",
            method=PaymentMethod.UNIONPAY_B2C,
            placed_at=asked_at,
            transaction_no="052401051658427862748",
        )
        request = RefundRequest(
            order=order,
            out_refund_no="refundpay20240105165842",
            amount=1,
            total=1,
            currency="CNY",
            requested_at=asked_at,
        )
        server.answers.append(vectors.REFUND_ANSWER)
        async with HttpClient() as http:
            config = peer.recorded_config(server.base_url, mer_id="777290058167151")
            refund = await UnionPay(config=config, http=http).refund(request, now=asked_at)
        assert refund.channel_refund_no == "052401051658427863998"
        assert refund.state is ChannelRefundState.PROCESSING
        path, body = server.requests[0]
        assert path == "/gateway/api/backTransReq.do"
        assert b"orderId=refundpay20240105165842" in body
        assert b"txnTime=20240105165842" in body


class TestAnAnswer:
    async def ask(self, server: Peer, channel: UnionPay, body: bytes) -> ChannelPaymentState:
        server.answers.append(body)
        return (await channel.query(KEY, now=peer.NOW)).state

    async def code(self, server: Peer, channel: UnionPay, body: bytes) -> str:
        with pytest.raises(ChannelUnknown) as unknown:
            await self.ask(server, channel, body)
        return unknown.value.code

    async def test_is_believed_with_its_signature(self, server: Peer, channel: UnionPay) -> None:
        assert await self.ask(server, channel, peer.answer(SAID)) is ChannelPaymentState.NOT_PAID

    @pytest.mark.parametrize(
        "words",
        ["成功&失败", "a=b", "a & b = c", "{a=1&b=2}", "", "x&y=1"],
        ids=lambda words: words or "none",
    )
    async def test_may_hold_separators_in_its_words(
        self, server: Peer, channel: UnionPay, words: str
    ) -> None:
        body = peer.answer({**SAID, "respMsg": words})
        if words == "x&y=1":
            # This reads as two fields, whose text in order is another: it is refused rather than guessed.
            assert await self.code(server, channel, body) == "channel_untrusted"
        else:
            assert await self.ask(server, channel, body) is ChannelPaymentState.NOT_PAID

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b"", "channel_unanswered"),
            (b"<html>502</html>", "channel_unreadable"),
            (b"\xff\xfe", "channel_unreadable"),
            (b"respCode=00", "channel_untrusted"),
            (b"respCode=34&respMsg=x&signature=x&signPubKeyCert=y", "channel_untrusted"),
            (b"a=1&a=2", "channel_unreadable"),
            (peer.answer(SAID).replace(b"txnAmt=100", b"txnAmt=101"), "channel_untrusted"),
            (peer.answer({**SAID, "orderId": "order00002"}), "channel_unreadable"),
            (peer.answer({**SAID, "txnTime": "20260302120001"}), "channel_unreadable"),
            (peer.answer({**SAID, "merId": "777290058110097"}), "channel_unreadable"),
            (peer.answer({**SAID, "origRespCode": "00"}), "channel_unreadable"),
            (peer.answer({n: v for n, v in SAID.items() if n != "origRespCode"}), "channel_unreadable"),
            (peer.answer({**SAID, "respCode": "99"}), "channel_busy"),
            (peer.answer({**SAID, "respCode": "ZZ"}), "channel_busy"),
        ],
    )
    async def test_that_is_not_right_leaves_everything_open(
        self, server: Peer, channel: UnionPay, body: bytes, code: str
    ) -> None:
        assert await self.code(server, channel, body) == code

    async def test_under_another_status_leaves_everything_open(self, server: Peer, channel: UnionPay) -> None:
        server.status = 502
        assert await self.code(server, channel, peer.answer(SAID)) == "channel_unanswered"

    async def test_never_came_when_nobody_listens(self) -> None:
        async with HttpClient() as http:
            channel = UnionPay(config=peer.config(), http=http)
            with pytest.raises(ChannelFailed) as failed:
                await channel.query(KEY, now=peer.NOW)
        assert (failed.value.code, failed.value.retryable) == ("channel_unreachable", True)


class TestAPayoutsAccountNumber:
    @pytest.mark.parametrize("agreed", [True, False])
    async def test_is_encrypted_where_that_is_agreed(self, server: Peer, agreed: bool) -> None:
        certificate = peer.pem(peer.certificate("encrypting", issuer="middle")) if agreed else None
        config = peer.config(server.base_url, encrypt_certificate=certificate)
        request = TransferRequest(
            out_transfer_no="payout0001",
            payee=PERSON,
            amount=1,
            currency="CNY",
            memo="工资 & 奖金",
            requested_at=peer.NOW,
        )
        async with HttpClient() as http:
            with pytest.raises(ChannelUnknown):
                await UnionPay(config=config, http=http).transfer(request, now=peer.NOW)
        sent = dict(parse_qsl(server.requests[0][1].decode()))
        if agreed:
            raw = base64.b64decode(sent["accNo"])
            plain = peer.key_named("encrypting").decrypt(raw, padding.PKCS1v15()).decode()
            assert sent["encryptCertId"] == "68759663125"
        else:
            plain = sent["accNo"]
            assert "encryptCertId" not in sent
        assert plain == PERSON.account_no
        assert base64.b64decode(sent["customerInfo"]).decode() == "{customerNm=张三}"
        assert sent["billNo"] == "工资   奖金"


class TestAHostileAnswer:
    """Of the simulator, after it has done what was asked."""

    @pytest.mark.parametrize(
        ("mode", "code"),
        [
            ("lost", "channel_unanswered"),
            ("empty", "channel_unanswered"),
            ("huge", "channel_unanswered"),
            ("garbage", None),
        ],
    )
    async def test_is_unknown_until_queried(self, sandbox: Sandbox, mode: str, code: str | None) -> None:
        request = sandbox.refund_of(await sandbox.pay(), 100)
        await sandbox.behave(answer=mode, answer_path="backTransReq")
        with pytest.raises(ChannelUnknown) as unknown:
            await sandbox.channel.refund(request, now=sandbox.now)
        assert code in (None, unknown.value.code)
        refund = await sandbox.channel.query_refund(sandbox.refund_key(request), now=sandbox.now)
        assert (refund.state, refund.amount) == (ChannelRefundState.SUCCEEDED, 100)

    async def test_may_be_slow(self, sandbox: Sandbox) -> None:
        request = sandbox.refund_of(await sandbox.pay(), 100)
        await sandbox.behave(answer="slow", answer_path="backTransReq", slow_s=0.2)
        refund = await sandbox.channel.refund(request, now=sandbox.now)
        assert refund.state is ChannelRefundState.PROCESSING

    @pytest.mark.parametrize(
        ("mode", "code"), [("error", "channel_closed"), ("rate_limited", "channel_rate_limited")]
    )
    async def test_may_be_a_refusal_with_nothing_done(self, sandbox: Sandbox, mode: str, code: str) -> None:
        request = sandbox.refund_of(await sandbox.pay(), 100)
        await sandbox.behave(answer=mode, answer_path="backTransReq")
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.refund(request, now=sandbox.now)
        assert (failed.value.code, failed.value.retryable) == (code, True)
        refund = await sandbox.channel.query_refund(sandbox.refund_key(request), now=sandbox.now)
        assert refund.state is ChannelRefundState.UNKNOWN_TO_CHANNEL

    @pytest.mark.parametrize("mode", ["expired", "foreign"])
    async def test_under_a_bad_certificate_is_not_believed(self, sandbox: Sandbox, mode: str) -> None:
        request = sandbox.refund_of(await sandbox.pay(), 100)
        await sandbox.behave(certificate=mode)
        with pytest.raises(ChannelUnknown) as unknown:
            await sandbox.channel.refund(request, now=sandbox.now)
        assert unknown.value.code == "channel_untrusted"
        refund = await sandbox.channel.query_refund(sandbox.refund_key(request), now=sandbox.now)
        assert refund.state is ChannelRefundState.SUCCEEDED

    async def test_comes_under_the_next_certificate_after_a_rotation(self, sandbox: Sandbox) -> None:
        key = await sandbox.pay()
        await sandbox.post("/sandbox/certificate", {"use": "next"})
        assert (await sandbox.channel.query(key, now=sandbox.now)).state is ChannelPaymentState.PAID

    async def test_to_a_file_request_is_believed_as_any(self, sandbox: Sandbox) -> None:
        await sandbox.set_clock(sandbox.now + timedelta(days=1))
        await sandbox.behave(certificate="foreign")
        with pytest.raises(ChannelUnknown):
            await sandbox.channel.download_bill(date(2026, 3, 1), now=sandbox.now)
