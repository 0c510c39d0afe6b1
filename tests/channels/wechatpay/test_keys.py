"""WeChat Pay changes its keys while calls and callbacks are under way."""

from pathlib import Path

import msgspec
import pytest
from tests.channels.orders import order_key
from tests.channels.wechatpay.conftest import opened
from tests.channels.wechatpay.sandbox import Sandbox, config, simulating

from feiqian.channels import (
    ChannelPaymentState,
    ChannelUnknown,
    NoticeFault,
    NoticeRefused,
    Receiver,
    ReceiverKind,
    WechatPay,
)
from feiqian.infra.http import HttpClient

pytestmark = pytest.mark.anyio

CERTIFICATE = "platform_certificate"


async def rotate(sandbox: Sandbox, *steps: str, kind: str = CERTIFICATE) -> None:
    for step in steps:
        await sandbox.post("/sandbox/rotation", {"kind": kind, "step": step})


class TestTheKeys:
    async def test_are_refreshed(self, sandbox: Sandbox) -> None:
        serials = await sandbox.channel.refresh_certificates(now=sandbox.now)
        assert sandbox.credentials["platform_certificate_serial_no"] in serials

    @pytest.mark.parametrize("left_out", ["public_key", "platform_certificates"])
    async def test_of_either_kind_suffice(
        self, sandbox: Sandbox, simulator: tuple[str, Path], left_out: str
    ) -> None:
        empty = {"public_key": None, "public_key_id": None} if left_out == "public_key" else {left_out: {}}
        async with HttpClient() as http:
            channel = WechatPay(config=config(*simulator, **empty), http=http)
            payment = await channel.query(order_key("never-placed"), now=sandbox.now)
        assert payment.state is ChannelPaymentState.UNKNOWN_TO_CHANNEL


class TestARotationOfCertificates:
    async def test_disturbs_no_call(self, own_sandbox: Sandbox) -> None:
        channel, number = own_sandbox.channel, own_sandbox.number()
        await channel.prepay(own_sandbox.order(number), now=own_sandbox.now)
        for step in ("announce", "switch", "retire"):
            await rotate(own_sandbox, step)
            await own_sandbox.later(minutes=2)
            found = await channel.query(own_sandbox.key(number), now=own_sandbox.now)
            assert found.state is ChannelPaymentState.NOT_PAID
            await channel.prepay(own_sandbox.order(own_sandbox.number()), now=own_sandbox.now)

    async def test_lets_a_callback_be_believed_after_the_next_call(self, own_sandbox: Sandbox) -> None:
        channel, number = own_sandbox.channel, own_sandbox.number()
        await channel.prepay(own_sandbox.order(number), now=own_sandbox.now)
        await rotate(own_sandbox, "announce", "switch")
        await own_sandbox.post("/sandbox/pay", {"out_trade_no": number})
        with pytest.raises(NoticeRefused) as refused:
            await own_sandbox.notice()
        assert refused.value.reason is NoticeFault.SERIAL_UNKNOWN
        paid = await channel.query(own_sandbox.key(number), now=own_sandbox.now)
        assert paid.state is ChannelPaymentState.PAID
        assert (await own_sandbox.notice()).payments == (paid,)

    async def test_encrypts_for_the_certificate_in_force(self, own_sandbox: Sandbox) -> None:
        await rotate(own_sandbox, "announce", "switch", "retire")
        await own_sandbox.channel.query(order_key("never-placed"), now=own_sandbox.now)
        shop = Receiver(
            kind=ReceiverKind.MERCHANT, account_no="1800000777", name="示例商户", relation="STORE"
        )
        await own_sandbox.channel.add_receiver(shop, now=own_sandbox.now)


class TestARotationOfThePublicKey:
    async def test_is_not_believed_before_a_person_gives_the_new_key(self, tmp_path: Path) -> None:
        with simulating(tmp_path) as started:
            async with opened(started, platform_certificates={}) as sandbox:
                number = sandbox.number()
                await sandbox.channel.prepay(sandbox.order(number), now=sandbox.now)
                await rotate(sandbox, "announce", "switch", "retire", kind="public_key")
                with pytest.raises(ChannelUnknown) as unknown:
                    await sandbox.channel.query(sandbox.key(number), now=sandbox.now)
                assert unknown.value.code == "channel_untrusted"
                given = msgspec.json.decode(started[1].read_bytes())["later_keys"][-1]
                new = config(*started, public_key_id=given["serial"], public_key=given["public"])
                async with HttpClient() as http:
                    channel = WechatPay(config=new, http=http)
                    found = await channel.query(sandbox.key(number), now=sandbox.now)
        assert found.state is ChannelPaymentState.NOT_PAID
