"""A merchant as the simulator's tests need one: a process to talk to, signed requests, a place for callbacks."""

import base64
import http.client
import json
import queue
import secrets
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

PATIENCE_S = 20
"""How long a test waits for what must come."""


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def refusal(self) -> tuple[int, str]:
        """(HTTP status, WeChat Pay's code)"""
        return self.status, self.json["code"]


@dataclass
class Received:
    """One POST at the merchant's notify_url."""

    headers: dict[str, str]
    body: bytes

    @property
    def envelope(self) -> Any:
        return json.loads(self.body)


@dataclass
class Inbox:
    """The merchant's notify_url: keeps what comes and answers as told, 204 when nothing was told."""

    answers: "queue.Queue[int]" = field(default_factory=queue.Queue)
    received: "queue.Queue[Received]" = field(default_factory=queue.Queue)

    def __post_init__(self) -> None:
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = 204 if inbox.answers.empty() else inbox.answers.get()
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                inbox.received.put(
                    Received({name.lower(): value for name, value in self.headers.items()}, body)
                )

            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/callbacks/wechatpay"

    def next(self) -> Received:
        """The next callback; fails when none comes."""
        return self.received.get(timeout=PATIENCE_S)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Sandbox:
    """A simulator process over a data directory, and the merchant whose credentials lie there."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.directory = directory
        self.start(*options)
        self.credentials: dict[str, str] = json.loads(
            (directory / "wechatpay-sandbox" / "credentials.json").read_text("utf-8")
        )
        self.key = private_key(self.credentials["merchant_private_key"])
        certificate = load_pem_x509_certificate(self.credentials["platform_certificate"].encode())
        platform_key = certificate.public_key()
        assert isinstance(platform_key, RSAPublicKey)
        self.keys = {
            self.credentials["wechatpay_public_key_id"]: public_key(self.credentials["wechatpay_public_key"]),
            self.credentials["platform_certificate_serial_no"]: platform_key,
        }

    def start(self, *options: str) -> None:
        """Run it; returns when it takes requests."""
        command = [sys.executable, "-m", "feiqian.simulators.wechatpay", "--port", "0"]
        self.process = subprocess.Popen(
            [*command, "--data-dir", str(self.directory), *options], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        ready, _, self.url = self.process.stdout.readline().strip().partition(" ")
        if ready != "ready":
            raise RuntimeError(f"the simulator did not start, exit code {self._ended()}")
        self.address = urlsplit(self.url).netloc

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        self.process.terminate()
        return self._ended()

    def kill(self) -> None:
        """SIGKILL: nothing is tidied up."""
        self.process.kill()
        self._ended()

    def _ended(self) -> int:
        code = self.process.wait(PATIENCE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def send(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        timeout_s: float = PATIENCE_S,
    ) -> Answer:
        """Any request. Raises: TimeoutError."""
        connection = http.client.HTTPConnection(self.address, timeout=timeout_s)
        try:
            connection.request(method, target, body or None, headers or {})
            answer = connection.getresponse()
            return Answer(
                answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
            )
        finally:
            connection.close()

    def sandbox(self, path: str, content: Any = None) -> Any:
        """A sandbox control call that must succeed: POST with content, GET without."""
        if content is None:
            answer = self.send("GET", f"/sandbox/{path}")
        else:
            answer = self.send("POST", f"/sandbox/{path}", json.dumps(content).encode())
        assert answer.status == 200, answer.body.decode()
        return answer.json

    def now(self) -> datetime:
        """The simulator's clock."""
        return datetime.fromisoformat(self.sandbox("state")["clock"]["now"])

    def authorization(self, method: str, target: str, body: bytes, **changes: str) -> str:
        """A good Authorization header, but for ``changes`` of its parts after signing."""
        parts = {
            "mchid": self.credentials["mchid"],
            "nonce_str": secrets.token_hex(16),
            "timestamp": str(int(self.now().timestamp())),
            "serial_no": self.credentials["merchant_serial_no"],
        } | {name: value for name, value in changes.items() if name in ("timestamp", "nonce_str")}
        message = f"{method}\n{target}\n{parts['timestamp']}\n{parts['nonce_str']}\n".encode() + body + b"\n"
        parts["signature"] = base64.b64encode(self.key.sign(message, PKCS1v15(), SHA256())).decode()
        parts |= changes
        return "WECHATPAY2-SHA256-RSA2048 " + ",".join(f'{name}="{value}"' for name, value in parts.items())

    def call(self, method: str, target: str, content: Any = None, **options: Any) -> Answer:
        """A signed request whose answer's signature must hold."""
        answer = self.call_unverified(method, target, content, **options)
        assert self.is_signed(answer.headers, answer.body), "the answer's signature does not hold"
        return answer

    def call_unverified(
        self,
        method: str,
        target: str,
        content: Any = None,
        *,
        serial: str = "",
        timeout_s: float = PATIENCE_S,
    ) -> Answer:
        """A signed request."""
        body = b"" if content is None else json.dumps(content, ensure_ascii=False).encode()
        headers = {"Authorization": self.authorization(method, target, body), "Accept": "application/json"}
        if serial:
            headers["Wechatpay-Serial"] = serial
        return self.send(method, target, body, headers, timeout_s)

    def is_signed(self, headers: dict[str, str], body: bytes) -> bool:
        """Whether WeChat Pay signed exactly this body within five minutes of the clock."""
        message = f"{headers['wechatpay-timestamp']}\n{headers['wechatpay-nonce']}\n".encode() + body + b"\n"
        try:
            signature = base64.b64decode(headers["wechatpay-signature"], validate=True)
            self.keys[headers["wechatpay-serial"]].verify(signature, message, PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError):
            return False
        return abs(int(headers["wechatpay-timestamp"]) - self.now().timestamp()) <= 300

    def unseal(self, resource: dict[str, str]) -> Any:
        """The content of a callback's resource."""
        key = AESGCM(self.credentials["api_v3_key"].encode())
        ciphertext = base64.b64decode(resource["ciphertext"])
        return json.loads(
            key.decrypt(resource["nonce"].encode(), ciphertext, resource["associated_data"].encode())
        )

    def order(self, out_trade_no: str, total: int, notify_url: str, **changes: Any) -> dict[str, Any]:
        """The body of a prepay request."""
        return {
            "appid": self.credentials["appid"],
            "mchid": self.credentials["mchid"],
            "description": "玫瑰面霜 50ml",
            "out_trade_no": out_trade_no,
            "notify_url": notify_url,
            "amount": {"total": total, "currency": "CNY"},
        } | changes

    def prepay(self, order: dict[str, Any], **options: Any) -> Answer:
        return self.call("POST", "/v3/pay/transactions/native", order, **options)

    def query(self, out_trade_no: str) -> Answer:
        target = f"/v3/pay/transactions/out-trade-no/{out_trade_no}?mchid={self.credentials['mchid']}"
        return self.call("GET", target)

    def close(self, out_trade_no: str) -> Answer:
        target = f"/v3/pay/transactions/out-trade-no/{out_trade_no}/close"
        return self.call("POST", target, {"mchid": self.credentials["mchid"]})

    def refund(self, application: dict[str, Any], **options: Any) -> Answer:
        return self.call("POST", "/v3/refund/domestic/refunds", application, **options)

    def paid(self, out_trade_no: str, total: int, notify_url: str, **changes: Any) -> str:
        """Place an order and pay it; returns its transaction_id."""
        assert self.prepay(self.order(out_trade_no, total, notify_url, **changes)).status == 200
        return self.sandbox("pay", {"out_trade_no": out_trade_no})["transaction_id"]

    def callbacks(self, out_trade_no: str) -> list[dict[str, Any]]:
        """The simulator's own record of an order's callbacks."""
        return self.sandbox(f"orders/{out_trade_no}")["callbacks"]

    def wait_for(self, out_trade_no: str, **facts: object) -> dict[str, Any]:
        """The newest callback of an order, once its record says ``facts``."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            callback = self.callbacks(out_trade_no)[-1]
            if all(callback[name] == value for name, value in facts.items()):
                return callback
            assert time.monotonic() < deadline, callback
            time.sleep(0.02)


def private_key(pem: str) -> RSAPrivateKey:
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    return key


def public_key(pem: str) -> RSAPublicKey:
    key = load_pem_public_key(pem.encode())
    assert isinstance(key, RSAPublicKey)
    return key
