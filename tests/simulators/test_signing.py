"""The simulator's signatures and encryption against vectors published by others.

Source of the key, the message and its signature, the certificate and the callback: wechatpay-apiv3/wechatpay-go
(Apache-2.0), core/auth/signers, core/notify and utils. The key is theirs for tests only.
"""

import json

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate
from tests.simulators.merchant import private_key

from feiqian.simulators.wechatpay.signing import (
    NonceMemory,
    answer_message,
    new_nonce,
    parse_authorization,
    request_message,
    seal,
    sign,
    unseal,
    verify,
)

TESTING_KEY = """-----BEGIN TESTING KEY-----
MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDZUJN33V+dSfvd
fL0Mu+39XrZNXFFMQSy1V15FpncHeV47SmV0TzTqZc7hHB0ddqAdDi8Z5k3TKqb7
6sOwYr5TcAfuR6PIPaleyE0/0KrljBum2Isa2Nyq7Dgc3ElBQ6YN4l/a+DpvKaz1
FSKmKrhLNskqokWVSlu4g8OlKlbPXQ9ibII14MZRQrrkTmHYHzfi7GXXM0thAKuR
0HNvyhTHBh4/lrYM3GaMvmWwkwvsMavnOex6+eioZHBOb1/EIZ/LzC6zuHArPpyW
3daGaZ1rtQB1vVzTyERAVVFsXXgBHvfFud3w3ShsJYk8JvMwK2RpJ5/gV0QSARcm
LDRUAlPzAgMBAAECggEBAMc7rDeUaXiWv6bMGbZ3BTXpg1FhdddnWUnYE8HfX/km
OFI7XtBHXcgYFpcjYz4D5787pcsk7ezPidAj58zqenuclmjKnUmT3pfbI5eCA2v4
C9HnbYDrmUPK1ZcADtka4D6ScDccpNYNa1g2TFHzkIrEa6H+q7S3O2fqxY/DRVtN
0JIXalBb8daaqL5QVzSmM2BMVnHy+YITJWIkP2a3pKs9C0W65JGDsnG0wVrHinHF
+cnhFZIbaPEI//DAFMc9NkrWOKVRTEgcCUxCFaHOZVNxDWZD7A2ZfJB2rK6eg//y
gEiFDR2h6mTaDowMB4YF2n2dsIO4/dCG8vPHI20jn4ECgYEA/ZGu6lEMlO0XZnam
AZGtiNgLcCfM/C2ZERZE7QTRPZH1WdK92Al9ndldsswFw4baJrJLCmghjF/iG4zi
hhBvLnOLksnZUfjdumxoHDWXo2QBWbI5QsWIE7AuTiWgWj1I7X4fCXSQf6i+M/y2
6TogQ7d0ANpZFyOkTNMn/tiJvLECgYEA22XqlamG/yfAGWery5KNH2DGlTIyd6xJ
WtJ9j3jU99lZ0bCQ5xhiBbU9ImxCi3zgTsoqLWgA/p00HhNFNoUcTl9ofc0G3zwT
D1y0ZzcnVKxGJdZ6ohW52V0hJStAigtjYAsUgjm7//FH7PiQDBDP1Wa6xSRkDQU/
aSbQxvEE8+MCgYEA3bb8krW7opyM0XL9RHH0oqsFlVO30Oit5lrqebS0oHl3Zsr2
ZGgoBlWBsEzk3UqUhTFwm/DhJLTSJ/TQPRkxnhQ5/mewNhS9C7yua7wQkzVmWN+V
YeUGTvDGDF6qDz12/vJAgSwDDRym8x4NcXD5tTw7mmNRcwIfL22SkysThIECgYAV
BgccoEoXWS/HP2/u6fQr9ZIR6eV8Ij5FPbZacTG3LlS1Cz5XZra95UgebFFUHHtC
EY1JHJY7z8SWvTH8r3Su7eWNaIAoFBGffzqqSVazfm6aYZsOvRY6BfqPHT3p/H1h
Tq6AbBffxrcltgvXnCTORjHPglU0CjSxVs7awW3AEQKBgB5WtaC8VLROM7rkfVIq
+RXqE5vtJfa3e3N7W3RqxKp4zHFAPfr82FK5CX2bppEaxY7SEZVvVInKDc5gKdG/
jWNRBmvvftZhY59PILHO2X5vO4FXh7suEjy6VIh0gsnK36mmRboYIBGsNuDHjXLe
BDa+8mDLkWu5nHEhOxy2JJZl
-----END TESTING KEY-----
"""
SIGNATURE_OF_SOURCE = (
    "BKyAfU4iMCuvXMXS0Wzam3V/cnxZ+JaqigPM5OhljS2iOT95OO6Fsuml2JkFANJU9K6q9bLlDhPXuoVz+pp4hAm6"
    "pHU4ld815U4jsKu1RkyaII+1CYBUYC8TK0XtJ8FwUXXz8vZHh58rrAVN1XwNyvD1vfpxrMT4SL536GLwvpUHlCqI"
    "MzoZUguLli/K8V29QiOhuH6IEqLNJn8e9b3nwNcQ7be3CzYGpDAKBfDGPCqCv8Rw5zndhlffk2FEA70G4hvMwe51"
    "qMN/RAJbknXG23bSlObuTCN7Ndj1aJGH6/L+hdwfLpUtJm4QYVazzW7DFD27EpSQEqA8bX9+8m1rLg=="
)
CERTIFICATE = """-----BEGIN CERTIFICATE-----
MIIDVzCCAj+gAwIBAgIJANfOWdH1ItcBMA0GCSqGSIb3DQEBCwUAMEIxCzAJBgNV
BAYTAlhYMRUwEwYDVQQHDAxEZWZhdWx0IENpdHkxHDAaBgNVBAoME0RlZmF1bHQg
Q29tcGFueSBMdGQwHhcNMjEwNDI3MDg1NTIzWhcNMzEwNDI1MDg1NTIzWjBCMQsw
CQYDVQQGEwJYWDEVMBMGA1UEBwwMRGVmYXVsdCBDaXR5MRwwGgYDVQQKDBNEZWZh
dWx0IENvbXBhbnkgTHRkMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA
2VCTd91fnUn73Xy9DLvt/V62TVxRTEEstVdeRaZ3B3leO0pldE806mXO4RwdHXag
HQ4vGeZN0yqm++rDsGK+U3AH7kejyD2pXshNP9Cq5YwbptiLGtjcquw4HNxJQUOm
DeJf2vg6byms9RUipiq4SzbJKqJFlUpbuIPDpSpWz10PYmyCNeDGUUK65E5h2B83
4uxl1zNLYQCrkdBzb8oUxwYeP5a2DNxmjL5lsJML7DGr5znsevnoqGRwTm9fxCGf
y8wus7hwKz6clt3Whmmda7UAdb1c08hEQFVRbF14AR73xbnd8N0obCWJPCbzMCtk
aSef4FdEEgEXJiw0VAJT8wIDAQABo1AwTjAdBgNVHQ4EFgQUT1c7nd/SUO76HSoZ
umNUJv1R5PwwHwYDVR0jBBgwFoAUT1c7nd/SUO76HSoZumNUJv1R5PwwDAYDVR0T
BAUwAwEB/zANBgkqhkiG9w0BAQsFAAOCAQEAfTjxKRQMzNB/U6ZoCUS+BSNfa2Oh
0plMN6ZuzwiVVZwg1jywvv5yv04koS7Pd4i9E4gt9ZBUQXlpq+A3oOCEEHNRR6b2
kyazGRM7s0OP5X21WrbpSmKmU6K7hkfx30yYs08LVs/Q8DIhvaj1FCFeJzUCzYn/
fHMq4tsbKO0dKAeydPM/nrUZBmaYQVKMVOORGLFjFKVO7JV6Kq/R86ouhjEPgJOe
2xulNBUcjicqtZlBdEh/PWCYP2SpGVDclKm8jeo175T3EVAkdKzzmfpxtMmnMlmq
cTJOU9TxuGvNASMtjj7pYIerTx+xgZDXEVBWFW9PjJ0TV06tCRsgSHItgg==
-----END CERTIFICATE-----
"""
CALLBACK = {
    "nonce": "EcZ9Cmy4Xyx1i6RlJQzLcCyEqDa26NBz",
    "timestamp": "1624523846",
    "signature": (
        "tJHIiIS9eB2hAYstmAmbbD3ZE5LiIm/Ug5tuL4fC0YOFRWIHV39UFIZXC0e9Wl6lBu6sKvkqDkzpqzBsVHyXFlbY"
        "ZTOQrVdG4b6LfTnK4mikv9++ixJMd3vTf2yCqvBkh98zs3Ds5zsYQakzbcwhmw4fMJs4nPLws28H0UW9FjDR//rx"
        "ELLwXvV1VEA1IBLX70xptjL8hrfUjEE8kkry6yNJTHZRU8CAc7qHli2Ng1V1qb9ARbK8A3ThmFmPQvRGrapI/jS2"
        "laKKgYUmfdEdkNO6B2Cke5e8VTxY406ArAmQ90GAihDwIcb16TQMnzCMBoutnwZKNiKRACrFmtxw2Q=="
    ),
    "body": (
        '{"id":"3119dfba-e649-5eec-ab1e-3412bc4d2e17","create_time":"2021-06-24T16:37:26+08:00","'
        'resource_type":"encrypt-resource","event_type":"PAYSCORE.USER_OPEN_SERVICE","summary":"签'
        '约成功","resource":{"original_type":"payscore","algorithm":"AEAD_AES_256_GCM","ciphertext":'
        '"YDS3lKPaC4Y52Gf3uhft5qUBlIa8b428AWTtTauHQfQrRw+X1WpiuHIDy0vo1Vd6VEq67aVyqPdDYMkRVSDaZL3'
        "iZttevRMOoPKMifozg6XPWjIZumks/GpT48lI4NizyeaqLBokNebthah3o1H76qSlO9NkDjp9bzmKLEYYH9TEklF"
        'UpsvPqOTOcgSLgh21YJXYR7dEBXFgRLiNIKRgO5JdXh1hccRUAlyVWxE54PXpnQ==","associated_data":"pa'
        'yscore","nonce":"Kj7QIyUiYx1q"}}'
    ),
}


def certificate_key() -> RSAPublicKey:
    key = load_pem_x509_certificate(CERTIFICATE.encode()).public_key()
    assert isinstance(key, RSAPublicKey)
    return key


class TestASignature:
    def test_equals_the_published_one(self) -> None:
        assert (
            sign(private_key(TESTING_KEY.replace("TESTING KEY", "PRIVATE KEY")), b"source")
            == SIGNATURE_OF_SOURCE
        )

    def test_of_a_published_callback_holds(self) -> None:
        message = answer_message(CALLBACK["timestamp"], CALLBACK["nonce"], CALLBACK["body"].encode())
        assert verify(certificate_key(), message, CALLBACK["signature"])

    @pytest.mark.parametrize(
        "signature", ["", "no base64!", "AAAA", "WECHATPAY/SIGNTEST/AAAA", SIGNATURE_OF_SOURCE]
    )
    def test_that_is_another_s_does_not_hold(self, signature: str) -> None:
        message = answer_message(CALLBACK["timestamp"], CALLBACK["nonce"], CALLBACK["body"].encode())
        assert not verify(certificate_key(), message, signature)

    def test_does_not_hold_over_one_more_byte(self) -> None:
        message = answer_message(CALLBACK["timestamp"], CALLBACK["nonce"], CALLBACK["body"].encode() + b" ")
        assert not verify(certificate_key(), message, CALLBACK["signature"])


class TestTheSignedMessage:
    def test_of_a_request_has_five_lines_that_each_end(self) -> None:
        message = request_message("GET", "/v3/certificates?a=%E4%B8%AD", "1554208460", "593BEC0C", b"")
        assert message == b"GET\n/v3/certificates?a=%E4%B8%AD\n1554208460\n593BEC0C\n\n"

    def test_of_an_answer_has_three_lines_that_each_end(self) -> None:
        assert answer_message("1554208460", "593BEC0C", b"{}") == b"1554208460\n593BEC0C\n{}\n"


class TestEncryption:
    def test_opens_a_published_callback(self) -> None:
        resource = json.loads(CALLBACK["body"])["resource"]
        plaintext = unseal(
            b"testMchAPIv3Key0", resource["nonce"], resource["associated_data"], resource["ciphertext"]
        )
        assert json.loads(plaintext)["out_contract_code"] == "21640bdbd08e473e828f3206a2741c6e"

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
