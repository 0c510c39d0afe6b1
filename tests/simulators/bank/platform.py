"""A platform as the bank's tests need one: a process to talk to, signed requests, messages, a place for notifications."""

import base64
import http.client
import json
import queue
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
from xml.sax.saxutils import escape

import lxml.etree
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate
from tests.vectors.bank import faults

PATIENCE_S = 20
"""How long a test waits for what must come."""

MAIN = "1100123409000012345"
SECOND = "1100123409000054321"
SOMEBODY = "6222021100000000017"
CLOSED = "6222021100000000025"
FROZEN = "6222021100000000033"
OPENING = 1_000_000_000
"""What the profile says: the platform's two accounts, three others with this bank, and the first balance in fen."""

OTHER_BANK = "105100000017"


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
    def xml(self) -> "Xml":
        """The document, which keeps to its schema."""
        assert faults(self.body) == []
        return Xml(lxml.etree.fromstring(self.body))


class Xml:
    """A document whose paths need no prefixes."""

    def __init__(self, node: lxml.etree._Element) -> None:
        self.node = node
        self._namespace = lxml.etree.QName(node).namespace

    def all(self, path: str) -> list["Xml"]:
        """Elements anywhere below: ``TxInfAndSts/TxSts``."""
        steps = "/".join(f"{{{self._namespace}}}{step}" for step in path.split("/"))
        return [Xml(node) for node in self.node.findall(f".//{steps}")]

    def texts(self, path: str) -> list[str]:
        return [one.node.text or "" for one in self.all(path)]

    def text(self, path: str) -> str:
        """The first of them; empty when there is none."""
        return next(iter(self.texts(path)), "")


@dataclass
class Inbox:
    """The platform's notify_url: keeps what comes and answers as told, 204 when nothing was told."""

    answers: "queue.Queue[int]" = field(default_factory=queue.Queue)
    received: "queue.Queue[Answer]" = field(default_factory=queue.Queue)

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
                headers = {name.lower(): value for name, value in self.headers.items()}
                inbox.received.put(Answer(status, headers, body))

            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/notifications/bank"

    def next(self) -> Answer:
        """The next notification; fails when none comes."""
        return self.received.get(timeout=PATIENCE_S)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass(frozen=True)
class Payout:
    """One transaction of a pain.001. The amount as it is written."""

    number: str
    amount: str = "100.00"
    account: str = "6217000010000000001"
    name: str = "李雷"
    bank: str = OTHER_BANK
    currency: str = "CNY"
    memo: str = "货款"


def pain001(message_id: str, *payouts: Payout, **changes: str) -> bytes:
    """A message with one PmtInf; ``changes`` of debit, day, count, total, method."""
    total = sum(round(float(payout.amount) * 100) for payout in payouts)
    facts = {
        "debit": MAIN,
        "day": "2026-03-02",
        "count": str(len(payouts)),
        "total": f"{total // 100}.{total % 100:02d}",
        "method": "TRF",
    } | changes
    transactions = "".join(
        f"<CdtTrfTxInf><PmtId><InstrId>I-{payout.number}</InstrId><EndToEndId>{payout.number}</EndToEndId></PmtId>"
        f'<Amt><InstdAmt Ccy="{payout.currency}">{payout.amount}</InstdAmt></Amt>'
        f"<CdtrAgt><FinInstnId><ClrSysMmbId><MmbId>{payout.bank}</MmbId></ClrSysMmbId></FinInstnId></CdtrAgt>"
        f"<Cdtr><Nm>{escape(payout.name)}</Nm></Cdtr>"
        f"<CdtrAcct><Id><Othr><Id>{payout.account}</Id></Othr></Id></CdtrAcct>"
        f"<RmtInf><Ustrd>{escape(payout.memo)}</Ustrd></RmtInf></CdtTrfTxInf>"
        for payout in payouts
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn>'
        f"<GrpHdr><MsgId>{message_id}</MsgId><CreDtTm>2026-03-02T12:00:00+08:00</CreDtTm>"
        f"<NbOfTxs>{facts['count']}</NbOfTxs><CtrlSum>{facts['total']}</CtrlSum>"
        "<InitgPty><Nm>飞钱平台科技有限公司</Nm></InitgPty></GrpHdr>"
        f"<PmtInf><PmtInfId>P-{message_id}</PmtInfId><PmtMtd>{facts['method']}</PmtMtd>"
        f"<ReqdExctnDt><Dt>{facts['day']}</Dt></ReqdExctnDt><Dbtr><Nm>飞钱平台科技有限公司</Nm></Dbtr>"
        f"<DbtrAcct><Id><Othr><Id>{facts['debit']}</Id></Othr></Id></DbtrAcct>"
        "<DbtrAgt><FinInstnId><BICFI>FQSBCNBJXXX</BICFI></FinInstnId></DbtrAgt>"
        f"{transactions}</PmtInf></CstmrCdtTrfInitn></Document>"
    ).encode()


class Bank:
    """A bank's process over a data directory, and the platform whose credentials lie there."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.directory = directory
        self.start(*options)
        self.read_credentials()

    def start(self, *options: str) -> None:
        """Run it; returns when it takes requests."""
        command = [sys.executable, "-m", "feiqian.simulators.bank", "--port", "0"]
        self.process = subprocess.Popen(
            [*command, "--data-dir", str(self.directory), *options], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        ready, *places = self.process.stdout.readline().split() or [""]
        if ready != "ready":
            raise RuntimeError(f"the bank did not start, exit code {self._ended()}")
        self.url = places[0]
        self.address = urlsplit(places[0]).netloc
        self.socket_port = urlsplit(places[1]).port or 0
        self.tls_port = urlsplit(places[2]).port or 0 if len(places) > 2 else 0

    def read_credentials(self) -> None:
        path = self.directory / "bank-sandbox" / "credentials.json"
        self.credentials: dict[str, Any] = json.loads(path.read_text("utf-8"))
        key = load_pem_private_key(self.credentials["customer_identity"]["private_key"].encode(), None)
        assert isinstance(key, RSAPrivateKey)
        self.key = key

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
            shown = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, shown, answer.read())
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

    def at(self, moment: str) -> None:
        """Set the bank's clock: ``2026-03-03T09:00:00+08:00``."""
        self.sandbox("clock", {"now": moment})

    def now(self) -> datetime:
        return datetime.fromisoformat(self.sandbox("state")["clock"]["now"])

    def headers(self, method: str, target: str, body: bytes, **changes: str) -> dict[str, str]:
        """Good headers, but for ``changes``: customer, certificate, timestamp, signature."""
        timestamp = changes.get("timestamp", str(int(self.now().timestamp())))
        message = f"{method}\n{target}\n{timestamp}\n".encode() + body
        parts = {
            "customer": self.credentials["customer"],
            "certificate": self.credentials["customer_identity"]["serial"],
            "timestamp": timestamp,
            "signature": base64.b64encode(self.key.sign(message, PKCS1v15(), SHA256())).decode(),
        } | changes
        return {f"X-{name.title()}": value for name, value in parts.items()}

    def call(self, method: str, target: str, body: bytes = b"", timeout_s: float = PATIENCE_S) -> Answer:
        """A signed request whose answer's signature must hold."""
        answer = self.send(method, target, body, self.headers(method, target, body), timeout_s)
        assert self.is_signed(answer), "the answer's signature does not hold"
        return answer

    def is_signed(self, answer: Answer) -> bool:
        """Whether the bank signed exactly this body within five minutes of the clock."""
        headers = answer.headers
        identities = {one["serial"]: one["certificate"] for one in self.credentials["bank_identities"]}
        key = load_pem_x509_certificate(identities[headers["x-certificate"]].encode()).public_key()
        assert isinstance(key, RSAPublicKey)
        try:
            signature = base64.b64decode(headers["x-signature"], validate=True)
            key.verify(signature, f"{headers['x-timestamp']}\n".encode() + answer.body, PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError):
            return False
        return abs(int(headers["x-timestamp"]) - self.now().timestamp()) <= 300

    def initiate(self, message_id: str, *payouts: Payout, **changes: str) -> Xml:
        """Send a pain.001; its pain.002."""
        answer = self.call("POST", "/iso20022/pain.001", pain001(message_id, *payouts, **changes))
        assert answer.status == 200, answer.body.decode()
        return answer.xml

    def status(self, **query: str) -> Xml:
        """The pain.002 of now."""
        target = "/iso20022/pain.002?" + "&".join(f"{name}={value}" for name, value in query.items())
        return self.call("GET", target).xml

    def statement(self, day: str, account: str = MAIN) -> Xml:
        return self.call("GET", f"/iso20022/camt.053?account={account}&date={day}").xml

    def balance(self, account: str = MAIN) -> int:
        """What the bank's own state says."""
        accounts = {one["number"]: one for one in self.sandbox("state")["accounts"]}
        return accounts[account]["balance"]

    def listen(self, inbox: Inbox, account: str = MAIN) -> None:
        """Have camt.054 sent to an inbox."""
        self.sandbox("accounts", {"number": account, "notify_url": inbox.url})

    def notifications(self, reference: str) -> list[dict[str, Any]]:
        """The bank's own record of its notifications about a number."""
        return self.sandbox(f"orders/{reference}")["callbacks"]

    def wait_for(self, reference: str, **facts: object) -> dict[str, Any]:
        """The newest notification about a number, once its record says ``facts``."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            notification = self.notifications(reference)[-1]
            if all(notification[name] == value for name, value in facts.items()):
                return notification
            assert time.monotonic() < deadline, notification
            time.sleep(0.02)
