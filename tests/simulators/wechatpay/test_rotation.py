"""WeChat Pay changes its keys while payments are under way."""

import json
from base64 import b64decode
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509 import load_pem_x509_certificate
from tests.simulators.merchant import Inbox, Sandbox, public_key

KINDS = {"public_key": "wechatpay_public_key_id", "platform_certificate": "platform_certificate_serial_no"}


def rotate(sandbox: Sandbox, kind: str, step: str) -> Any:
    return sandbox.sandbox("rotation", {"kind": kind, "step": step})


def certificates(sandbox: Sandbox) -> dict[str, Any]:
    """What a merchant downloads: public keys by serial."""
    listed = sandbox.call_unverified("GET", "/v3/certificates").json["data"]
    contents = {one["serial_no"]: _pem(sandbox, one["encrypt_certificate"]) for one in listed}
    return {serial: load_pem_x509_certificate(pem).public_key() for serial, pem in contents.items()}


def _pem(sandbox: Sandbox, sealed: dict[str, str]) -> bytes:
    key = AESGCM(sandbox.credentials["api_v3_key"].encode())
    data = sealed["associated_data"].encode()
    return key.decrypt(sealed["nonce"].encode(), b64decode(sealed["ciphertext"]), data)


class TestARotation:
    @pytest.mark.parametrize("kind", list(KINDS))
    def test_in_flight_signs_callbacks_of_older_orders_with_the_new_key(
        self, own_sandbox: Sandbox, inbox: Inbox, number: str, kind: str
    ) -> None:
        old = own_sandbox.credentials[KINDS[kind]]
        own_sandbox.prepay(own_sandbox.order(number, 100, inbox.url), serial=old)
        new = rotate(own_sandbox, kind, "announce")["newest"]
        assert rotate(own_sandbox, kind, "switch") == {"kind": kind, "newest": new, "used": new}
        own_sandbox.sandbox("pay", {"out_trade_no": number})
        received = inbox.next()
        assert received.headers["wechatpay-serial"] == new
        if kind == "platform_certificate":
            own_sandbox.keys |= certificates(own_sandbox)
        else:
            path = own_sandbox.directory / "wechatpay-sandbox" / "credentials.json"
            later = json.loads(path.read_text("utf-8"))["later_keys"]
            own_sandbox.keys |= {one["serial"]: public_key(one["public"]) for one in later}
        assert own_sandbox.is_signed(received.headers, received.body)

    @pytest.mark.parametrize("kind", list(KINDS))
    def test_knows_both_keys_until_the_old_one_is_retired(
        self, own_sandbox: Sandbox, number: str, kind: str
    ) -> None:
        old = own_sandbox.credentials[KINDS[kind]]
        rotate(own_sandbox, kind, "announce")
        target = f"/v3/pay/transactions/out-trade-no/{number}?mchid={own_sandbox.credentials['mchid']}"
        assert own_sandbox.call("GET", target, serial=old).status == 404
        rotate(own_sandbox, kind, "switch")
        assert own_sandbox.call("GET", target, serial=old).status == 404
        rotate(own_sandbox, kind, "retire")
        assert own_sandbox.call_unverified("GET", target, serial=old).refusal == (400, "PARAM_ERROR")

    def test_lists_the_old_and_the_new_certificate_side_by_side(self, own_sandbox: Sandbox) -> None:
        old = own_sandbox.credentials["platform_certificate_serial_no"]
        new = rotate(own_sandbox, "platform_certificate", "announce")["newest"]
        assert list(certificates(own_sandbox)) == [old, new]
        rotate(own_sandbox, "platform_certificate", "switch")
        rotate(own_sandbox, "platform_certificate", "retire")
        own_sandbox.stop()
        own_sandbox.start()
        assert list(certificates(own_sandbox)) == [new]

    def test_does_not_retire_the_key_in_use(self, own_sandbox: Sandbox) -> None:
        body = b'{"kind": "public_key", "step": "retire"}'
        assert own_sandbox.send("POST", "/sandbox/rotation", body).status == 400
        rotate(own_sandbox, "public_key", "announce")
        assert own_sandbox.send("POST", "/sandbox/rotation", body).status == 400
