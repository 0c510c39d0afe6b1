"""The simulator's signatures against messages that others recorded at Alipay."""

import re
from urllib.parse import parse_qsl

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate, load_pem_x509_certificates
from tests.vectors import alipay as vectors

from feiqian.simulators.alipay.signing import (
    certificate_sn,
    notification_message,
    request_message,
    root_certificate_sn,
    sign,
    verify,
)


@pytest.fixture(scope="module")
def app_key() -> RSAPrivateKey:
    lines = re.findall(".{1,64}", vectors.APP_PRIVATE_KEY)
    pem = "\n".join(["-----BEGIN RSA PRIVATE KEY-----", *lines, "-----END RSA PRIVATE KEY-----"])
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    return key


@pytest.fixture(scope="module")
def alipay_key() -> RSAPublicKey:
    chain = load_pem_x509_certificates((vectors.CERTIFICATES / "alipay.crt").read_bytes())
    key = chain[0].public_key()
    assert isinstance(key, RSAPublicKey)
    return key


class TestARequest:
    def test_is_signed_as_others_sign_it(self, app_key: RSAPrivateKey) -> None:
        assert sign(app_key, request_message(vectors.REQUEST)) == vectors.REQUEST["sign"]

    @pytest.mark.parametrize("name", sorted(set(vectors.REQUEST) - {"sign"}))
    def test_is_covered_in_every_parameter(self, app_key: RSAPrivateKey, name: str) -> None:
        altered = vectors.REQUEST | {name: vectors.REQUEST[name] + "1"}
        assert not verify(app_key.public_key(), request_message(altered), vectors.REQUEST["sign"])

    def test_is_the_same_with_an_empty_parameter(self) -> None:
        assert request_message(vectors.REQUEST | {"app_auth_token": ""}) == request_message(vectors.REQUEST)


class TestANotification:
    def test_holds_with_a_plus_in_its_subject(self, alipay_key: RSAPublicKey) -> None:
        said = vectors.NOTIFICATION
        assert verify(alipay_key, notification_message(said), said["sign"])

    def test_does_not_hold_when_the_plus_became_a_space(self, alipay_key: RSAPublicKey) -> None:
        said = vectors.NOTIFICATION | {"subject": vectors.NOTIFICATION["subject"].replace("+", " ")}
        assert not verify(alipay_key, notification_message(said), said["sign"])

    def test_is_signed_as_the_buyers_return_is(self, alipay_key: RSAPublicKey) -> None:
        said = dict(parse_qsl(vectors.RETURN_QUERY, strict_parsing=True))
        assert verify(alipay_key, notification_message(said), said["sign"])


class TestAnAnswer:
    @pytest.mark.parametrize("answer", vectors.ANSWERS)
    def test_is_signed_over_its_raw_text(self, alipay_key: RSAPublicKey, answer: str) -> None:
        match = re.fullmatch(r'\{"\w+":(\{.*\}),"sign":"([^"]+)"\}', answer)
        assert match is not None
        assert verify(alipay_key, match[1].encode(), match[2])

    def test_has_its_slashes_escaped(self, alipay_key: RSAPublicKey) -> None:
        answer = vectors.ANSWERS[0].replace(r"\/", "/")
        match = re.fullmatch(r'\{"\w+":(\{.*\}),"sign":"([^"]+)"\}', answer)
        assert match is not None
        assert not verify(alipay_key, match[1].encode(), match[2])

    def test_with_a_broken_signature_does_not_hold(self, alipay_key: RSAPublicKey) -> None:
        assert not verify(alipay_key, b"anything", "not base64")


class TestACertificate:
    def test_is_named_after_issuer_and_serial_number(self) -> None:
        certificate = load_pem_x509_certificate((vectors.CERTIFICATES / "application.crt").read_bytes())
        assert certificate_sn(certificate) == vectors.APP_CERT_SN

    def test_of_the_roots_counts_only_with_rsa(self) -> None:
        roots = (vectors.CERTIFICATES / "alipay_root.crt").read_text("ascii")
        assert roots.count("BEGIN CERTIFICATE") == 4
        assert root_certificate_sn(roots) == vectors.ALIPAY_ROOT_CERT_SN
