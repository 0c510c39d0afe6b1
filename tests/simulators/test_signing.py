"""The simulator's signatures and encryption against the vectors that WeChat Pay publishes."""

import json

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate
from tests.simulators.merchant import private_key
from tests.vectors import wechatpay as vectors

from feiqian.simulators.wechatpay.signing import (
    NonceMemory,
    answer_message,
    invocation_message,
    new_nonce,
    parse_authorization,
    request_message,
    seal,
    sign,
    unseal,
    verify,
)


def certificate_key() -> RSAPublicKey:
    key = load_pem_x509_certificate(vectors.CERTIFICATE.encode()).public_key()
    assert isinstance(key, RSAPublicKey)
    return key


def published(more: bytes = b"") -> bytes:
    """What the published callback's signature is over, with ``more`` at its end."""
    headers = vectors.NOTICE_HEADERS
    return answer_message(
        headers["Wechatpay-Timestamp"], headers["Wechatpay-Nonce"], vectors.NOTICE_BODY + more
    )


class TestASignature:
    def test_equals_the_published_one(self) -> None:
        assert sign(private_key(vectors.TESTING_KEY), vectors.SIGNED_MESSAGE) == vectors.SIGNATURE

    def test_of_a_published_callback_holds(self) -> None:
        message = published()
        assert verify(certificate_key(), message, vectors.NOTICE_HEADERS["Wechatpay-Signature"])

    @pytest.mark.parametrize(
        "signature", ["", "no base64!", "AAAA", "WECHATPAY/SIGNTEST/AAAA", vectors.SIGNATURE]
    )
    def test_that_is_another_s_does_not_hold(self, signature: str) -> None:
        message = published()
        assert not verify(certificate_key(), message, signature)

    def test_does_not_hold_over_one_more_byte(self) -> None:
        message = published(b" ")
        assert not verify(certificate_key(), message, vectors.NOTICE_HEADERS["Wechatpay-Signature"])


class TestTheSignedMessage:
    def test_of_a_request_has_five_lines_that_each_end(self) -> None:
        message = request_message("GET", "/v3/certificates?a=%E4%B8%AD", "1554208460", "593BEC0C", b"")
        assert message == b"GET\n/v3/certificates?a=%E4%B8%AD\n1554208460\n593BEC0C\n\n"

    def test_of_an_answer_has_three_lines_that_each_end(self) -> None:
        assert answer_message("1554208460", "593BEC0C", b"{}") == b"1554208460\n593BEC0C\n{}\n"

    def test_of_an_invocation_has_four_lines_that_each_end(self) -> None:
        message = invocation_message("wx8888", "1414561699", "5K8264ILTKCH16CQ2502S", "prepay_id=wx20")
        assert message == b"wx8888\n1414561699\n5K8264ILTKCH16CQ2502S\nprepay_id=wx20\n"


class TestEncryption:
    def test_opens_a_published_callback(self) -> None:
        resource = json.loads(vectors.NOTICE_BODY)["resource"]
        plaintext = unseal(
            vectors.NOTICE_KEY, resource["nonce"], resource["associated_data"], resource["ciphertext"]
        )
        assert plaintext == vectors.NOTICE_CONTENT

    def test_opens_a_published_text(self) -> None:
        plaintext = unseal(
            b"testAPIv3Key0000",
            "wCq51qZv4Yfg",
            "Dl56FrqWQJF1t9LtC3vEUsniZKvbqdR8",
            "FsdXzxryWfKwvLJKf8LG/ToRPTRh8RN9wROC",
        )
        assert plaintext == b"Hello World"

    def test_makes_the_published_text(self) -> None:
        associated = "Dl56FrqWQJF1t9LtC3vEUsniZKvbqdR8"
        sealed = seal(b"testAPIv3Key0000", "wCq51qZv4Yfg", associated, b"Hello World")
        assert sealed == "FsdXzxryWfKwvLJKf8LG/ToRPTRh8RN9wROC"

    @pytest.mark.parametrize(
        ("key", "associated"),
        [(b"k" * 31 + b"x", "transaction"), (b"k" * 32, "refund")],
    )
    def test_with_a_32_byte_key_opens_with_the_same_key_and_data_only(
        self, key: bytes, associated: str
    ) -> None:
        nonce = new_nonce(12)
        sealed = seal(b"k" * 32, nonce, "transaction", b"{}")
        assert unseal(b"k" * 32, nonce, "transaction", sealed) == b"{}"
        with pytest.raises(InvalidTag):
            unseal(key, nonce, associated, sealed)


class TestAnAuthorizationHeader:
    def test_is_read_in_any_order_of_its_parts(self) -> None:
        parsed = parse_authorization(
            'WECHATPAY2-SHA256-RSA2048 signature="c2ln+/=",timestamp="1",serial_no="AB",nonce_str="n",mchid="19"'
        )
        assert parsed is not None
        assert (parsed.mchid, parsed.serial_no, parsed.nonce_str, parsed.timestamp, parsed.signature) == (
            "19",
            "AB",
            "n",
            "1",
            "c2ln+/=",
        )

    @pytest.mark.parametrize(
        "header",
        [
            "",
            "Bearer abc",
            'WECHATPAY2-SM2-WITH-SM3 mchid="19",nonce_str="n",signature="s",timestamp="1",serial_no="A"',
            'WECHATPAY2-SHA256-RSA2048 mchid="19",nonce_str="n",signature="s",timestamp="1"',
        ],
    )
    def test_of_another_scheme_or_without_a_part_is_none(self, header: str) -> None:
        assert parse_authorization(header) is None


class TestNonces:
    def test_are_new_once(self) -> None:
        memory = NonceMemory()
        assert [memory.is_new(nonce) for nonce in ("a", "b", "a")] == [True, True, False]

    def test_never_take_more_room_than_allowed(self) -> None:
        memory = NonceMemory(size=3)
        assert all(memory.is_new(str(number)) for number in range(100))
        assert not memory.is_new("99")
        assert memory.is_new("0")
