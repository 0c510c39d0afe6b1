"""Certificates that change while calls are under way: fetched once, believed only when sealed for us, never for ever."""

import asyncio
import json
from datetime import timedelta

import pytest
from aiohttp import web
from tests.channels import wechat
from tests.channels.orders import code_of, order_key
from tests.channels.wechat import CODE_URL, NOW, ORDER, Wechat, answer, sealed, signed

from feiqian.channels import (
    ChannelFailed,
    ChannelPaymentState,
    ChannelUnknown,
    NoticeRefused,
    Receiver,
    ReceiverKind,
    WechatPay,
)
from feiqian.infra.http import HttpClient

pytestmark = pytest.mark.anyio

NEW = "7D10"
LIST = "/v3/certificates"


def listed(key: str = wechat.API_V3_KEY) -> bytes:
    """The new certificate, sealed for us."""
    content = wechat.certificate_pem("stranger", NEW).encode()
    entry = {
        "serial_no": NEW,
        "effective_time": "2026-03-02T10:00:00+08:00",
        "expire_time": "2031-03-02T10:00:00+08:00",
        "encrypt_certificate": sealed(content, key=key, associated_data="certificate"),
    }
    return json.dumps({"data": [entry]}).encode()


def rotated(server: Wechat, *, key: str = wechat.API_V3_KEY) -> None:
    """WeChat Pay signs everything with a certificate that we do not know yet."""

    async def handler(request: web.Request) -> web.StreamResponse:
        body = listed(key) if request.path == LIST else CODE_URL
        return answer(body, headers=signed(body, key="stranger", serial=NEW))

    server.handler = handler


def asked(server: Wechat) -> int:
    """How often the certificates were asked for."""
    return [target for _, target, _, _ in server.requests].count(LIST)


class TestANewCertificate:
    async def test_is_fetched_once_for_many_calls(self, server: Wechat, channel: WechatPay) -> None:
        rotated(server)
        calls = [channel.prepay(ORDER, now=NOW) for _ in range(5)]
        assert {code_of(prepaid) for prepaid in await asyncio.gather(*calls)} == {"weixin://x"}
        assert asked(server) == 1

    async def test_sealed_with_another_key_is_not_believed(self, server: Wechat, channel: WechatPay) -> None:
        rotated(server, key="another-key-of-thirty-two-bytes!")
        with pytest.raises(ChannelUnknown) as unknown:
            await channel.prepay(ORDER, now=NOW)
        assert unknown.value.code == "channel_untrusted"
        assert unknown.value.__cause__ is not None

    async def test_is_not_asked_for_again_at_once(self, server: Wechat, channel: WechatPay) -> None:
        rotated(server, key="another-key-of-thirty-two-bytes!")
        for seconds in (0, 10, 59, 61):
            with pytest.raises(ChannelUnknown):
                await channel.prepay(ORDER, now=NOW + timedelta(seconds=seconds))
        assert asked(server) == 2

    async def test_of_a_callback_is_fetched_before_the_next_call(
        self, server: Wechat, channel: WechatPay
    ) -> None:
        body = wechat.envelope(wechat.transaction())
        headers = signed(body, key="stranger", serial=NEW)
        with pytest.raises(NoticeRefused):
            channel.read_notice(headers=headers, body=body, now=NOW)
        assert server.requests == []
        rotated(server)
        await channel.prepay(ORDER, now=NOW)
        assert server.requests[0][1] == LIST
        notice = channel.read_notice(headers=headers, body=body, now=NOW)
        assert notice.payments[0].state is ChannelPaymentState.PAID


class TestARetiredCertificate:
    async def test_is_replaced_and_the_call_made_again(self, server: Wechat) -> None:
        async def handler(request: web.Request) -> web.StreamResponse:
            if request.path == LIST:
                assert "Wechatpay-Serial" not in request.headers
                body, status = listed(), 200
            elif request.headers["Wechatpay-Serial"] == NEW:
                body, status = json.dumps(wechat.transaction()).encode(), 200
            else:
                body, status = b'{"code":"PARAM_ERROR","message":"Wechatpay-Serial"}', 400
            return answer(body, status=status, headers=signed(body, key="stranger", serial=NEW))

        server.handler = handler
        only_certificates = wechat.config(server.base_url, public_key=None, public_key_id=None)
        async with HttpClient() as http:
            channel = WechatPay(config=only_certificates, http=http)
            payment = await channel.query(order_key("order-000001"), now=NOW)
        assert payment.state is ChannelPaymentState.PAID
        assert len(server.requests) == 3

    async def test_is_not_swapped_under_what_was_encrypted_for_it(self, server: Wechat) -> None:
        async def handler(request: web.Request) -> web.StreamResponse:
            refused = b'{"code":"PARAM_ERROR","message":"Wechatpay-Serial"}'
            body, status = (listed(), 200) if request.path == LIST else (refused, 400)
            return answer(body, status=status, headers=signed(body, key="stranger", serial=NEW))

        server.handler = handler
        shop = Receiver(kind=ReceiverKind.MERCHANT, account_no="86693852", name="商户", relation="STORE")
        only_certificates = wechat.config(server.base_url, public_key=None, public_key_id=None)
        async with HttpClient() as http:
            channel = WechatPay(config=only_certificates, http=http)
            with pytest.raises(ChannelFailed) as failed:
                await channel.add_receiver(shop, now=NOW)
            assert failed.value.code == "channel_request_invalid"
            with pytest.raises(ChannelFailed):
                await channel.add_receiver(shop, now=NOW)
        named = [headers.get("Wechatpay-Serial") for *_, headers in server.requests]
        assert named == [wechat.CERTIFICATE_SERIAL, None, NEW]

    async def test_of_public_keys_none_can_be_fetched(self, server: Wechat, channel: WechatPay) -> None:
        stranger = signed(CODE_URL, key="stranger", serial="PUB_KEY_ID_0999")
        server.answers(answer(CODE_URL, headers=stranger))
        with pytest.raises(ChannelUnknown):
            await channel.prepay(ORDER, now=NOW)
        assert asked(server) == 0
