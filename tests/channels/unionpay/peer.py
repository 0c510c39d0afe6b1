"""UnionPay's side of the wire for these tests: a chain of its own, its signatures, an HTTP server.

Written from the public documentation, apart from the house's code and from the simulator.
"""

import asyncio
import base64
import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from tests.vectors import unionpay as vectors

from feiqian.channels import UnionPayConfig

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
MER_ID = "777290058110048"
PASSWORD = "000000"
SIGNER = "041@8310000000083040@中国银联股份有限公司@00016495"


@cache
def key_named(name: str) -> rsa.RSAPrivateKey:
    """A key that stays the same through the run."""
    assert name
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def certificate(
    name: str,
    *,
    issuer: str,
    common_name: str | None = None,
    since: datetime = NOW - timedelta(days=365),
    until: datetime = NOW + timedelta(days=365),
) -> x509.Certificate:
    """Of the key ``name``, signed by the key ``issuer``."""

    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    return (
        x509.CertificateBuilder()
        .subject_name(named(common_name or name))
        .issuer_name(named(issuer))
        .public_key(key_named(name).public_key())
        .serial_number(68759663125)
        .not_valid_before(since)
        .not_valid_after(until)
        .sign(key_named(issuer), hashes.SHA256())
    )


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def signing_pem(**changes: object) -> str:
    given = {"issuer": "middle", "common_name": SIGNER, **changes}
    # On the wire its lines end with CR LF, the last one with nothing.
    return pem(certificate("signing", **given)).strip().replace("\n", "\r\n")


@cache
def merchant_pfx() -> str:
    content = pkcs12.serialize_key_and_certificates(
        b"merchant",
        key_named("merchant"),
        certificate("merchant", issuer="merchant"),
        None,
        serialization.BestAvailableEncryption(PASSWORD.encode()),
    )
    return base64.b64encode(content).decode()


def config(base_url: str = "http://127.0.0.1:1", **changes: object) -> UnionPayConfig:
    given: dict[str, object] = {
        "base_url": base_url,
        "file_url": base_url,
        "mer_id": MER_ID,
        "merchant_pfx": merchant_pfx(),
        "merchant_pfx_password": PASSWORD,
        "root_certificate": pem(certificate("root", issuer="root")),
        "middle_certificate": pem(certificate("middle", issuer="root")),
        **changes,
    }
    return UnionPayConfig(**given)  # pyright: ignore[reportArgumentType]


def recorded_config(base_url: str = "http://127.0.0.1:1", **changes: object) -> UnionPayConfig:
    """Of the test environment from which the recorded messages are."""
    return config(
        base_url,
        root_certificate=vectors.ROOT_CERTIFICATE.decode(),
        middle_certificate=vectors.MIDDLE_CERTIFICATE.decode(),
        **changes,
    )


def signed(fields: dict[str, str], *, certificate_pem: str | None = None) -> dict[str, str]:
    """The fields as UnionPay signs them."""
    complete = {**fields, "signPubKeyCert": certificate_pem or signing_pem()}
    text = "&".join(f"{name}={complete[name]}" for name in sorted(complete))
    digest = hashlib.sha256(text.encode()).hexdigest().encode()
    signature = key_named("signing").sign(digest, padding.PKCS1v15(), hashes.SHA256())
    return {**complete, "signature": base64.b64encode(signature).decode()}


def answer(fields: dict[str, str], **changes: str) -> bytes:
    """An answer's body."""
    return "&".join(f"{name}={value}" for name, value in signed(fields, **changes).items()).encode()


class Peer:
    """A server on loopback that answers as the test says, 200 without a body by default, and keeps what it was sent."""

    def __init__(self) -> None:
        self.base_url = ""
        self.requests: list[tuple[str, bytes]] = []
        """(path, body)"""
        self.answers: list[bytes] = []
        self.status = 200
        self._arrived = asyncio.Event()

    async def received(self, count: int) -> None:
        """Wait until so many requests have come."""
        while len(self.requests) < count:
            self._arrived.clear()
            await self._arrived.wait()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.path, await request.read()))
        self._arrived.set()
        return web.Response(status=self.status, body=self.answers.pop(0) if self.answers else b"")


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
