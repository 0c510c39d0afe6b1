"""Callbacks written by hand, signed with WeChat Pay's own key: what no simulator would send, and what a thief might."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from feiqian.simulators.wechatpay.credentials import Credentials, KeyRing
from feiqian.simulators.wechatpay.moments import rfc3339, to_ms
from feiqian.simulators.wechatpay.signing import AEAD, SCHEME, answer_message, new_nonce, seal, sign
from tests.loop.house import Answer, House, out_trade_no

PATH = "/callbacks/wechatpay"


class Notice(msgspec.Struct, frozen=True):
    """One callback, ready to be sent any number of times."""

    headers: Mapping[str, str]
    body: bytes

    async def send(self, house: House) -> Answer:
        return await house.send("POST", PATH, raw=self.body, headers={**self.headers, "Authorization": ""})


class Forger:
    """Has the keys of WeChat Pay and of the merchant."""

    def __init__(self, channel_dir: Path) -> None:
        text = (channel_dir / "wechatpay-sandbox" / "credentials.json").read_bytes()
        self.keys = KeyRing(msgspec.json.decode(text, type=Credentials))

    def paid(self, payment: Mapping[str, Any], at: datetime, **otherwise: object) -> dict[str, Any]:
        """What a callback says of a paid order; fields may say otherwise."""
        fields = {
            "mchid": self.keys.mchid,
            "appid": self.keys.appid,
            "out_trade_no": out_trade_no(payment),
            "transaction_id": "4200000000000000000000000001",
            "trade_type": "NATIVE",
            "trade_state": "SUCCESS",
            "success_time": rfc3339(to_ms(at)),
            "amount": {"total": payment["amount"], "payer_total": payment["amount"], "currency": "CNY"},
            "payer": {"openid": "oBuyer"},
        }
        return {**fields, **otherwise}

    def notice(
        self,
        content: object,
        at: datetime,
        *,
        event_type: str = "TRANSACTION.SUCCESS",
        api_v3_key: bytes | None = None,
    ) -> Notice:
        """Sealed and signed as it should be at that moment."""
        nonce = new_nonce(12)
        sealed = seal(api_v3_key or self.keys.api_v3_key, nonce, "transaction", msgspec.json.encode(content))
        body = {
            "id": "EV-forged",
            "create_time": rfc3339(to_ms(at)),
            "resource_type": "encrypt-resource",
            "event_type": event_type,
            "summary": "支付成功",
            "resource": {
                "original_type": "transaction",
                "algorithm": AEAD,
                "ciphertext": sealed,
                "associated_data": "transaction",
                "nonce": nonce,
            },
        }
        return self.signed(msgspec.json.encode(body), at)

    def signed(self, body: bytes, at: datetime) -> Notice:
        """Any bytes under a good signature of that moment."""
        key = self.keys.signer(self.keys.default_serial)
        assert key is not None
        timestamp, nonce = str(to_ms(at) // 1000), new_nonce()
        return Notice(
            {
                "Wechatpay-Timestamp": timestamp,
                "Wechatpay-Nonce": nonce,
                "Wechatpay-Signature": sign(key, answer_message(timestamp, nonce, body)),
                "Wechatpay-Signature-Type": SCHEME,
                "Wechatpay-Serial": self.keys.default_serial,
            },
            body,
        )


def altered(notice: Notice, **headers: str) -> Notice:
    """The same notice with other headers: ``Wechatpay_Serial="…"``; an empty value leaves one out."""
    return Notice(
        {**notice.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}, notice.body
    )


LONG_AGO = timedelta(minutes=5, seconds=1)
"""Older than a signature may be."""
