"""What is fetched rather than asked: a day's bill, and the certificates that answers are signed with."""

import hashlib
import json
from datetime import date

import pytest
from aiohttp import web
from tests.channels import wechat
from tests.channels.bill_texts import WHOLE
from tests.channels.orders import code_of, order_key
from tests.channels.wechat import CODE_URL, NOW, ORDER, Wechat, answer, signed

from feiqian.channels import (
    BillDamaged,
    BillFault,
    BillMissing,
    ChannelUnknown,
    WechatPay,
)
from feiqian.infra.http import HttpClient

pytestmark = pytest.mark.anyio

DAY = date(2026, 3, 1)


class TestDownloadingABill:
    def link(self, server: Wechat, content: bytes, **changes: object) -> web.Response:
        return answer(
            {
                "hash_type": "SHA1",
                "hash_value": hashlib.sha1(content).hexdigest(),
                "download_url": f"{server.base_url}/v3/billdownload/file?token=a%2Bb",
                **changes,
            }
        )

    async def test_reads_the_announced_file(self, server: Wechat, channel: WechatPay) -> None:
        server.answers(self.link(server, WHOLE), answer(WHOLE, headers={}))
        bill = await channel.download_bill(DAY, now=NOW)
        assert bill.day == DAY
        assert bill.summary.line_count == len(bill.lines) == 2
        assert [target for _, target, *_ in server.requests] == [
            "/v3/bill/tradebill?bill_date=2026-03-01&bill_type=ALL",
            "/v3/billdownload/file?token=a%2Bb",
        ]

    async def test_signs_for_no_other_host(self, server: Wechat, channel: WechatPay) -> None:
        elsewhere = "http://198.51.100.7/v3/billdownload/file?token=x"
        server.answers(self.link(server, WHOLE, download_url=elsewhere), answer(WHOLE, headers={}))
        await channel.download_bill(DAY, now=NOW)
        assert server.requests[1][1] == "/v3/billdownload/file?token=x"

    async def test_refuses_another_file(self, server: Wechat, channel: WechatPay) -> None:
        server.answers(self.link(server, WHOLE), answer(WHOLE[:-2], headers={}))
        with pytest.raises(BillDamaged) as damage:
            await channel.download_bill(DAY, now=NOW)
        assert damage.value.fault is BillFault.HASH_DIFFERS

    async def test_refuses_another_day(self, server: Wechat, channel: WechatPay) -> None:
        server.answers(self.link(server, WHOLE), answer(WHOLE, headers={}))
        with pytest.raises(BillDamaged) as damage:
            await channel.download_bill(date(2026, 2, 28), now=NOW)
        assert damage.value.fault is BillFault.OTHER_DAY

    @pytest.mark.parametrize("code", ["NO_STATEMENT_EXIST", "STATEMENT_CREATING"])
    async def test_may_be_too_early(self, server: Wechat, channel: WechatPay, code: str) -> None:
        server.answers(answer({"code": code, "message": "账单文件不存在"}, status=400))
        with pytest.raises(BillMissing) as missing:
            await channel.download_bill(DAY, now=NOW)
        assert missing.value.retryable
        assert missing.value.channel_code == code

    async def test_needs_a_signed_announcement(self, server: Wechat, channel: WechatPay) -> None:
        content = {"hash_type": "SHA1", "hash_value": "00", "download_url": "http://127.0.0.1/x"}
        server.answers(answer(content, headers={}))
        with pytest.raises(ChannelUnknown):
            await channel.download_bill(DAY, now=NOW)
        assert len(server.requests) == 1

    @pytest.mark.parametrize("url", ["", "file", "mailto:x"])
    async def test_needs_a_place(self, server: Wechat, channel: WechatPay, url: str) -> None:
        server.answers(self.link(server, WHOLE, download_url=url))
        with pytest.raises(ChannelUnknown):
            await channel.download_bill(DAY, now=NOW)
        assert len(server.requests) == 1

    async def test_may_fail_on_the_way(self, server: Wechat, channel: WechatPay) -> None:
        server.answers(self.link(server, WHOLE), answer(b"", status=503, headers={}))
        with pytest.raises(ChannelUnknown):
            await channel.download_bill(DAY, now=NOW)


def certificates(*, serial: str = "7D10", key: str = wechat.API_V3_KEY) -> bytes:
    content = wechat.certificate_pem("rotated", "7D10").encode()
    entry = {
        "serial_no": serial,
        "effective_time": "2026-03-01T00:00:00+08:00",
        "expire_time": "2031-03-01T00:00:00+08:00",
        "encrypt_certificate": wechat.sealed(content, key=key, associated_data="certificate"),
    }
    return json.dumps({"data": [entry]}).encode()


class TestRotation:
    async def test_brings_a_certificate_that_signs_its_own_list(
        self, server: Wechat, channel: WechatPay
    ) -> None:
        body = certificates()
        server.answers(
            answer(body, headers=signed(body, key="rotated", serial="7D10")),
            answer(CODE_URL, headers=signed(CODE_URL, key="rotated", serial="7D10")),
        )
        assert await channel.refresh_certificates(now=NOW) == ("7D10", wechat.PUBLIC_KEY_ID)
        assert code_of(await channel.prepay(ORDER, now=NOW)) == "weixin://x"

    async def test_asks_for_the_newest_certificate_where_there_is_no_public_key(self, server: Wechat) -> None:
        body = certificates()
        server.answers(answer(body, headers=signed(body, key="rotated", serial="7D10")), answer(status=204))
        async with HttpClient() as http:
            config = wechat.config(server.base_url, public_key=None, public_key_id=None)
            channel = WechatPay(config=config, http=http)
            await channel.refresh_certificates(now=NOW)
            with pytest.raises(ChannelUnknown):
                await channel.close(order_key("order-000001"), now=NOW)
        asked = [headers.get("Wechatpay-Serial") for *_, headers in server.requests]
        assert asked == [None, "7D10"]

    async def test_never_leaves_us_without_a_key(self, server: Wechat, channel: WechatPay) -> None:
        body = b'{"data":[]}'
        server.answers(answer(body), answer(CODE_URL))
        with pytest.raises(ChannelUnknown):
            await channel.refresh_certificates(now=NOW)
        assert code_of(await channel.prepay(ORDER, now=NOW)) == "weixin://x"

    @pytest.mark.parametrize(
        ("body", "key"),
        [
            (certificates(key="another-key-of-thirty-two-bytes!"), "rotated"),
            (certificates(serial="7D11"), "rotated"),
            (certificates(), "stranger"),
        ],
        ids=["sealed by a stranger", "another serial", "signed by a stranger"],
    )
    async def test_believes_nobody_else(
        self, server: Wechat, channel: WechatPay, body: bytes, key: str
    ) -> None:
        server.answers(
            answer(body, headers=signed(body, key=key, serial="7D10")),
            answer(CODE_URL, headers=signed(CODE_URL, key="rotated", serial="7D10")),
        )
        with pytest.raises(ChannelUnknown) as unknown:
            await channel.refresh_certificates(now=NOW)
        assert unknown.value.code == "channel_untrusted"
        with pytest.raises(ChannelUnknown):
            await channel.prepay(ORDER, now=NOW)
