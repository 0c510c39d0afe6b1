"""The process: credentials, restarts, kills, and answers as a broken network gives them."""

import base64
import stat
import subprocess
import sys
from urllib.parse import urlencode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12
from tests.simulators.unionpay.inbox import Inbox
from tests.simulators.unionpay.merchant import API, FORM, Sandbox

NOWHERE = "http://127.0.0.1:9/none"


class TestCredentials:
    def test_are_the_owners_alone_and_hold_a_chain(self, sandbox: Sandbox) -> None:
        kept = sandbox.directory / "unionpay-sandbox" / "credentials.json"
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert sandbox.credentials["merchant_cert_id"] == sandbox.cert_id
        names = ("root", "middle", "sign", "next_sign", "expired", "foreign")
        root, middle, *signers = (
            x509.load_pem_x509_certificate(sandbox.credentials[f"{name}_certificate"].encode())
            for name in names
        )
        middle.verify_directly_issued_by(root)
        assert [signer.subject for signer in signers] == [signers[0].subject] * 4
        assert "中国银联股份有限公司" in signers[0].subject.rfc4514_string()
        for signer in signers[:3]:
            signer.verify_directly_issued_by(middle)
        with pytest.raises(ValueError, match="Issuer"):
            signers[3].verify_directly_issued_by(middle)

    def test_open_with_their_password_only(self, sandbox: Sandbox) -> None:
        pfx = base64.b64decode(sandbox.credentials["merchant_pfx"])
        with pytest.raises(ValueError, match="password"):
            pkcs12.load_key_and_certificates(pfx, b"000000")


class TestARestart:
    def test_keeps_orders_clock_certificate_and_notices(self, own_sandbox: Sandbox, inbox: Inbox) -> None:
        own_sandbox.sandbox("behaviour", {"callback": "late", "late_s": 60})
        paid = own_sandbox.paid("order000001", 100, inbox.url)
        own_sandbox.sandbox("certificate", {"use": "next"})
        own_sandbox.kill()
        own_sandbox.start()
        assert own_sandbox.sandbox("state")["certificate"] == "next"
        assert own_sandbox.outcome("order000001", paid["txn_time"]) == "00"
        own_sandbox.sandbox("clock", {"now": "2026-03-02T12:01:00+08:00"})
        assert own_sandbox.holds(inbox.next())

    def test_is_refused_while_another_process_has_the_books(self, sandbox: Sandbox) -> None:
        command = [sys.executable, "-m", "feiqian.simulators.unionpay", "--port", "0", "--data-dir"]
        second = subprocess.run(
            [*command, str(sandbox.directory)], capture_output=True, text=True, check=False
        )
        assert second.returncode == 1
        assert "another simulator has" in second.stderr


class TestAHostileAnswer:
    def ask(self, sandbox: Sandbox, number: str, mode: str) -> bytes:
        """The body of a refund's answer."""
        paid = sandbox.paid(number, 100, NOWHERE)
        sandbox.sandbox(
            "behaviour", {"answer": mode, "answer_path": "backTransReq", "slow_s": 0.2, "only_next": 1}
        )
        fields = sandbox.signed(sandbox.follow("04", f"{number}r", 100, paid["query_id"], NOWHERE))
        target = f"{API}/backTransReq.do"
        return sandbox.send("POST", target, urlencode(fields).encode(), FORM, timeout_s=1).body

    @pytest.mark.parametrize("mode", ["garbage", "huge", "empty", "slow"])
    def test_comes_after_everything_was_done(self, sandbox: Sandbox, number: str, mode: str) -> None:
        body = self.ask(sandbox, number, mode)
        assert (b"respCode=00" in body) == (mode == "slow")
        assert sandbox.outcome(f"{number}r", sandbox.txn_time()) == "00"

    def test_may_never_come(self, sandbox: Sandbox, number: str) -> None:
        with pytest.raises(TimeoutError):
            self.ask(sandbox, number, "lost")
        assert sandbox.outcome(f"{number}r", sandbox.txn_time()) == "00"

    @pytest.mark.parametrize(("mode", "code"), [("error", b"02"), ("rate_limited", b"37")])
    def test_may_be_a_refusal_with_nothing_done(
        self, sandbox: Sandbox, number: str, mode: str, code: bytes
    ) -> None:
        assert b"&respCode=" + code + b"&" in self.ask(sandbox, number, mode)
        assert sandbox.outcome(f"{number}r", sandbox.txn_time()) == "respCode 34"


class TestTheSandbox:
    @pytest.mark.parametrize(
        ("path", "body", "status"),
        [
            ("behaviour", '{"callback":"nonsense"}', 400),
            ("pay", '{"order":"x"}', 400),
            ("pay", '{"order_id":"unknown00"}', 409),
            ("certificate", '{"use":"other"}', 400),
            ("orders/unknown00/settle", "{}", 409),
            ("batches/0001/settle", "{}", 409),
        ],
    )
    def test_refuses_what_it_does_not_understand(
        self, sandbox: Sandbox, path: str, body: str, status: int
    ) -> None:
        assert sandbox.send("POST", f"/sandbox/{path}", body.encode()).status == status

    def test_settles_only_what_waits(self, sandbox: Sandbox, number: str) -> None:
        sandbox.paid(number, 100, NOWHERE)
        answer = sandbox.send("POST", f"/sandbox/orders/{number}/settle", b'{"resp_code":"00"}')
        assert answer.status == 400
        assert len(sandbox.callbacks(number)) == 1

    def test_counts_what_there_is(self, sandbox: Sandbox, number: str) -> None:
        sandbox.paid(number, 100, NOWHERE)
        state = sandbox.sandbox("state")
        assert state["mer_id"] == sandbox.mer_id
        assert state["transactions"]["01 succeeded"] >= 1
