"""Every kind of channel is described so that a form, a seal and a page can work with it."""

from base64 import b64encode

import msgspec
import pytest

from feiqian.channels import KINDS, ChannelKind, FieldKind, KindDescription, describe
from feiqian.infra.http import HttpClient
from feiqian.kernel.errors import InvalidRequest
from tests.channels import wechat
from tests.channels.unionpay import peer as unionpay

KIND_OF_ALL = list(KINDS.values())


def union_texts() -> dict[str, str]:
    """What a merchant of UnionPay's types and uploads."""
    config = unionpay.config()
    named = {field.name for field in KINDS[ChannelKind.UNIONPAY].fields}
    given = msgspec.structs.asdict(config)
    return {name: str(given[name]) for name in named if given[name]}


class TestAKind:
    @pytest.mark.parametrize("kind", KIND_OF_ALL, ids=lambda kind: kind.kind.value)
    def test_asks_only_for_what_its_config_holds(self, kind: KindDescription) -> None:
        known = {field.name for field in msgspec.structs.fields(kind.config)}
        assert {field.name for field in kind.fields} <= known
        needed = {field.name for field in msgspec.structs.fields(kind.config) if field.required}
        assert needed <= {field.name for field in kind.fields if field.required}

    @pytest.mark.parametrize("kind", KIND_OF_ALL, ids=lambda kind: kind.kind.value)
    def test_names_in_both_languages(self, kind: KindDescription) -> None:
        for field in kind.fields:
            assert field.chinese
            assert field.english.isascii() or "…" in field.english

    @pytest.mark.parametrize("kind", KIND_OF_ALL, ids=lambda kind: kind.kind.value)
    def test_marks_what_is_secret(self, kind: KindDescription) -> None:
        telling = ("private_key", "password", "pfx", "v3_key", "master_key")
        for field in kind.fields:
            assert field.kind.secret == any(word in field.name for word in telling), field.name

    def test_that_nobody_described_is_refused(self) -> None:
        with pytest.raises(InvalidRequest, match="wechatpay"):
            describe(ChannelKind.BALANCE)


class TestUnionPay:
    KIND = KINDS[ChannelKind.UNIONPAY]

    def test_shows_the_certificate_in_the_merchants_file_and_nothing_else_of_it(self) -> None:
        texts = union_texts()
        config = self.KIND.config_from_texts(texts)
        shown = {field.name: field for field in self.KIND.show(config)}
        held = shown["merchant_pfx"]
        assert (held.value, held.ending, held.fingerprint) == (None, None, None)
        (certificate,) = held.certificates
        assert certificate.expires_at.tzinfo is not None
        assert texts["merchant_pfx"] not in msgspec.json.encode(list(shown.values())).decode()
        assert shown["merchant_pfx_password"].value is None

    def test_opens_from_what_was_sealed(self) -> None:
        config = self.KIND.config_from_texts(union_texts())
        again = self.KIND.decode(self.KIND.encode(config))
        assert again == config
        assert self.KIND.open(again, HttpClient()).identity.mchid == union_texts()["mer_id"]

    @pytest.mark.parametrize(
        ("field", "text"),
        [
            ("merchant_pfx_password", "wrong"),
            ("merchant_pfx", b64encode(b"no such file").decode()),
            ("merchant_pfx", "not base64!"),
            ("middle_certificate", wechat.certificate_pem("certificate", "6E2A")),
            ("base_url", "ftp://gateway"),
        ],
    )
    def test_refuses_what_cannot_be_read(self, field: str, text: str) -> None:
        with pytest.raises(InvalidRequest) as caught:
            self.KIND.config_from_texts(union_texts() | {field: text})
        assert text not in str(caught.value)


class TestWechatPay:
    def test_takes_several_platform_certificates_pasted_together(self) -> None:
        kind = KINDS[ChannelKind.WECHATPAY]
        pems = [wechat.certificate_pem("certificate", "6E2A"), wechat.certificate_pem("stranger", "77AA")]
        given = wechat.config()
        texts = {
            "mchid": given.mchid,
            "appid": given.appid,
            "merchant_serial_no": given.merchant_serial_no,
            "merchant_private_key": given.merchant_private_key,
            "api_v3_key": given.api_v3_key,
            "platform_certificates": f"# two of them\n{pems[0]}\n{pems[1]}",
            "base_url": given.base_url,
        }
        config = kind.config_from_texts(texts)
        shown = {field.name: field for field in kind.show(config)}["platform_certificates"]
        assert shown.kind is FieldKind.CERTIFICATES
        assert [each.serial_no for each in shown.certificates] == ["6E2A", "77AA"]
