"""A merchant of UnionPay as the simulator's tests need one: its PKCS #12, signed posts, and a sceptical eye on answers."""

import base64
import hashlib
import http.client
import io
import json
import re
import subprocess
import sys
import time
import zipfile
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import pkcs12
from tests.vectors.unionpay import ZM_WIDTHS, ZME_WIDTHS

PATIENCE_S = 20
"""How long a test waits for what must come."""

API = "/gateway/api"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


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

    @property
    def fields(self) -> dict[str, str]:
        return read_answer(self.text)


class Sandbox:
    """A simulator process over a data directory, and the merchant whose credentials lie there."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.directory = directory
        self.start(*options)
        kept = directory / "unionpay-sandbox" / "credentials.json"
        self.credentials: dict[str, str] = json.loads(kept.read_text("utf-8"))
        pfx = base64.b64decode(self.credentials["merchant_pfx"])
        password = self.credentials["merchant_pfx_password"].encode()
        key, certificate, _ = pkcs12.load_key_and_certificates(pfx, password)
        assert isinstance(key, RSAPrivateKey)
        assert certificate is not None
        self.key = key
        self.cert_id = str(certificate.serial_number)
        self.mer_id = self.credentials["mer_id"]

    def start(self, *options: str) -> None:
        """Run it; returns when it takes requests."""
        command = [sys.executable, "-m", "feiqian.simulators.unionpay", "--port", "0"]
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
            received = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, received, answer.read())
        finally:
            connection.close()

    def sandbox(self, path: str, content: Any = None) -> Any:
        """A sandbox control call that must succeed: POST with content, GET without."""
        if content is None:
            answer = self.send("GET", f"/sandbox/{path}")
        else:
            answer = self.send("POST", f"/sandbox/{path}", json.dumps(content).encode())
        assert answer.status == 200, answer.text
        return answer.json

    def now(self) -> datetime:
        """The simulator's clock."""
        return datetime.fromisoformat(self.sandbox("state")["clock"]["now"])

    def signed(self, fields: dict[str, str]) -> dict[str, str]:
        """The fields with certId and signature, written by hand from the documentation."""
        complete = {"certId": self.cert_id, **fields}
        text = "&".join(f"{name}={complete[name]}" for name in sorted(complete) if complete[name])
        digest = hashlib.sha256(text.encode()).hexdigest().encode()
        signature = base64.b64encode(self.key.sign(digest, PKCS1v15(), SHA256())).decode()
        return {**complete, "signature": signature}

    def post(self, target: str, fields: dict[str, str], **options: Any) -> Answer:
        """A signed form post."""
        return self.send("POST", target, urlencode(self.signed(fields)).encode(), FORM, **options)

    def call(self, name: str, fields: dict[str, str]) -> dict[str, str]:
        """A signed call; the answer's signature and certificate must hold."""
        answer = self.post(f"{API}/{name}.do", fields)
        assert answer.status == 200, answer.text
        said = answer.fields
        assert self.holds(said), said
        return said

    def holds(self, fields: dict[str, str]) -> bool:
        """Whether UnionPay signed exactly these fields, with a certificate of its chain that is valid now."""
        certificate = x509.load_pem_x509_certificate(fields["signPubKeyCert"].encode())
        root = x509.load_pem_x509_certificate(self.credentials["root_certificate"].encode())
        middle = x509.load_pem_x509_certificate(self.credentials["middle_certificate"].encode())
        try:
            root.verify_directly_issued_by(root)
            middle.verify_directly_issued_by(root)
            certificate.verify_directly_issued_by(middle)
        except (InvalidSignature, ValueError):
            return False
        now = self.now().astimezone(UTC)
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            return False
        return is_signed(fields, certificate)

    def order(self, order_id: str, amount: int, back_url: str, **changes: str) -> dict[str, str]:
        """The fields of a B2C purchase."""
        return (
            self.common("01", "01", "000201", order_id)
            | {
                "currencyCode": "156",
                "txnAmt": str(amount),
                "frontUrl": "https://shop.example.com/paid",
                "backUrl": back_url,
            }
            | changes
        )

    def follow(self, kind: str, order_id: str, amount: int, query_id: str, back_url: str) -> dict[str, str]:
        """The fields of a refund, a void or a completion."""
        return self.common(kind, "00", "000201", order_id) | {
            "txnAmt": str(amount),
            "origQryId": query_id,
            "backUrl": back_url,
        }

    def payout(self, order_id: str, amount: int, back_url: str, **changes: str) -> dict[str, str]:
        """The fields of a payout to a card."""
        payee = base64.b64encode(
            "{certifTp=01&certifId=341126197709218366&customerNm=张三}".encode()
        ).decode()
        return (
            self.common("12", "00", "000401", order_id)
            | {
                "currencyCode": "156",
                "txnAmt": str(amount),
                "accType": "01",
                "accNo": "6226388000000095",
                "customerInfo": payee,
                "backUrl": back_url,
            }
            | changes
        )

    def common(self, kind: str, sub_type: str, biz_type: str, order_id: str = "") -> dict[str, str]:
        """What every message has, at the simulator's time."""
        fields = {
            "version": "5.1.0",
            "encoding": "UTF-8",
            "signMethod": "01",
            "txnType": kind,
            "txnSubType": sub_type,
            "bizType": biz_type,
            "accessType": "0",
            "channelType": "07",
            "merId": self.mer_id,
            "txnTime": self.txn_time(),
        }
        return fields | ({"orderId": order_id} if order_id else {})

    def txn_time(self) -> str:
        """The simulator's clock as messages have it."""
        return self.now().astimezone(BEIJING).strftime("%Y%m%d%H%M%S")

    def back(self, fields: dict[str, str]) -> dict[str, str]:
        return self.call("backTransReq", fields)

    def query(self, order_id: str, txn_time: str) -> dict[str, str]:
        asked = self.common("00", "00", "000000", order_id) | {"txnTime": txn_time}
        return self.call("queryTrans", asked)

    def outcome(self, order_id: str, txn_time: str) -> str:
        """origRespCode, or the query's own code when it says that there is nothing."""
        said = self.query(order_id, txn_time)
        return said["origRespCode"] if said["respCode"] == "00" else f"respCode {said['respCode']}"

    def open(self, fields: dict[str, str]) -> str:
        """Post a front transaction as the buyer's browser; returns the bank page's address."""
        answer = self.post(f"{API}/frontTransReq.do", fields)
        assert answer.status == 303, answer.text
        return answer.headers["location"]

    def paid(self, order_id: str, amount: int, back_url: str, **changes: str) -> dict[str, Any]:
        """Place an order and pay it; returns the sandbox's summary."""
        self.open(self.order(order_id, amount, back_url, **changes))
        return self.sandbox("pay", {"order_id": order_id})

    def file(self, settle_date: str) -> dict[str, str]:
        """The answer to a file download."""
        fields = self.common("76", "01", "000000") | {"fileType": "00", "settleDate": settle_date}
        del fields["channelType"]
        answer = self.post("/", fields)
        assert self.holds(answer.fields), answer.text
        return answer.fields

    def callbacks(self, order_id: str) -> list[dict[str, Any]]:
        """The simulator's own record of an order's notices."""
        return self.sandbox(f"orders/{order_id}")["callbacks"]

    def wait_for(self, order_id: str, **facts: object) -> dict[str, Any]:
        """The newest notice of an order, once its record says ``facts``."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            callback = self.callbacks(order_id)[-1]
            if all(callback[name] == value for name, value in facts.items()):
                return callback
            assert time.monotonic() < deadline, callback
            time.sleep(0.02)


BEIJING = datetime.fromisoformat("2026-03-02T12:00:00+08:00").tzinfo


def read_answer(text: str) -> dict[str, str]:
    """``k=v&k=v`` with values that are not encoded: a name follows an ampersand, and only names are plain words."""
    return dict(part.split("=", 1) for part in re.split(r"&(?=[A-Za-z][A-Za-z0-9]*=)", text))


def is_signed(fields: dict[str, str], certificate: x509.Certificate) -> bool:
    """Whether the certificate's key signed exactly these fields."""
    key = certificate.public_key()
    assert isinstance(key, RSAPublicKey)
    text = "&".join(
        f"{name}={fields[name]}" for name in sorted(fields) if name != "signature" and fields[name]
    )
    digest = hashlib.sha256(text.encode()).hexdigest().encode()
    try:
        key.verify(base64.b64decode(fields["signature"], validate=True), digest, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def form_of(page: str) -> tuple[str, dict[str, str]]:
    """The address and the hidden fields of a page's first form."""
    form = re.search(r"<form[^>]*action=\"([^\"]*)\"[^>]*>(.*?)</form>", page, re.DOTALL)
    assert form is not None, page
    inputs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form[2])
    return unescape(form[1]), {name: unescape(value) for name, value in inputs}


def posted(body: bytes) -> dict[str, str]:
    """The fields of a notice."""
    return dict(parse_qsl(body.decode(), strict_parsing=True))


def archive(fields: dict[str, str]) -> zipfile.ZipFile:
    """The zip in a file download's answer."""
    return zipfile.ZipFile(io.BytesIO(zlib.decompress(base64.b64decode(fields["fileContent"]))))


def settlement(fields: dict[str, str], kind: str = "ZM_") -> list[list[str]]:
    """The columns of every line of ZM or ZME, cut by the published widths."""
    widths = ZM_WIDTHS if kind == "ZM_" else ZME_WIDTHS
    opened = archive(fields)
    name = next(name for name in opened.namelist() if kind in name)
    return [_cut(line, widths) for line in opened.read(name).split(b"\r\n") if line]


def _cut(line: bytes, widths: tuple[int, ...]) -> list[str]:
    assert len(line) == sum(widths) + len(widths) - 1, line
    columns, start = [], 0
    for width in widths:
        columns.append(line[start : start + width].decode("gbk"))
        start += width + 1
    return columns
