"""WeChat's side of the wire for these tests: its keys, its signatures, its sealed callbacks, an HTTP server.

Written from the public documentation, apart from the house's code and from the simulator.
"""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

from feiqian.channels import PaymentMethod, PrepayRequest, WechatPayConfig

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
ORDER = PrepayRequest(
    out_trade_no="order-000001",
    method=PaymentMethod.WECHATPAY_NATIVE,
    placed_at=NOW,
    amount=100,
    currency="CNY",
    description="口红 × 2",
    expires_at=NOW + timedelta(hours=2),
    notify_url="https://pay.example.com/callbacks/wechatpay",
    attach="cell 1",
)
CODE_URL = b'{"code_url":"weixin://x"}'
MCHID = "1900000109"
APPID = "wxd678efh567hg6787"
API_V3_KEY = "0123456789abcdefghijklmnopqrstuv"
MERCHANT_SERIAL = "5157F09EFDC096DE15EBE81A47057A72"
PUBLIC_KEY_ID = "PUB_KEY_ID_0114232134912410000000000000"
CERTIFICATE_SERIAL = "6E2A"

Headers = dict[str, str]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@cache
def key_named(name: str) -> rsa.RSAPrivateKey:
    """A key that stays the same through the run: merchant, public_key, certificate, stranger."""
    assert name
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(name: str) -> str:
    return (
        key_named(name)
        .private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        .decode()
    )


def public_pem(name: str) -> str:
    return (
        key_named(name)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


@cache
def certificate_pem(name: str, serial: str) -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com Root CA of this test")])
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key_named(name).public_key())
        .serial_number(int(serial, 16))
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=365))
        .sign(key_named(name), hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM).decode()


def config(base_url: str = "http://127.0.0.1:1", **changes: object) -> WechatPayConfig:
    given: dict[str, object] = {
        "base_url": base_url,
        "mchid": MCHID,
        "appid": APPID,
        "merchant_serial_no": MERCHANT_SERIAL,
        "merchant_private_key": private_pem("merchant"),
        "api_v3_key": API_V3_KEY,
        "public_key_id": PUBLIC_KEY_ID,
        "public_key": public_pem("public_key"),
        "platform_certificates": {CERTIFICATE_SERIAL: certificate_pem("certificate", CERTIFICATE_SERIAL)},
        **changes,
    }
    return WechatPayConfig(**given)  # pyright: ignore[reportArgumentType]


def signed(
    body: bytes, *, moment: datetime = NOW, key: str = "public_key", serial: str = PUBLIC_KEY_ID
) -> Headers:
    """The four headers that WeChat Pay puts on an answer or callback."""
    timestamp, nonce = str(int(moment.timestamp())), "c5ac7061fccab6bf3e254dcf98995b8c"
    message = b"\n".join([timestamp.encode(), nonce.encode(), body, b""])
    signature = key_named(key).sign(message, padding.PKCS1v15(), hashes.SHA256())
    return {
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": base64.b64encode(signature).decode(),
        "Wechatpay-Serial": serial,
    }


def sealed(content: bytes, *, key: str = API_V3_KEY, associated_data: str = "transaction") -> dict[str, str]:
    nonce = "61f9c719728a"
    raw = AESGCM(key.encode()).encrypt(nonce.encode(), content, associated_data.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "nonce": nonce,
        "associated_data": associated_data,
        "ciphertext": base64.b64encode(raw).decode(),
    }


def envelope(content: object, *, event: str = "TRANSACTION.SUCCESS", key: str = API_V3_KEY) -> bytes:
    """A callback's body."""
    inner = content if isinstance(content, bytes) else json.dumps(content).encode()
    return json.dumps(
        {
            "id": "EV-2018022511223320873",
            "create_time": "2026-03-02T12:00:00+08:00",
            "resource_type": "encrypt-resource",
            "event_type": event,
            "summary": "支付成功",
            "resource": sealed(inner, key=key),
        },
        ensure_ascii=False,
    ).encode()


def transaction(**changes: object) -> dict[str, object]:
    """A paid order as a query answers it and a callback brings it."""
    return {
        "transaction_id": "1217752501201407033233368018",
        "amount": {"payer_total": 90, "total": 100, "currency": "CNY", "payer_currency": "CNY"},
        "mchid": MCHID,
        "appid": APPID,
        "trade_state": "SUCCESS",
        "trade_state_desc": "支付成功",
        "trade_type": "NATIVE",
        "bank_type": "CMC",
        "promotion_detail": [],
        "success_time": "2026-03-02T11:59:30+08:00",
        "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
        "out_trade_no": "order-000001",
        "attach": "",
        **changes,
    }


def refund_answer(**changes: object) -> dict[str, object]:
    """A refund as POST and GET answer it."""
    return {
        "refund_id": "50000000382019052709732678859",
        "out_refund_no": "refund-1",
        "transaction_id": "1217752501201407033233368018",
        "out_trade_no": "order-000001",
        "channel": "ORIGINAL",
        "user_received_account": "招商银行信用卡0403",
        "create_time": "2026-03-02T11:59:30+08:00",
        "status": "PROCESSING",
        "amount": {
            "total": 100,
            "refund": 40,
            "payer_total": 100,
            "payer_refund": 40,
            "settlement_refund": 40,
            "settlement_total": 100,
            "discount_refund": 0,
            "currency": "CNY",
        },
        **changes,
    }


def answer(
    content: object = b"", *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A signed answer; ``headers`` replaces the signature."""
    body = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
    chosen = signed(body) if headers is None else headers
    return web.Response(body=body, status=status, headers=dict(chosen), content_type="application/json")


class Wechat:
    """A server on loopback that answers as the test says and keeps what it was sent."""

    def __init__(self) -> None:
        self.base_url = ""
        self.requests: list[tuple[str, str, bytes, Headers]] = []
        """(method, path and query as sent, body, headers)"""
        self.handler: Handler | None = None
        self._arrived = asyncio.Event()

    async def received(self, count: int) -> None:
        """Wait until so many requests have come."""
        while len(self.requests) < count:
            self._arrived.clear()
            await self._arrived.wait()

    def answers(self, *replies: web.Response) -> None:
        """Answer the next calls with these, in order."""
        left = list(replies)

        async def handler(_: web.Request) -> web.StreamResponse:
            return left.pop(0)

        self.handler = handler

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.requests.append((request.method, request.raw_path, body, dict(request.headers)))
        self._arrived.set()
        assert self.handler is not None
        return await self.handler(request)


@asynccontextmanager
async def serving() -> AsyncGenerator[Wechat]:
    wechat = Wechat()
    application = web.Application()
    application.router.add_route("*", "/{rest:.*}", wechat.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    wechat.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield wechat
    finally:
        await runner.cleanup()
