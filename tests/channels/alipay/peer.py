"""Alipay's side of the wire for these tests: its keys, its signatures, its notifications, an HTTP server.

Written from the public documentation, apart from the house's code and from the simulator.
"""

import base64
import hashlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from urllib.parse import parse_qsl, urlencode

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from feiqian.channels import (
    AlipayConfig,
    BuyerHints,
    OrderKey,
    PaymentMethod,
    PrepayRequest,
    RefundKey,
    RefundRequest,
)

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
"""Noon in Beijing."""
APP_ID = "9021000122682882"
SELLER_ID = "2088721003899159"
TRADE_NO = "2026030222001499160501586202"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@cache
def key_named(name: str) -> rsa.RSAPrivateKey:
    """A key that stays the same through the run: application, alipay, rotated, root, stranger, short."""
    assert name
    return rsa.generate_private_key(public_exponent=65537, key_size=1024 if name == "short" else 2048)


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


def bare(pem: str) -> str:
    """The single line of base64 that Alipay's key tool writes."""
    return "".join(line for line in pem.splitlines() if "-----" not in line)


@cache
def certificate(name: str, issuer: str) -> x509.Certificate:
    def named(who: str) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Ant Financial of this test"),
                x509.NameAttribute(NameOID.COMMON_NAME, who),
            ]
        )

    return (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key_named(name).public_key())
        .serial_number(int.from_bytes(name.encode(), "big") or 1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=365))
        .sign(key_named(issuer), hashes.SHA256())
    )


def certificate_pem(name: str, issuer: str) -> str:
    return certificate(name, issuer).public_bytes(serialization.Encoding.PEM).decode()


def config(base_url: str = "http://127.0.0.1:1", **changes: object) -> AlipayConfig:
    given: dict[str, object] = {
        "base_url": base_url,
        "app_id": APP_ID,
        "seller_id": SELLER_ID,
        "app_private_key": private_pem("application"),
        "alipay_public_key": public_pem("alipay"),
        **changes,
    }
    return AlipayConfig(**given)  # pyright: ignore[reportArgumentType]


def certificate_config(base_url: str = "http://127.0.0.1:1", **changes: object) -> AlipayConfig:
    given: dict[str, object] = {
        "alipay_public_key": None,
        "app_certificate": certificate_pem("application", "root"),
        "alipay_certificate": certificate_pem("alipay", "root"),
        "alipay_root_certificate": certificate_pem("root", "root"),
        **changes,
    }
    return config(base_url, **given)


def order(method: PaymentMethod = PaymentMethod.ALIPAY_QR, **changes: object) -> PrepayRequest:
    given: dict[str, object] = {
        "out_trade_no": "P000001",
        "method": method,
        "placed_at": NOW,
        "amount": 100,
        "currency": "CNY",
        "description": "口红 × 2",
        "expires_at": NOW + timedelta(hours=2),
        "notify_url": "https://pay.example.com/callbacks/alipay",
        "buyer": BuyerHints(auth_code="281234567890123456"),
        **changes,
    }
    return PrepayRequest(**given)  # pyright: ignore[reportArgumentType]


def order_key(
    out_trade_no: str = "P000001",
    *,
    method: PaymentMethod = PaymentMethod.ALIPAY_QR,
    transaction_no: str | None = None,
) -> OrderKey:
    return OrderKey(out_trade_no=out_trade_no, method=method, placed_at=NOW, transaction_no=transaction_no)


def refund_key(out_refund_no: str = "R1", *, out_trade_no: str = "P000001") -> RefundKey:
    return RefundKey(order=order_key(out_trade_no), out_refund_no=out_refund_no, requested_at=NOW)


REFUND = RefundRequest(
    order=order_key(),
    out_refund_no="R1",
    amount=40,
    total=100,
    currency="CNY",
    requested_at=NOW,
    reason="退货",
)


def signature(content: bytes, key: str = "alipay") -> str:
    return base64.b64encode(key_named(key).sign(content, padding.PKCS1v15(), hashes.SHA256())).decode()


def body(method: str, content: object, *, key: str = "alipay", cert_sn: str | None = None) -> bytes:
    """A signed answer to a method; ``content`` may be the inner text itself."""
    inner = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
    tail = f',"alipay_cert_sn":"{cert_sn}"' if cert_sn else ""
    name = method.replace(".", "_")
    return f'{{"{name}_response":'.encode() + inner + f'{tail},"sign":"{signature(inner, key)}"}}'.encode()


def success(**fields: object) -> dict[str, object]:
    return {"code": "10000", "msg": "Success", **fields}


def failure(sub_code: str, *, code: str = "40004", sub_msg: str = "原因 {x}") -> dict[str, object]:
    return {"code": code, "msg": "Business Failed", "sub_code": sub_code, "sub_msg": sub_msg}


def trade(**changes: object) -> dict[str, object]:
    """A paid order as alipay.trade.query answers it."""
    return success(
        **{
            "buyer_logon_id": "ifv***@sandbox.com",
            "buyer_pay_amount": "0.90",
            "buyer_user_id": "2088722003899169",
            "out_trade_no": "P000001",
            "send_pay_date": "2026-03-02 11:59:30",
            "total_amount": "1.00",
            "trade_no": TRADE_NO,
            "trade_status": "TRADE_SUCCESS",
            **changes,
        }
    )


def notification(*, key: str = "alipay", sign: bool = True, **changes: str | None) -> bytes:
    """A paid order as Alipay notifies it, signed; a field of None is left out."""
    fields = {
        "gmt_create": "2026-03-02 11:59:20",
        "charset": "utf-8",
        "gmt_payment": "2026-03-02 11:59:30",
        "notify_time": "2026-03-02 11:59:32",
        "subject": "口红 + 茶 & 100%",
        "buyer_id": "2088722003899169",
        "version": "1.0",
        "notify_id": "2026030201222162644199160501632046",
        "notify_type": "trade_status_sync",
        "out_trade_no": "P000001",
        "total_amount": "1.00",
        "buyer_pay_amount": "0.90",
        "trade_status": "TRADE_SUCCESS",
        "trade_no": TRADE_NO,
        "auth_app_id": APP_ID,
        "app_id": APP_ID,
        "seller_id": SELLER_ID,
        **changes,
    }
    return form(fields, key=key, sign=sign)


def form(fields: dict[str, str | None], *, key: str = "alipay", sign: bool = True) -> bytes:
    given = {name: value for name, value in fields.items() if value is not None}
    text = "&".join(f"{name}={given[name]}" for name in sorted(given))
    given["sign_type"] = "RSA2"
    if sign:
        given["sign"] = signature(text.encode(), key)
    return urlencode(given).encode()


class Call:
    """A call as it came: its parameters decoded, its signature checked."""

    def __init__(self, query: str, content: bytes) -> None:
        self.query = query
        self.parameters = {
            **dict(parse_qsl(query, strict_parsing=True)),
            **dict(parse_qsl(content.decode(), strict_parsing=True)),
        }
        unsigned = {name: value for name, value in self.parameters.items() if name != "sign"}
        text = "&".join(f"{name}={unsigned[name]}" for name in sorted(unsigned))
        key_named("application").public_key().verify(
            base64.b64decode(self.parameters["sign"]), text.encode(), padding.PKCS1v15(), hashes.SHA256()
        )
        self.content = json.loads(self.parameters["biz_content"])

    @property
    def method(self) -> str:
        return self.parameters["method"]


class Peer:
    """A server on loopback that answers as the test says and keeps what it was sent."""

    def __init__(self) -> None:
        self.base_url = ""
        self.calls: list[Call] = []
        self.handler: Handler | None = None
        self.files: list[web.Response] = []
        """What the addresses of bills answer, in order."""

    def answers(self, *contents: object, key: str = "alipay") -> None:
        """Answer the next calls with these inner objects, signed, in order."""
        left = list(contents)

        async def handler(request: web.Request) -> web.StreamResponse:
            content = left.pop(0)
            raw = content if isinstance(content, bytes) else None
            method = request.query["method"]
            return web.Response(
                body=raw if raw is not None else body(method, content, key=key),
                content_type="text/html",
                charset="utf-8",
            )

        self.handler = handler

    async def handle(self, request: web.Request) -> web.StreamResponse:
        content = await request.read()
        if request.path.startswith("/bills/"):
            assert request.query_string == "token=x"
            return self.files.pop(0)
        assert (request.method, request.path) == ("POST", "/gateway.do")
        self.calls.append(Call(request.raw_path.partition("?")[2], content))
        assert self.handler is not None
        return await self.handler(request)


@asynccontextmanager
async def serving() -> AsyncGenerator[Peer]:
    peer = Peer()
    application = web.Application()
    application.router.add_route("*", "/{rest:.*}", peer.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    peer.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield peer
    finally:
        await runner.cleanup()


def sn_of(read: x509.Certificate) -> str:
    """Alipay's SN, worked out here: MD5 over the issuer, most specific first, and the serial number."""
    issuer = ",".join(f"{part.rfc4514_attribute_name}={part.value}" for part in reversed(list(read.issuer)))
    return hashlib.md5(f"{issuer}{read.serial_number}".encode(), usedforsecurity=False).hexdigest()


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
