"""Signatures as WeChat Pay publishes and demands them."""

import base64
import re
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.channels import wechat
from tests.channels.wechat import NOW
from tests.vectors import wechatpay as vectors

from feiqian.channels import NoticeFault
from feiqian.channels.wechatpay.signing import (
    Sealed,
    Signer,
    VerifyingKeys,
    open_sealed,
    read_certificate,
    read_public_key,
)

HEADER = re.compile(
    r'WECHATPAY2-SHA256-RSA2048 mchid="(?P<mchid>\w+)",serial_no="(?P<serial>\w+)",'
    r'nonce_str="(?P<nonce>\w+)",timestamp="(?P<timestamp>\d+)",signature="(?P<signature>[\w+/=]+)"'
)


def signer(private_key_pem: str | None = None) -> Signer:
    return Signer(
        mchid=wechat.MCHID,
        serial_no=wechat.MERCHANT_SERIAL,
        private_key_pem=private_key_pem or wechat.private_pem("merchant"),
    )


def keys() -> VerifyingKeys:
    config = wechat.config()
    return VerifyingKeys({**config.certificate_keys(), **config.public_keys()})


class TestThePublishedVectors:
    def test_give_the_published_signature(self) -> None:
        assert signer(vectors.TESTING_KEY).sign(vectors.SIGNED_MESSAGE) == vectors.SIGNATURE

    def test_verify_with_the_published_certificate(self) -> None:
        known = VerifyingKeys(
            {vectors.CERTIFICATE_SERIAL: read_certificate(vectors.CERTIFICATE, vectors.CERTIFICATE_SERIAL)}
        )
        moment = datetime.fromtimestamp(vectors.NOTICE_TIMESTAMP, UTC)
        found = known.fault(headers=vectors.NOTICE_HEADERS, body=vectors.NOTICE_BODY, now=moment)
        assert found is None

    def test_open_with_the_published_key(self) -> None:
        resource = msgspec.json.decode(vectors.NOTICE_BODY)["resource"]
        content = open_sealed(msgspec.convert(resource, Sealed), AESGCM(vectors.NOTICE_KEY))
        assert content == vectors.NOTICE_CONTENT


class TestARequest:
    def test_is_signed_over_method_target_time_nonce_and_body(self) -> None:
        body = '{"description":"口红 & 茶"}'.encode()
        header = signer().authorization(
            method="POST",
            target="/v3/x?a=1&b=%7C",
            body=body,
            nonce="593BEC0C930BF1AFEB40B4A08C8FB242",
            now=NOW,
        )
        match = HEADER.fullmatch(header)
        assert match is not None
        assert match["mchid"] == wechat.MCHID
        assert match["serial"] == wechat.MERCHANT_SERIAL
        assert match["timestamp"] == "1772424000"
        lines = b"POST\n/v3/x?a=1&b=%7C\n1772424000\n593BEC0C930BF1AFEB40B4A08C8FB242\n" + body + b"\n"
        wechat.key_named("merchant").public_key().verify(
            base64.b64decode(match["signature"]), lines, padding.PKCS1v15(), hashes.SHA256()
        )

    @settings(max_examples=25, deadline=None)
    @given(body=st.binary(max_size=200), target=st.from_regex(r"/[a-z0-9/?=&%.-]{0,40}", fullmatch=True))
    def test_of_any_content_verifies(self, body: bytes, target: str) -> None:
        header = signer().authorization(method="GET", target=target, body=body, nonce="n0nce", now=NOW)
        match = HEADER.fullmatch(header)
        assert match is not None
        wechat.key_named("merchant").public_key().verify(
            base64.b64decode(match["signature"]),
            f"GET\n{target}\n1772424000\nn0nce\n".encode() + body + b"\n",
            padding.PKCS1v15(),
            hashes.SHA256(),
        )


class TestAnAnswer:
    @settings(max_examples=25, deadline=None)
    @given(body=st.binary(max_size=200))
    def test_of_any_content_is_believed_under_the_public_key(self, body: bytes) -> None:
        assert keys().fault(headers=wechat.signed(body), body=body, now=NOW) is None

    def test_is_believed_under_a_platform_certificate(self) -> None:
        headers = wechat.signed(b"{}", key="certificate", serial=wechat.CERTIFICATE_SERIAL)
        assert keys().fault(headers=headers, body=b"{}", now=NOW) is None

    def test_is_believed_whatever_the_case_of_its_header_names(self) -> None:
        headers = {name.lower(): value for name, value in wechat.signed(b"{}").items()}
        assert keys().fault(headers=headers, body=b"{}", now=NOW) is None

    @pytest.mark.parametrize(("seconds", "fault"), [(300, None), (301, NoticeFault.STALE)])
    @pytest.mark.parametrize("sign", [1, -1])
    def test_is_stale_beyond_five_minutes(self, seconds: int, fault: NoticeFault | None, sign: int) -> None:
        headers = wechat.signed(b"{}", moment=NOW + sign * timedelta(seconds=seconds))
        assert keys().fault(headers=headers, body=b"{}", now=NOW) is fault

    @pytest.mark.parametrize(
        ("header", "value", "fault"),
        [
            ("Wechatpay-Signature", "", NoticeFault.HEADER_MISSING),
            ("Wechatpay-Nonce", "", NoticeFault.HEADER_MISSING),
            ("Wechatpay-Serial", "", NoticeFault.HEADER_MISSING),
            ("Wechatpay-Timestamp", "", NoticeFault.HEADER_MISSING),
            ("Wechatpay-Timestamp", "yesterday", NoticeFault.HEADER_MISSING),
            ("Wechatpay-Timestamp", "-1772424000", NoticeFault.HEADER_MISSING),
            ("Wechatpay-Timestamp", "１７７２４２４０００", NoticeFault.HEADER_MISSING),
            pytest.param("Wechatpay-Timestamp", "9" * 5000, NoticeFault.STALE, id="endless-timestamp"),
            ("Wechatpay-Timestamp", "1772424001", NoticeFault.SIGNATURE_WRONG),
            ("Wechatpay-Nonce", "another", NoticeFault.SIGNATURE_WRONG),
            ("Wechatpay-Signature", "no base64!", NoticeFault.SIGNATURE_WRONG),
            ("Wechatpay-Signature", "AAAA", NoticeFault.SIGNATURE_WRONG),
            ("Wechatpay-Signature", "签名", NoticeFault.SIGNATURE_WRONG),
            ("Wechatpay-Signature", "WECHATPAY/SIGNTEST/AAAA", NoticeFault.PROBE),
            ("Wechatpay-Serial", "PUB_KEY_ID_ANOTHER", NoticeFault.SERIAL_UNKNOWN),
            ("Wechatpay-Serial", wechat.CERTIFICATE_SERIAL, NoticeFault.SIGNATURE_WRONG),
        ],
    )
    def test_with_another_header_is_not_believed(self, header: str, value: str, fault: NoticeFault) -> None:
        headers = {**wechat.signed(b"{}"), header: value}
        assert keys().fault(headers=headers, body=b"{}", now=NOW) is fault

    def test_with_another_body_is_not_believed(self) -> None:
        headers = wechat.signed(b'{"total":100}')
        fault = keys().fault(headers=headers, body=b'{"total":900}', now=NOW)
        assert fault is NoticeFault.SIGNATURE_WRONG

    def test_signed_by_a_stranger_is_not_believed(self) -> None:
        headers = wechat.signed(b"{}", key="stranger")
        assert keys().fault(headers=headers, body=b"{}", now=NOW) is NoticeFault.SIGNATURE_WRONG


class TestSealedContent:
    def test_opens_with_a_key_of_32_bytes(self) -> None:
        resource = msgspec.convert(wechat.sealed("分".encode()), Sealed)
        assert open_sealed(resource, AESGCM(wechat.API_V3_KEY.encode())) == "分".encode()

    def test_opens_without_associated_data(self) -> None:
        given_resource = {**wechat.sealed(b"content", associated_data=""), "associated_data": None}
        resource = msgspec.convert(given_resource, Sealed)
        assert open_sealed(resource, AESGCM(wechat.API_V3_KEY.encode())) == b"content"

    @pytest.mark.parametrize(
        "change",
        [
            {"algorithm": "AEAD_SM4_GCM"},
            {"nonce": "61f9c719728b"},
            {"nonce": "short"},
            {"associated_data": "refund"},
            {"ciphertext": "AAAA"},
            {"ciphertext": "no base64!"},
            {"ciphertext": ""},
        ],
    )
    def test_does_not_open_when_changed(self, change: dict[str, str]) -> None:
        resource = msgspec.convert({**wechat.sealed(b"content"), **change}, Sealed)
        with pytest.raises(ValueError):
            open_sealed(resource, AESGCM(wechat.API_V3_KEY.encode()))

    def test_does_not_open_with_another_key(self) -> None:
        resource = msgspec.convert(wechat.sealed(b"content"), Sealed)
        with pytest.raises(ValueError, match="key"):
            open_sealed(resource, AESGCM(b"another-key-of-thirty-two-bytes!"))


class TestAKey:
    def test_of_a_certificate_must_have_its_serial(self) -> None:
        with pytest.raises(ValueError, match="6E2A"):
            read_certificate(wechat.certificate_pem("certificate", "6E2A"), "6E2B")

    @pytest.mark.parametrize("pem", ["", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"])
    def test_must_be_one(self, pem: str) -> None:
        with pytest.raises(ValueError):
            read_public_key(pem)
