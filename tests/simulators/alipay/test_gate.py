"""Who may ask, and how it is answered: signatures, modes, charsets, rotation."""

import base64
import json
import secrets
from urllib.parse import quote_plus, urlencode

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate
from tests.simulators.alipay.merchant import FORM, Inbox, Sandbox
from tests.vectors import alipay as vectors

QUERY = "alipay.trade.query"


def refusal(answer: bytes, node: str) -> tuple[str, str]:
    """(code, sub_code) of a refusal."""
    inner = json.loads(answer)[node]
    return inner["code"], inner["sub_code"]


class TestACall:
    def test_that_is_signed_passes(self, sandbox: Sandbox) -> None:
        assert sandbox.call(QUERY, {"out_trade_no": "none"})["sub_code"] == "ACQ.TRADE_NOT_EXIST"

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"sign": "AAAA"}, ("40002", "isv.invalid-signature")),
            ({"biz_content": '{"out_trade_no":"other"}'}, ("40002", "isv.invalid-signature")),
            ({"sign": ""}, ("40001", "isv.missing-signature")),
            ({"sign_type": ""}, ("40001", "isv.missing-signature-type")),
            ({"timestamp": ""}, ("40001", "isv.missing-timestamp")),
            ({"version": ""}, ("40001", "isv.missing-version")),
            ({"app_id": ""}, ("40001", "isv.missing-app-id")),
            ({"sign_type": "RSA"}, ("40002", "isv.invalid-signature-type")),
            ({"format": "XML"}, ("40002", "isv.invalid-format")),
            ({"timestamp": "2026-03-02T12:00:00"}, ("40002", "isv.invalid-timestamp")),
        ],
    )
    def test_that_is_wrong_is_refused(
        self, sandbox: Sandbox, changes: dict[str, str], expected: tuple[str, str]
    ) -> None:
        answer = sandbox.post(sandbox.parameters(QUERY, {"out_trade_no": "none"}) | changes)
        assert refusal(answer.body, "alipay_trade_query_response") == expected

    def test_that_is_refused_moved_nothing(self, sandbox: Sandbox, number: str) -> None:
        parameters = sandbox.parameters("alipay.trade.create", sandbox.order(number, "1.00"))
        sandbox.post(parameters | {"biz_content": parameters["biz_content"].replace("1.00", "9.00")})
        assert sandbox.query(number)["sub_code"] == "ACQ.TRADE_NOT_EXIST"

    def test_of_another_application_is_refused_without_a_signature(self, sandbox: Sandbox) -> None:
        answer = sandbox.post(sandbox.parameters(QUERY, {}, app_id="2021000000000000"))
        assert refusal(answer.body, "error_response") == ("40002", "isv.invalid-app-id")
        assert "sign" not in answer.json

    def test_of_another_application_is_known_before_its_signature(self, sandbox: Sandbox) -> None:
        parameters = sandbox.parameters(QUERY, {}, app_id="2021000000000000")
        del parameters["sign"]
        answer = sandbox.post(parameters)
        assert refusal(answer.body, "error_response") == ("40002", "isv.invalid-app-id")

    def test_of_an_unknown_method_is_refused(self, sandbox: Sandbox) -> None:
        answer = sandbox.post(sandbox.parameters("alipay.trade.guess", {}))
        assert refusal(answer.body, "error_response") == ("40002", "isv.invalid-method")

    def test_in_an_unknown_charset_is_refused(self, sandbox: Sandbox) -> None:
        parameters = sandbox.parameters(QUERY, {}) | {"charset": "latin-1"}
        answer = sandbox.send("POST", "/gateway.do", urlencode(parameters).encode(), {"Content-Type": FORM})
        assert refusal(answer.body, "error_response") == ("40002", "isv.invalid-charset")

    def test_whose_content_is_no_json_is_refused(self, sandbox: Sandbox) -> None:
        answered = sandbox.call(QUERY, {}, biz_content="{")
        assert (answered["code"], answered["sub_code"]) == ("40002", "isv.invalid-parameter")

    def test_may_be_a_get(self, sandbox: Sandbox) -> None:
        query = urlencode(sandbox.parameters(QUERY, {"out_trade_no": "none"}))
        answer = sandbox.send("GET", f"/gateway.do?{query}")
        assert sandbox.opened(QUERY, answer.text)["sub_code"] == "ACQ.TRADE_NOT_EXIST"

    def test_may_put_its_common_parameters_in_the_query(self, sandbox: Sandbox) -> None:
        parameters = sandbox.parameters(QUERY, {"out_trade_no": "none"})
        body = urlencode({"biz_content": parameters.pop("biz_content")}).encode()
        target = f"/gateway.do?{urlencode(parameters)}"
        answer = sandbox.send("POST", target, body, {"Content-Type": FORM})
        assert sandbox.opened(QUERY, answer.text)["sub_code"] == "ACQ.TRADE_NOT_EXIST"

    def test_may_be_multipart(self, sandbox: Sandbox) -> None:
        boundary = secrets.token_hex(8)
        parameters = sandbox.parameters(QUERY, {"out_trade_no": "没有"})
        content = parameters.pop("biz_content")
        body = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="biz_content"\r\n\r\n{content}\r\n--{boundary}--\r\n'
        ).encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        answer = sandbox.send("POST", f"/gateway.do?{urlencode(parameters)}", body, headers)
        assert sandbox.opened(QUERY, answer.text)["sub_code"] == "ACQ.TRADE_NOT_EXIST"


class TestARecordedCall:
    @pytest.fixture
    def recorded(self, own_sandbox: Sandbox) -> Sandbox:
        """A sandbox whose merchant is the one that others recorded at Alipay."""
        own_sandbox.stop()
        key = load_pem_x509_certificate((vectors.CERTIFICATES / "application.crt").read_bytes()).public_key()
        changed = own_sandbox.credentials | {
            "app_id": vectors.APP_ID,
            "app_public_key": key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
            "app_cert_sn": vectors.APP_CERT_SN,
            "alipay_root_cert_sn": vectors.ALIPAY_ROOT_CERT_SN,
        }
        path = own_sandbox.directory / "alipay-sandbox" / "credentials.json"
        path.write_text(json.dumps(changed), "utf-8")
        own_sandbox.start()
        return own_sandbox

    def test_passes_as_it_was_sent(self, recorded: Sandbox) -> None:
        answer = recorded.post(vectors.REQUEST)
        assert recorded.opened(QUERY, answer.text)["sub_code"] == "ACQ.TRADE_NOT_EXIST"

    def test_does_not_pass_for_another_order(self, recorded: Sandbox) -> None:
        answer = recorded.post(vectors.REQUEST | {"biz_content": '{"out_trade_no":"1703141271"}'})
        assert recorded.opened(QUERY, answer.text)["sub_code"] == "isv.invalid-signature"


class TestAnAnswer:
    def test_escapes_slashes_so_that_only_its_raw_text_verifies(self, sandbox: Sandbox, number: str) -> None:
        answer = sandbox.post(sandbox.parameters("alipay.trade.precreate", sandbox.order(number, "1.00")))
        assert rb'"qr_code":"https:\/\/qr.alipay.com\/bax' in answer.body
        assert sandbox.opened("alipay.trade.precreate", answer.text)["code"] == "10000"

    def test_begins_with_code_and_message(self, sandbox: Sandbox, number: str) -> None:
        answer = sandbox.post(sandbox.parameters("alipay.trade.precreate", sandbox.order(number, "1.00")))
        assert answer.text.startswith(
            '{"alipay_trade_precreate_response":{"code":"10000","msg":"Success","out_tr'
        )
        assert answer.headers["content-type"] == "text/html;charset=utf-8"

    def test_to_gbk_is_gbk(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        order = sandbox.order(number, "1.00", subject="面霜+玫瑰 & 水")
        placed = sandbox.call("alipay.trade.create", order, charset="GBK", notify_url=inbox.url)
        assert placed["code"] == "10000"
        shown = sandbox.call(QUERY, {"out_trade_no": number}, charset="gbk")
        assert shown["subject"] == "面霜+玫瑰 & 水"
        sandbox.sandbox("pay", {"out_trade_no": number})
        raw = inbox.received.get(timeout=20)
        assert quote_plus("面霜+玫瑰 & 水", encoding="gbk").encode() in raw
        inbox.received.put(raw)
        said = inbox.next("gbk")
        assert sandbox.is_signed(said)


class TestCertificateMode:
    def test_names_the_certificate_that_signed(self, sandbox: Sandbox) -> None:
        answer = sandbox.post(sandbox.parameters(QUERY, {"out_trade_no": "none"}, mode="certificate"))
        assert answer.json["alipay_cert_sn"] == sandbox.sandbox("state")["alipay_cert_sn"]
        assert sandbox.opened(QUERY, answer.text)["sub_code"] == "ACQ.TRADE_NOT_EXIST"

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("app_cert_sn", "isv.app-cert-not-exist"),
            ("alipay_root_cert_sn", "isv.invalid-alipay-root-cert-sn"),
        ],
    )
    def test_refuses_another_certificate(self, sandbox: Sandbox, name: str, expected: str) -> None:
        parameters = sandbox.parameters(QUERY, {"out_trade_no": "none"}, mode="certificate")
        parameters[name] = "0" * 32
        del parameters["sign"]
        answer = sandbox.post(parameters | {"sign": sandbox.sign(parameters)})
        assert refusal(answer.body, "alipay_trade_query_response") == ("40002", expected)

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("app_cert_sn", "isv.missing-app-cert-sn"),
            ("alipay_root_cert_sn", "isv.missing-alipay-root-cert-sn"),
        ],
    )
    def test_needs_both_numbers(self, sandbox: Sandbox, name: str, expected: str) -> None:
        parameters = sandbox.parameters(QUERY, {"out_trade_no": "none"}, mode="certificate")
        del parameters[name], parameters["sign"]
        answer = sandbox.post(parameters | {"sign": sandbox.sign(parameters)})
        assert refusal(answer.body, "alipay_trade_query_response") == ("40002", expected)

    def test_notifies_with_the_certificates_key(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        order = sandbox.order(number, "1.00")
        sandbox.call("alipay.trade.create", order, mode="certificate", notify_url=inbox.url)
        sandbox.sandbox("pay", {"out_trade_no": number})
        said = inbox.next()
        key = sandbox.certificate_key(sandbox.sandbox("state")["alipay_cert_sn"])
        assert sandbox.is_signed(said, key)
        assert not sandbox.is_signed(said)
        assert "alipay_cert_sn" not in said

    def test_rotates_in_flight(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        before = sandbox.sandbox("state")["alipay_cert_sn"]
        order = sandbox.order(number, "1.00")
        sandbox.call("alipay.trade.create", order, mode="certificate", notify_url=inbox.url)
        after = sandbox.sandbox("rotate", {})["alipay_cert_sn"]
        assert after != before
        sandbox.sandbox("pay", {"out_trade_no": number})
        said = inbox.next()
        assert not sandbox.is_signed(said, sandbox.certificate_key(before))
        assert sandbox.is_signed(said, sandbox.certificate_key(after))
        fetched = sandbox.call(
            "alipay.open.app.alipaycert.download", {"alipay_cert_sn": after}, mode="certificate"
        )
        kept = sandbox.read_credentials()["alipay_certificates"]
        assert base64.b64decode(fetched["alipay_cert_content"]).decode() == kept[-1]["certificate"]

    def test_does_not_know_other_certificates(self, sandbox: Sandbox) -> None:
        answered = sandbox.call("alipay.open.app.alipaycert.download", {"alipay_cert_sn": "0" * 32})
        assert answered["sub_code"] == "isv.alipay-cert-not-exist"

    def test_keeps_a_rotation_over_a_restart(self, own_sandbox: Sandbox) -> None:
        after = own_sandbox.sandbox("rotate", {})["alipay_cert_sn"]
        own_sandbox.kill()
        own_sandbox.start()
        assert own_sandbox.sandbox("state")["alipay_cert_sn"] == after
        assert own_sandbox.call(QUERY, {"out_trade_no": "none"}, mode="certificate")["code"] == "40004"
