"""What is sent to share, to return and to transfer, and answers that nobody documented."""

import base64
import json

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.hashes import SHA1
from tests.channels import wechat
from tests.channels.orders import order_key
from tests.channels.wechat import NOW, Wechat, answer

from feiqian.channels import (
    ChannelFailed,
    ChannelUnknown,
    Payee,
    PayeeKind,
    Receiver,
    ReceiverKind,
    SplitKey,
    SplitPart,
    SplitPartState,
    SplitRequest,
    TransferKey,
    TransferRequest,
    WechatPay,
)
from feiqian.infra.http import HttpClient
from feiqian.kernel.errors import InvalidRequest

pytestmark = pytest.mark.anyio

ORDER = msgspec.structs.replace(order_key("order-000001"), transaction_no="4208450740201411110007820472")
PART = SplitPart(kind=ReceiverKind.MERCHANT, account_no="86693852", amount=30, description="分给商户")
SPLIT = SplitRequest(order=ORDER, out_split_no="P20150806", parts=(PART,), finish=False, requested_at=NOW)
TRANSFER = TransferRequest(
    out_transfer_no="plfk2020042013",
    payee=Payee(kind=PayeeKind.WECHATPAY, account_no="oReceiver", name="张三"),
    amount=200_000,
    currency="CNY",
    memo="三月\n货款" + "长" * 40,
    requested_at=NOW,
)
SCENE = {"transfer_scene_id": "1005", "transfer_scene_report": "岗位类型=配送员;报酬说明=三月配送费"}


def decrypted(text: str) -> str:
    """What WeChat Pay reads with the private half of its public key."""
    sha1 = OAEP(mgf=MGF1(algorithm=SHA1()), algorithm=SHA1(), label=None)
    return wechat.key_named("public_key").decrypt(base64.b64decode(text), sha1).decode()


def split_answer(**changes: object) -> dict[str, object]:
    receiver = {
        "amount": 30,
        "description": "分给商户",
        "type": "MERCHANT_ID",
        "account": "86693852",
        "result": "PENDING",
        "detail_id": "36011111111111111111111",
        "create_time": "2026-03-02T12:00:00+08:00",
        "finish_time": "1970-01-01T08:00:00+08:00",
    }
    return {
        "transaction_id": ORDER.transaction_no,
        "out_order_no": "P20150806",
        "order_id": "3008450740201411110007820472",
        "state": "PROCESSING",
        "receivers": [receiver],
        **changes,
    }


def transfer_answer(**changes: object) -> dict[str, object]:
    return {
        "mch_id": wechat.MCHID,
        "out_bill_no": "plfk2020042013",
        "transfer_bill_no": "1330000071100999991182020050700019480001",
        "appid": wechat.APPID,
        "state": "SUCCESS",
        "transfer_amount": 200_000,
        "transfer_remark": "三月货款",
        "create_time": "2026-03-02T12:00:00.120+08:00",
        "update_time": "2026-03-02T12:00:05.120+08:00",
        **changes,
    }


class TestAReceiver:
    @pytest.mark.parametrize(
        ("relation", "sent"),
        [
            ("STORE", {"relation_type": "STORE"}),
            ("代理商", {"relation_type": "CUSTOM", "custom_relation": "代理商"}),
        ],
    )
    async def test_is_introduced_with_the_name_encrypted(
        self, server: Wechat, channel: WechatPay, relation: str, sent: dict[str, str]
    ) -> None:
        server.answers(answer({"type": "MERCHANT_ID", "account": "86693852", "relation_type": "STORE"}))
        receiver = Receiver(
            kind=ReceiverKind.MERCHANT, account_no="86693852", name="示例商户", relation=relation
        )
        await channel.add_receiver(receiver, now=NOW)
        _, target, body, headers = server.requests[0]
        content = json.loads(body)
        assert target == "/v3/profitsharing/receivers/add"
        assert decrypted(content.pop("name")) == "示例商户"
        assert content == {"appid": wechat.APPID, "type": "MERCHANT_ID", "account": "86693852", **sent}
        assert headers["Wechatpay-Serial"] == wechat.PUBLIC_KEY_ID

    async def test_that_is_a_merchant_needs_a_name(self, server: Wechat, channel: WechatPay) -> None:
        receiver = Receiver(kind=ReceiverKind.MERCHANT, account_no="86693852", name="", relation="STORE")
        with pytest.raises(InvalidRequest):
            await channel.add_receiver(receiver, now=NOW)
        assert server.requests == []


class TestASplit:
    async def test_names_each_receiver(self, server: Wechat, channel: WechatPay) -> None:
        server.answers(answer(split_answer()))
        split = await channel.split(SPLIT, now=NOW)
        assert json.loads(server.requests[0][2]) == {
            "appid": wechat.APPID,
            "transaction_id": "4208450740201411110007820472",
            "out_order_no": "P20150806",
            "receivers": [
                {"type": "MERCHANT_ID", "account": "86693852", "amount": 30, "description": "分给商户"}
            ],
            "unfreeze_unsplit": False,
        }
        assert (split.finished, split.parts[0].state) == (False, SplitPartState.PENDING)

    async def test_does_not_list_what_came_back_to_us(self, server: Wechat, channel: WechatPay) -> None:
        ours = {"account": wechat.MCHID, "amount": 70, "result": "SUCCESS", "description": "解冻给分账方"}
        theirs = {"account": "86693852", "amount": 30, "result": "CLOSED", "fail_reason": "NO_RELATION"}
        server.answers(answer(split_answer(state="FINISHED", receivers=[theirs, ours])))
        found = await channel.query_split(
            SplitKey(order=ORDER, out_split_no="P20150806", requested_at=NOW), now=NOW
        )
        assert found.finished
        assert [(part.account_no, part.state, part.error_code) for part in found.parts] == [
            ("86693852", SplitPartState.FAILED, "NO_RELATION")
        ]

    @pytest.mark.parametrize(
        "change",
        [
            {"out_order_no": "P2"},
            {"transaction_id": "42"},
            {"state": "ASLEEP"},
            {"receivers": [{"account": "86693852", "amount": 30, "result": "LOST"}]},
            {"receivers": [{"account": "86693852", "amount": "30", "result": "SUCCESS"}]},
            {"order_id": None},
        ],
    )
    async def test_is_unknown_when_the_answer_is_odd(
        self, server: Wechat, channel: WechatPay, change: dict[str, object]
    ) -> None:
        server.answers(answer(split_answer(**change)))
        with pytest.raises(ChannelUnknown):
            await channel.split(SPLIT, now=NOW)

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"parts": (PART, PART)}, "parts"),
            ({"parts": (msgspec.structs.replace(PART, account_no=wechat.MCHID),)}, "parts"),
            ({"parts": ()}, "parts"),
            (
                {"parts": tuple(msgspec.structs.replace(PART, account_no=str(n)) for n in range(51))},
                "parts",
            ),
            ({"order": order_key("order-000001")}, "transaction_no"),
            ({"out_split_no": "a b"}, "out_split_no"),
        ],
    )
    async def test_that_cannot_be_is_not_sent(
        self, server: Wechat, channel: WechatPay, change: dict[str, object], field: str
    ) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            await channel.split(msgspec.structs.replace(SPLIT, **change), now=NOW)
        assert refusal.value.facts["field"] == field
        assert server.requests == []


class TestATransfer:
    async def test_says_what_its_scene_has_to_say(self, server: Wechat) -> None:
        server.answers(answer(transfer_answer(state="ACCEPTED")))
        async with HttpClient() as http:
            channel = WechatPay(config=wechat.config(server.base_url, **SCENE), http=http)
            await channel.transfer(TRANSFER, now=NOW)
        content = json.loads(server.requests[0][2])
        assert decrypted(content.pop("user_name")) == "张三"
        assert content == {
            "appid": wechat.APPID,
            "out_bill_no": "plfk2020042013",
            "transfer_scene_id": "1005",
            "openid": "oReceiver",
            "transfer_amount": 200_000,
            "transfer_remark": "三月 货款" + "长" * 27,
            "transfer_scene_report_infos": [
                {"info_type": "岗位类型", "info_content": "配送员"},
                {"info_type": "报酬说明", "info_content": "三月配送费"},
            ],
        }

    async def test_of_a_few_fen_names_nobody(self, server: Wechat) -> None:
        server.answers(answer(transfer_answer(state="ACCEPTED")))
        async with HttpClient() as http:
            channel = WechatPay(config=wechat.config(server.base_url, **SCENE), http=http)
            await channel.transfer(msgspec.structs.replace(TRANSFER, amount=29), now=NOW)
        assert "user_name" not in json.loads(server.requests[0][2])

    async def test_without_a_scene_is_not_sent(self, server: Wechat, channel: WechatPay) -> None:
        with pytest.raises(ChannelFailed) as failed:
            await channel.transfer(TRANSFER, now=NOW)
        assert (failed.value.code, failed.value.switch) == ("channel_not_configured", True)
        assert server.requests == []

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"amount": 9}, "amount"),
            ({"amount": 2_000_001}, "amount"),
            ({"currency": "USD"}, "currency"),
            ({"out_transfer_no": "with-a-dash"}, "out_transfer_no"),
            ({"payee": msgspec.structs.replace(TRANSFER.payee, name="")}, "payee.name"),
            ({"payee": msgspec.structs.replace(TRANSFER.payee, kind=PayeeKind.ALIPAY)}, "payee.kind"),
        ],
    )
    async def test_that_cannot_be_is_not_sent(
        self, server: Wechat, change: dict[str, object], field: str
    ) -> None:
        async with HttpClient() as http:
            channel = WechatPay(config=wechat.config(server.base_url, **SCENE), http=http)
            with pytest.raises(InvalidRequest) as refusal:
                await channel.transfer(msgspec.structs.replace(TRANSFER, **change), now=NOW)
        assert refusal.value.facts["field"] == field
        assert server.requests == []

    async def test_that_met_a_code_nobody_knows_may_have_been_made(self, server: Wechat) -> None:
        server.answers(answer({"code": "NEVER_SEEN", "message": "x"}, status=400))
        async with HttpClient() as http:
            channel = WechatPay(config=wechat.config(server.base_url, **SCENE), http=http)
            with pytest.raises(ChannelUnknown) as unknown:
                await channel.transfer(TRANSFER, now=NOW)
        assert (unknown.value.code, unknown.value.query_first) == ("channel_unlisted", True)

    @pytest.mark.parametrize(
        "change",
        [{"out_bill_no": "other"}, {"mch_id": "1900000110"}, {"state": "ASLEEP"}, {"transfer_amount": "1"}],
    )
    async def test_is_unknown_when_the_answer_is_odd(
        self, server: Wechat, channel: WechatPay, change: dict[str, object]
    ) -> None:
        server.answers(answer(transfer_answer(**change)))
        with pytest.raises(ChannelUnknown):
            await channel.query_transfer(
                TransferKey(out_transfer_no="plfk2020042013", requested_at=NOW), now=NOW
            )
