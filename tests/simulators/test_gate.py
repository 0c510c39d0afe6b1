"""Who may ask, and under whose key the simulator answers."""

import base64
import json
import secrets
import stat

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tests.simulators.merchant import Inbox, Sandbox

CERTIFICATES = "/v3/certificates"


class TestARequest:
    def test_signed_by_the_merchant_passes(self, sandbox: Sandbox) -> None:
        assert sandbox.call("GET", CERTIFICATES).status == 200

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"mchid": "1900000001"}, "商户号"),
            ({"serial_no": "0" * 40}, "序列号"),
            ({"timestamp": "soon"}, "timestamp"),
            ({"timestamp": "1772423698"}, "5分钟"),  # 302 seconds before noon
            ({"timestamp": "1772424302"}, "5分钟"),  # 302 seconds after
            ({"signature": base64.b64encode(bytes(256)).decode()}, "签名错误"),
            ({"signature": "?"}, "签名错误"),
        ],
    )
    def test_that_is_not_the_merchant_s_is_refused(
        self, sandbox: Sandbox, changes: dict[str, str], reason: str
    ) -> None:
        header = sandbox.authorization("GET", CERTIFICATES, b"", **changes)
        answer = sandbox.send("GET", CERTIFICATES, headers={"Authorization": header})
        assert answer.refusal == (401, "SIGN_ERROR")
        assert reason in answer.json["message"]

    def test_without_authorization_is_refused(self, sandbox: Sandbox) -> None:
        assert sandbox.send("GET", CERTIFICATES).refusal == (401, "SIGN_ERROR")

    def test_is_signed_over_its_exact_bytes(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        target = "/v3/pay/transactions/native"
        body = json.dumps(sandbox.order(number, 100, inbox.url)).encode()
        header = sandbox.authorization("POST", target, body)
        answer = sandbox.send("POST", target, body + b" ", {"Authorization": header})
        assert answer.refusal == (401, "SIGN_ERROR")
        assert sandbox.query(number).refusal == (404, "ORDER_NOT_EXIST")

    def test_is_signed_over_its_query_too(self, sandbox: Sandbox) -> None:
        header = sandbox.authorization("GET", CERTIFICATES, b"")
        answer = sandbox.send("GET", f"{CERTIFICATES}?algorithm_type=RSA", headers={"Authorization": header})
        assert answer.refusal == (401, "SIGN_ERROR")

    def test_is_heard_once(self, sandbox: Sandbox) -> None:
        headers = {
            "Authorization": sandbox.authorization("GET", CERTIFICATES, b"", nonce_str=secrets.token_hex(16))
        }
        first, second = (sandbox.send("GET", CERTIFICATES, headers=headers) for _ in range(2))
        assert first.status == 200
        assert second.refusal == (401, "SIGN_ERROR")

    def test_to_an_unknown_place_is_answered_in_the_same_shape(self, sandbox: Sandbox) -> None:
        assert sandbox.call("GET", "/v3/pay/transactions/jsapi").status in (404, 405)


class TestAnAnswer:
    def test_is_signed_by_the_public_key_unless_asked_otherwise(self, sandbox: Sandbox) -> None:
        answer = sandbox.call("GET", CERTIFICATES)
        assert answer.headers["wechatpay-serial"] == sandbox.credentials["wechatpay_public_key_id"]

    def test_is_signed_by_the_platform_certificate_when_that_is_asked_for(self, sandbox: Sandbox) -> None:
        serial = sandbox.credentials["platform_certificate_serial_no"]
        answer = sandbox.call("GET", CERTIFICATES, serial=serial)
        assert answer.headers["wechatpay-serial"] == serial

    def test_under_an_unknown_serial_is_a_refusal(self, sandbox: Sandbox) -> None:
        answer = sandbox.call("GET", CERTIFICATES, serial="PUB_KEY_ID_0")
        assert answer.refusal == (400, "PARAM_ERROR")

    def test_that_refuses_is_signed_too(self, sandbox: Sandbox) -> None:
        assert sandbox.query("never-placed").refusal == (404, "ORDER_NOT_EXIST")


class TestThePlatformCertificate:
    def test_is_served_encrypted_for_the_merchant(self, sandbox: Sandbox) -> None:
        (entry,) = sandbox.call("GET", CERTIFICATES).json["data"]
        sealed = entry["encrypt_certificate"]
        opened = AESGCM(sandbox.credentials["api_v3_key"].encode()).decrypt(
            sealed["nonce"].encode(),
            base64.b64decode(sealed["ciphertext"]),
            sealed["associated_data"].encode(),
        )
        assert opened.decode() == sandbox.credentials["platform_certificate"]
        assert entry["serial_no"] == sandbox.credentials["platform_certificate_serial_no"]
        assert entry["effective_time"] < "2010-12-01"
        assert entry["expire_time"] > "2040-01-01"


class TestTheCredentials:
    def test_are_for_their_owner_only(self, sandbox: Sandbox) -> None:
        path = sandbox.directory / "wechatpay-sandbox" / "credentials.json"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_stay_over_a_restart(self, own_sandbox: Sandbox) -> None:
        before = own_sandbox.call("GET", CERTIFICATES).json["data"][0]["serial_no"]
        assert own_sandbox.stop() == 0
        own_sandbox.start()
        assert own_sandbox.call("GET", CERTIFICATES).json["data"][0]["serial_no"] == before


class TestTheProcess:
    def test_keeps_others_away_from_its_books(self, own_sandbox: Sandbox) -> None:
        with pytest.raises(RuntimeError, match="exit code 1"):
            Sandbox(own_sandbox.directory)
        assert own_sandbox.call("GET", CERTIFICATES).status == 200
