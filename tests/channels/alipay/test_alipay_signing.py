"""Signatures, held to what others recorded at Alipay, and the raw text of answers."""

import base64
import json
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.channels.alipay import peer
from tests.vectors import alipay as vectors

from feiqian.channels import NoticeFault
from feiqian.channels.alipay.gateway import cut
from feiqian.channels.alipay.signing import (
    Signer,
    VerifyingKeys,
    cert_sn,
    check_issued,
    read_certificates,
    read_public_keys,
    read_roots,
    root_cert_sn,
    signed_text,
    signing_certificates,
)

NOTICE_UNSIGNED = frozenset({"sign", "sign_type"})


def vector_file(name: str) -> str:
    return (vectors.CERTIFICATES / name).read_text(encoding="utf-8")


def vector_keys() -> VerifyingKeys:
    return VerifyingKeys(signing_certificates(read_certificates(vector_file("alipay.crt"))))


class TestARequest:
    def test_is_signed_as_the_recorded_one(self) -> None:
        assert Signer(vectors.APP_PRIVATE_KEY).sign(vectors.REQUEST) == vectors.REQUEST["sign"]

    def test_covers_every_parameter_but_the_signature(self) -> None:
        changed = {**vectors.REQUEST, "sign_type": "RSA"}
        assert Signer(vectors.APP_PRIVATE_KEY).sign(changed) != vectors.REQUEST["sign"]


class TestACertificatesNumber:
    def test_is_that_of_the_recorded_request(self) -> None:
        (own,) = read_certificates(vector_file("application.crt"))
        assert cert_sn(own) == vectors.APP_CERT_SN

    def test_of_the_roots_counts_those_that_sign_with_rsa(self) -> None:
        roots = read_roots(vector_file("alipay_root.crt"))
        assert root_cert_sn(roots) == vectors.ALIPAY_ROOT_CERT_SN

    def test_leaves_the_issuer_in_the_bundle_out(self) -> None:
        bundle = read_certificates(vector_file("alipay.crt"))
        assert len(bundle) == 2
        (own,) = signing_certificates(bundle)
        assert own.cert_sn == cert_sn(bundle[0])

    def test_of_an_issuer_alone_is_nothing_to_verify_with(self) -> None:
        with pytest.raises(ValueError, match="issuers"):
            signing_certificates(read_certificates(peer.certificate_pem("root", "root")))

    def test_is_believed_of_an_issuer_that_we_hold_only(self) -> None:
        bundle = read_certificates(vector_file("alipay.crt"))
        check_issued(bundle[0], bundle[1:])
        with pytest.raises(ValueError, match="none of those"):
            check_issued(bundle[0], read_roots(vector_file("alipay_root.crt")))


class TestANotification:
    def test_fits_the_recorded_signature(self) -> None:
        text = signed_text(vectors.NOTIFICATION, without=NOTICE_UNSIGNED)
        assert vector_keys().fault(text, signature=vectors.NOTIFICATION["sign"], cert_sn=None) is None

    def test_with_another_amount_does_not(self) -> None:
        text = signed_text({**vectors.NOTIFICATION, "total_amount": "0.02"}, without=NOTICE_UNSIGNED)
        fault = vector_keys().fault(text, signature=vectors.NOTIFICATION["sign"], cert_sn=None)
        assert fault is NoticeFault.SIGNATURE_WRONG

    def test_and_the_browsers_return_are_signed_alike(self) -> None:
        fields = dict(parse_qsl(vectors.RETURN_QUERY, strict_parsing=True))
        text = signed_text(fields, without=NOTICE_UNSIGNED)
        assert vector_keys().fault(text, signature=fields["sign"], cert_sn=None) is None


class TestAnAnswer:
    @pytest.mark.parametrize("answer", vectors.ANSWERS)
    def test_recorded_at_alipay_verifies_as_it_stands(self, answer: str) -> None:
        method = next(iter(json.loads(answer))).removesuffix("_response").replace("_", ".")
        parts = cut(answer.encode(), method)
        assert vector_keys().fault(parts.content, signature=parts.signature, cert_sn=None) is None

    @pytest.mark.parametrize("answer", vectors.ANSWERS)
    def test_written_anew_would_not(self, answer: str) -> None:
        name, inner = next(iter(json.loads(answer).items()))
        anew = json.dumps(inner, ensure_ascii=False).encode()
        sign = json.loads(answer)["sign"]
        assert vector_keys().fault(anew, signature=sign, cert_sn=None) is NoticeFault.SIGNATURE_WRONG, name

    @pytest.mark.parametrize(
        ("signature", "sn", "fault"),
        [
            ("", None, NoticeFault.HEADER_MISSING),
            ("not base64!", None, NoticeFault.SIGNATURE_WRONG),
            (base64.b64encode(b"x" * 256).decode(), None, NoticeFault.SIGNATURE_WRONG),
            (base64.b64encode(b"x" * 256).decode(), "0" * 32, NoticeFault.SERIAL_UNKNOWN),
        ],
    )
    def test_is_refused_for_a_reason(self, signature: str, sn: str | None, fault: NoticeFault) -> None:
        assert vector_keys().fault(b"{}", signature=signature, cert_sn=sn) is fault


_texts = st.text(alphabet=st.sampled_from('ab{}[]"\\/,:\n中 \u2028"sign":'), max_size=12)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=8,
)
_inner_objects = st.dictionaries(_texts, _values, max_size=4)
METHOD = "alipay.trade.query"
NAME = '"alipay_trade_query_response"'


class TestTheSignedPart:
    @given(
        inner=_inner_objects,
        indent=st.sampled_from([None, 0, 2]),
        ascii_only=st.booleans(),
        slashes=st.booleans(),
        around=st.sampled_from(["", " ", "\n\t "]),
        first=st.booleans(),
    )
    def test_is_cut_out_to_the_byte(
        self,
        *,
        inner: dict[str, object],
        indent: int | None,
        ascii_only: bool,
        slashes: bool,
        around: str,
        first: bool,
    ) -> None:
        text = json.dumps(inner, indent=indent, ensure_ascii=ascii_only)
        if slashes:
            text = text.replace("/", "\\/")
        members = [f"{NAME}{around}:{around}{text}{around}", '"alipay_cert_sn":"ab"', '"sign":"c2lnbg=="']
        if first:
            members.reverse()
        whole = "{" + around + ",".join(members) + around + "}"
        parts = cut(whole.encode(), METHOD)
        assert parts.content == text.encode()
        assert (parts.signature, parts.cert_sn) == ("c2lnbg==", "ab")

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"<html>502</html>",
            b"[]",
            b'"text"',
            b"\xff\xfe",
            b'{"sign":"x"}',
            b'{"alipay_trade_pay_response":{},"sign":"x"}',
            b'{"alipay_trade_query_response":"text","sign":"x"}',
            b'{"alipay_trade_query_response":{},"sign":7}',
            b'{"alipay_trade_query_response":{"a":"}"},"sign":"x"',
            b'{"alipay_trade_query_response":{},"error_response":{},"sign":"x"}',
        ],
    )
    def test_is_not_guessed(self, body: bytes) -> None:
        with pytest.raises(ValueError):
            cut(body, METHOD)

    def test_of_a_refusal_before_the_method_was_known_has_another_name(self) -> None:
        assert cut(b'{"error_response":{"code":"40002"},"sign":"x"}', METHOD).content == b'{"code":"40002"}'


class TestAKey:
    def test_may_be_one_of_several_while_it_changes(self) -> None:
        keys = read_public_keys(peer.public_pem("alipay") + peer.public_pem("rotated"))
        assert len(keys) == 2

    def test_may_be_a_single_line(self) -> None:
        assert read_public_keys(peer.bare(peer.public_pem("alipay"))) == read_public_keys(
            peer.public_pem("alipay")
        )
        Signer(peer.bare(peer.private_pem("application")))
