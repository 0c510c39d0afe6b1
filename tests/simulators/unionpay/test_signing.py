"""Signatures: recorded messages of UnionPay's test environment, and what the gateway lets pass."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from tests.simulators.unionpay.merchant import API, FORM, Sandbox, is_signed, read_answer
from tests.vectors import unionpay as vectors

from feiqian.simulators.unionpay.messages import link_string, parse_form, write_answer
from feiqian.simulators.unionpay.signing import sign, verify


def key_of(fields: dict[str, str]) -> RSAPublicKey:
    key = x509.load_pem_x509_certificate(fields["signPubKeyCert"].encode()).public_key()
    assert isinstance(key, RSAPublicKey)
    return key


class TestASignature:
    def test_is_over_the_sorted_fields_without_itself(self) -> None:
        assert link_string(vectors.REQUEST) == vectors.REQUEST_LINK_STRING
        assert link_string({**vectors.REQUEST, "signature": "x", "empty": ""}) == vectors.REQUEST_LINK_STRING

    def test_of_the_published_request_verifies(self) -> None:
        key = load_pem_public_key(vectors.MERCHANT_PUBLIC_KEY.encode())
        assert isinstance(key, RSAPublicKey)
        assert verify(key, {**vectors.REQUEST, "signature": vectors.REQUEST_SIGNATURE})
        assert not verify(
            key, {**vectors.REQUEST, "merId": "888888888888889", "signature": vectors.REQUEST_SIGNATURE}
        )

    @pytest.mark.parametrize("message", [vectors.REFUND_ANSWER, vectors.PAYMENT_NOTICE])
    def test_of_a_recorded_message_verifies_by_the_certificate_beside_it(self, message: bytes) -> None:
        fields = read_answer(message.decode())
        assert verify(key_of(fields), fields)
        assert not verify(key_of(fields), {**fields, "txnAmt": "2"})

    def test_of_a_recorded_post_verifies(self) -> None:
        fields = parse_form(vectors.PAYMENT_NOTICE_FORM)
        assert fields == vectors.PAYMENT_NOTICE_FORM_FIELDS
        assert verify(key_of(fields), fields)

    def test_is_what_signing_gives(self) -> None:
        key = generate_private_key(65537, 2048)
        signature = sign(key, vectors.REQUEST)
        assert verify(key.public_key(), {**vectors.REQUEST, "signature": signature})
        assert sign(key, vectors.REQUEST) == signature

    def test_that_is_no_base64_is_refused(self) -> None:
        key = generate_private_key(65537, 2048)
        assert not verify(key.public_key(), {**vectors.REQUEST, "signature": "%"})
        assert not verify(key.public_key(), vectors.REQUEST)


class TestARecordedCertificate:
    def test_leads_to_the_root_over_the_middle(self) -> None:
        root = x509.load_pem_x509_certificate(vectors.ROOT_CERTIFICATE)
        middle = x509.load_pem_x509_certificate(vectors.MIDDLE_CERTIFICATE)
        for message in (vectors.REFUND_ANSWER, vectors.PAYMENT_NOTICE):
            fields = read_answer(message.decode())
            leaf = x509.load_pem_x509_certificate(fields["signPubKeyCert"].encode())
            for certificate, issuer in ((leaf, middle), (middle, root), (root, root)):
                key, algorithm = issuer.public_key(), certificate.signature_hash_algorithm
                assert isinstance(key, RSAPublicKey)
                assert algorithm is not None
                assert certificate.issuer == issuer.subject
                key.verify(certificate.signature, certificate.tbs_certificate_bytes, PKCS1v15(), algorithm)


class TestAnAnswer:
    def test_is_written_as_the_real_one(self) -> None:
        fields = read_answer(vectors.REFUND_ANSWER.decode())
        assert read_answer(write_answer(fields).decode()) == fields
        assert write_answer(fields).endswith(f"&signature={fields['signature']}".encode())

    def test_has_the_fields_of_the_recorded_one(self, sandbox: Sandbox, number: str) -> None:
        paid = sandbox.paid(number, 100, "http://127.0.0.1:9/none")
        answer = sandbox.back(
            sandbox.follow("04", f"{number}r", 100, paid["query_id"], "http://127.0.0.1:9/none")
        )
        recorded = read_answer(vectors.REFUND_ANSWER.decode())
        assert set(answer) == set(recorded)
        assert answer["respMsg"] == recorded["respMsg"]
        assert len(answer["queryId"]) == len(recorded["queryId"])
        assert answer["queryId"][:2] == recorded["queryId"][:2]
        assert answer["signPubKeyCert"].count("\r\n") == answer["signPubKeyCert"].count("\n")

    @pytest.mark.parametrize("mode", ["expired", "foreign"])
    def test_under_a_bad_certificate_is_signed_all_the_same(
        self, sandbox: Sandbox, number: str, mode: str
    ) -> None:
        sandbox.sandbox("behaviour", {"certificate": mode, "only_next": 1})
        asked = sandbox.common("00", "00", "000000", number)
        said = sandbox.post(f"{API}/queryTrans.do", asked).fields
        assert is_signed(said, x509.load_pem_x509_certificate(said["signPubKeyCert"].encode()))
        assert not sandbox.holds(said)
        assert sandbox.call("queryTrans", asked)["respCode"] == "34"

    def test_comes_with_the_next_certificate_after_a_rotation(self, sandbox: Sandbox, number: str) -> None:
        asked = sandbox.common("00", "00", "000000", number)
        before = sandbox.call("queryTrans", asked)["signPubKeyCert"]
        sandbox.sandbox("certificate", {"use": "next"})
        assert sandbox.call("queryTrans", asked)["signPubKeyCert"] != before


class TestAMessage:
    def refused(self, sandbox: Sandbox, **changes: str) -> tuple[str, str]:
        """What a query is refused with when it was altered before it was signed."""
        fields = sandbox.common("00", "00", "000000", "order000000") | changes
        said = sandbox.call("queryTrans", {name: value for name, value in fields.items() if value})
        return said["respCode"], said["respMsg"]

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"version": "5.0.0"}, "10"),
            ({"encoding": "GBK"}, "10"),
            ({"txnTime": "20260230120000"}, "10"),
            ({"txnTime": "2026"}, "10"),
            ({"orderId": "short"}, "10"),
            ({"orderId": "with-dash-1"}, "10"),
            ({"txnTime": ""}, "13"),
            ({"orderId": ""}, "13"),
            ({"merId": "777290000000000"}, "31"),
            ({"certId": "1"}, "11"),
            ({"signMethod": "11"}, "11"),
            ({"txnType": "01"}, "32"),
        ],
    )
    def test_that_breaks_a_rule_is_refused(
        self, sandbox: Sandbox, changes: dict[str, str], code: str
    ) -> None:
        assert self.refused(sandbox, **changes)[0] == code

    def test_that_was_altered_after_signing_is_refused(self, sandbox: Sandbox, number: str) -> None:
        fields = sandbox.signed(sandbox.order(number, 100, "http://127.0.0.1:9/none")) | {"txnAmt": "1"}
        body = "&".join(f"{name}={value}" for name, value in fields.items()).replace("+", "%2B").encode()
        page = sandbox.send("POST", f"{API}/frontTransReq.do", body, FORM)
        assert "[11]" in page.text
        assert sandbox.outcome(number, fields["txnTime"]) == "respCode 34"

    @pytest.mark.parametrize("body", [b"", b"nothing", b"a=1&a=2", b"a=%ff", "a=汉".encode()])
    def test_that_is_no_form_is_answered_without_fields(self, sandbox: Sandbox, body: bytes) -> None:
        answer = sandbox.send("POST", f"{API}/queryTrans.do", body, FORM)
        assert (answer.status, answer.text) == (400, "Invalid request.")
