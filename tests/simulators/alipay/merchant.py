"""A merchant as the tests need one: a process to talk to, signed calls in both modes, the SDK, a place for notifications."""

import base64
import http.client
import json
import queue
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from cryptography.x509 import load_pem_x509_certificate

PATIENCE_S = 20
"""How long a test waits for what must come."""
FORM = "application/x-www-form-urlencoded"


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
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Inbox:
    """The merchant's notify_url: keeps what comes and answers as told, ``success`` when nothing was told."""

    answers: "queue.Queue[tuple[int, bytes]]" = field(default_factory=queue.Queue)
    received: "queue.Queue[bytes]" = field(default_factory=queue.Queue)

    def __post_init__(self) -> None:
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, text = (200, b"success") if inbox.answers.empty() else inbox.answers.get()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)
                inbox.received.put(body)

            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/callbacks/alipay"

    def next(self, charset: str = "utf-8") -> dict[str, str]:
        """The next notification's parameters; fails when none comes."""
        body = self.received.get(timeout=PATIENCE_S).decode()
        return dict(parse_qsl(body, encoding=charset, strict_parsing=True))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Sandbox:
    """A simulator process over a data directory, and the merchant whose credentials lie there."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.directory = directory
        self.start(*options)
        self.credentials: dict[str, Any] = self.read_credentials()
        key = load_pem_private_key(self.credentials["app_private_key"].encode(), None)
        assert isinstance(key, RSAPrivateKey)
        self.key = key
        self.alipay_key = public_key(self.credentials["alipay_public_key"])

    def read_credentials(self) -> dict[str, Any]:
        return json.loads((self.directory / "alipay-sandbox" / "credentials.json").read_text("utf-8"))

    def start(self, *options: str) -> None:
        """Run it; returns when it takes requests."""
        command = [sys.executable, "-m", "feiqian.simulators.alipay", "--port", "0"]
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
        method = "GET" if content is None else "POST"
        body = b"" if content is None else json.dumps(content).encode()
        answer = self.send(method, f"/sandbox/{path}", body)
        assert answer.status == 200, answer.text
        return answer.json

    def parameters(self, method: str, content: Any, *, mode: str = "key", **others: str) -> dict[str, str]:
        """A signed call. ``others`` are common parameters, before signing."""
        given = {
            "app_id": self.credentials["app_id"],
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": "2026-03-02 12:00:00",
            "version": "1.0",
            "biz_content": json.dumps(content, ensure_ascii=False, separators=(",", ":")),
        } | {name: value for name, value in others.items() if value}
        if mode == "certificate":
            given["app_cert_sn"] = self.credentials["app_cert_sn"]
            given["alipay_root_cert_sn"] = self.credentials["alipay_root_cert_sn"]
        return given | {"sign": self.sign(given, given["charset"])}

    def sign(self, parameters: dict[str, str], charset: str = "utf-8") -> str:
        """An application's signature over all parameters."""
        message = "&".join(f"{name}={value}" for name, value in sorted(parameters.items()) if value)
        return base64.b64encode(self.key.sign(message.encode(charset), PKCS1v15(), SHA256())).decode()

    def post(self, parameters: dict[str, str], timeout_s: float = PATIENCE_S) -> Answer:
        """A call as its parameters are."""
        body = urlencode(parameters, encoding=parameters.get("charset", "utf-8")).encode()
        return self.send("POST", "/gateway.do", body, {"Content-Type": FORM}, timeout_s)

    def call(
        self, method: str, content: Any, *, timeout_s: float = PATIENCE_S, **options: str
    ) -> dict[str, Any]:
        """A signed call whose answer's signature must hold; returns the inner object."""
        parameters = self.parameters(method, content, **options)
        answer = self.post(parameters, timeout_s)
        text = answer.body.decode(parameters["charset"])
        return self.opened(method, text, parameters["charset"])

    def opened(self, method: str, text: str, charset: str = "utf-8") -> dict[str, Any]:
        """The inner object of an answer whose signature must hold over its raw text."""
        match = re.fullmatch(
            r'\{"(\w+)":(\{.*\})(?:,"alipay_cert_sn":"(\w+)")?,"sign":"([^"]+)"\}', text, re.DOTALL
        )
        assert match is not None, text
        node, inner, sn, signature = match.groups()
        assert node == method.replace(".", "_") + "_response"
        key = self.alipay_key if sn is None else self.certificate_key(sn)
        assert is_signed(key, inner.encode(charset), signature), "the answer's signature does not hold"
        return json.loads(inner)

    def certificate_key(self, sn: str) -> RSAPublicKey:
        """The key of Alipay's certificate with this SN, from the file as it is now."""
        for issued in self.read_credentials()["alipay_certificates"]:
            if issued["sn"] == sn:
                key = load_pem_x509_certificate(issued["certificate"].encode()).public_key()
                assert isinstance(key, RSAPublicKey)
                return key
        raise AssertionError(f"no certificate has the SN {sn}")

    def is_signed(self, said: dict[str, str], key: RSAPublicKey | None = None) -> bool:
        """Whether Alipay signed a notification, or the parameters of the buyer's return."""
        kept = {name: value for name, value in said.items() if name not in ("sign", "sign_type")}
        message = "&".join(f"{name}={value}" for name, value in sorted(kept.items()))
        return is_signed(key or self.alipay_key, message.encode(said["charset"]), said["sign"])

    def order(self, number: str, amount: str, **changes: Any) -> dict[str, Any]:
        """biz_content of a placing call."""
        return {"out_trade_no": number, "total_amount": amount, "subject": "玫瑰面霜 50ml"} | changes

    def paid(self, number: str, amount: str = "49.99", notify_url: str = "", **changes: Any) -> str:
        """A precreated order that the buyer has paid; returns Alipay's number."""
        order = self.order(number, amount, **changes)
        self.call("alipay.trade.precreate", order, notify_url=notify_url)
        return self.sandbox("pay", {"out_trade_no": number})["trade_no"]

    def query(self, number: str) -> dict[str, Any]:
        return self.call("alipay.trade.query", {"out_trade_no": number})

    def balance_fen(self) -> int:
        """What the merchant has at Alipay."""
        return self.sandbox("state")["balance_fen"]

    def behave(self, **modes: Any) -> None:
        """Tell the sandbox to do wrong."""
        self.sandbox("behaviour", modes)

    def callbacks(self, number: str) -> list[dict[str, Any]]:
        return self.sandbox(f"orders/{number}")["callbacks"]

    def wait_for(self, number: str, **expected: Any) -> dict[str, Any]:
        """The order's newest notification, once it is as expected."""
        until = time.monotonic() + PATIENCE_S
        while True:
            callback = self.callbacks(number)[-1]
            if all(callback[name] == value for name, value in expected.items()):
                return callback
            assert time.monotonic() < until, callback
            time.sleep(0.01)


class Sdk:
    """Alipay's own client for Python, in key mode."""

    def __init__(self, sandbox: Sandbox) -> None:
        config = import_module("alipay.aop.api.AlipayClientConfig").AlipayClientConfig()
        config.server_url = f"{sandbox.url}/gateway.do"
        config.app_id = sandbox.credentials["app_id"]
        config.app_private_key = sandbox.key.private_bytes(
            Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
        ).decode()
        config.alipay_public_key = sandbox.credentials["alipay_public_key"]
        self.client = import_module("alipay.aop.api.DefaultAlipayClient").DefaultAlipayClient(config)
        self.alipay_public_key = config.alipay_public_key

    def request(self, name: str, content: dict[str, Any], **urls: str) -> Any:
        """``AlipayTradeQuery`` with its model filled from ``content``."""
        made = getattr(import_module(f"alipay.aop.api.request.{name}Request"), f"{name}Request")()
        model = getattr(import_module(f"alipay.aop.api.domain.{name}Model"), f"{name}Model")
        made.biz_model = model.from_alipay_dict(content)
        for url, value in urls.items():
            setattr(made, url, value)
        return made

    def call(self, name: str, content: dict[str, Any], **urls: str) -> Any:
        """The client's response object: its signature held, its fields are read."""
        response = getattr(import_module(f"alipay.aop.api.response.{name}Response"), f"{name}Response")()
        response.parse_response_content(self.client.execute(self.request(name, content, **urls)))
        return response

    def is_signed(self, said: dict[str, str]) -> bool:
        """Whether the client's own functions accept a notification."""
        utilities = import_module("alipay.aop.api.util.SignatureUtils")
        kept = {name: value for name, value in said.items() if name not in ("sign", "sign_type")}
        message = utilities.get_sign_content(kept).encode(said["charset"])
        return utilities.verify_with_rsa(self.alipay_public_key, message, said["sign"])


def public_key(pem: str) -> RSAPublicKey:
    key = load_pem_public_key(pem.encode())
    assert isinstance(key, RSAPublicKey)
    return key


def is_signed(key: RSAPublicKey, message: bytes, signature: str) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), message, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True
