"""What the merchant configures, the error table and the limits: data that people rely on."""

import json
from pathlib import Path

import msgspec
import pytest
from tests.channels.alipay import peer
from tests.vectors import alipay as vectors

from feiqian.channels import (
    METHODS,
    Alipay,
    AlipayConfig,
    ChannelIdentity,
    ChannelKind,
    ChannelOutcome,
    SharingChannel,
    TradeChannel,
    TransferringChannel,
    alipay_config_from_sandbox,
    describe,
)
from feiqian.channels.alipay.errors import BY_CODE, MEANINGS
from feiqian.infra.http import HttpClient
from feiqian.kernel.errors import InvalidRequest

CERTIFICATE = peer.certificate_pem("alipay", "root")


class TestTheConfiguration:
    @pytest.mark.parametrize(
        ("config", "field"),
        [
            (peer.config("openapi.alipay.com"), "base_url"),
            (peer.config("https://openapi.alipay.com/gateway.do"), "base_url"),
            (peer.config("ftp://openapi.alipay.com"), "base_url"),
            (peer.config(app_id=""), "app_id"),
            (peer.config(app_id="wx1234567890123456"), "app_id"),
            (peer.config(seller_id="1900000109"), "seller_id"),
            (peer.config(qr_product_code="x&y"), "qr_product_code"),
            (peer.config(app_private_key="none"), "app_private_key"),
            (peer.config(app_private_key=peer.public_pem("application")), "app_private_key"),
            (peer.config(app_private_key=peer.private_pem("short")), "app_private_key"),
            (peer.config(alipay_public_key=None), "alipay_public_key"),
            (peer.config(alipay_public_key="none"), "alipay_public_key"),
            (peer.config(alipay_public_key=peer.public_pem("short")), "alipay_public_key"),
            (peer.config(alipay_certificate=CERTIFICATE), "alipay_public_key"),
            (peer.certificate_config(app_certificate=None), "app_certificate"),
            (peer.certificate_config(app_certificate="none"), "app_certificate"),
            (peer.certificate_config(alipay_certificate=None), "alipay_certificate"),
            (peer.certificate_config(alipay_certificate="none"), "alipay_certificate"),
            (peer.certificate_config(alipay_root_certificate=None), "alipay_root_certificate"),
            (peer.certificate_config(alipay_root_certificate="none"), "alipay_root_certificate"),
        ],
    )
    def test_names_the_setting_that_is_wrong(self, config: AlipayConfig, field: str) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            Alipay(config=config, http=HttpClient())
        assert refusal.value.facts["field"] == f"alipay {field}"

    def test_takes_keys_as_alipays_tool_writes_them(self) -> None:
        bare = peer.config(
            app_private_key=peer.bare(peer.private_pem("application")),
            alipay_public_key=peer.bare(peer.public_pem("alipay")),
        )
        Alipay(config=bare, http=HttpClient())

    def test_shows_no_secret(self) -> None:
        assert "PRIVATE" not in f"{peer.config()!r} {peer.config()}"

    def test_can_be_kept_as_json(self) -> None:
        config = peer.certificate_config()
        assert msgspec.json.decode(msgspec.json.encode(config), type=AlipayConfig) == config

    def test_is_read_from_the_sandbox_in_either_mode(self, tmp_path: Path) -> None:
        given = {
            "app_id": peer.APP_ID,
            "seller_id": peer.SELLER_ID,
            "app_private_key": peer.private_pem("application"),
            "alipay_public_key": peer.public_pem("alipay"),
            "app_certificate": peer.certificate_pem("application", "root"),
            "alipay_root_certificate": peer.certificate_pem("root", "root"),
            "alipay_certificates": [{"sn": "x", "certificate": CERTIFICATE}],
        }
        file = tmp_path / "credentials.json"
        file.write_text(json.dumps(given))
        assert alipay_config_from_sandbox(file, "http://127.0.0.1:1") == peer.config()
        certified = alipay_config_from_sandbox(file, "http://127.0.0.1:1", certificate_mode=True)
        assert certified == peer.certificate_config()
        file.write_text(json.dumps({**given, "app_id": None}))
        with pytest.raises(msgspec.ValidationError, match="app_id"):
            alipay_config_from_sandbox(file, "http://127.0.0.1:1")


class TestTheForm:
    KIND = describe(ChannelKind.ALIPAY)

    def texts(self, **changes: str) -> dict[str, str]:
        plain = peer.config("https://openapi.alipay.com")
        return {
            "base_url": plain.base_url,
            "app_id": plain.app_id,
            "seller_id": plain.seller_id,
            "app_private_key": peer.bare(plain.app_private_key),
            **changes,
        }

    def test_takes_bare_keys_and_shows_their_fingerprints(self) -> None:
        bare = peer.bare(peer.public_pem("alipay"))
        config = self.KIND.config_from_texts(self.texts(alipay_public_key=bare))
        shown = {field.name: field for field in self.KIND.show(config)}
        assert shown["alipay_public_key"].fingerprint
        assert (shown["app_private_key"].value, shown["app_private_key"].ending) == (None, None)
        assert isinstance(self.KIND.open(config, HttpClient()), Alipay)

    def test_takes_alipays_own_file_of_roots(self) -> None:
        """In which one root is not well-formed."""
        files = {"alipay_certificate": "alipay.crt", "alipay_root_certificate": "alipay_root.crt"}
        config = self.KIND.config_from_texts(
            self.texts(
                app_certificate=peer.certificate_pem("application", "root"),
                **{name: (vectors.CERTIFICATES / file).read_text() for name, file in files.items()},
            )
        )
        shown = {field.name: field for field in self.KIND.show(config)}
        assert len(shown["alipay_root_certificate"].certificates) == 2
        assert isinstance(config, AlipayConfig)
        numbers = config.certificate_numbers()
        assert numbers is not None
        assert numbers.alipay_root_cert_sn == vectors.ALIPAY_ROOT_CERT_SN

    def test_needs_one_way_to_verify(self) -> None:
        with pytest.raises(InvalidRequest, match="alipay_public_key"):
            self.KIND.config_from_texts(self.texts())


class TestTheChannel:
    def test_can_do_what_the_house_asks(self) -> None:
        channel = Alipay(config=peer.config(), http=HttpClient())
        assert isinstance(channel, TradeChannel)
        assert isinstance(channel, TransferringChannel)
        assert isinstance(channel, SharingChannel)
        assert channel.identity == ChannelIdentity(peer.SELLER_ID, peer.APP_ID)

    def test_has_terms_for_each_of_its_methods(self) -> None:
        terms = Alipay(config=peer.config(), http=HttpClient()).terms
        assert set(terms.methods) == {
            method for method, nature in METHODS.items() if nature.kind is ChannelKind.ALIPAY
        }


class TestTheErrorTable:
    @pytest.mark.parametrize("code", [*MEANINGS, *BY_CODE])
    def test_speaks_both_languages_and_agrees_with_itself(self, code: str) -> None:
        meaning = MEANINGS.get(code) or BY_CODE[code]
        assert meaning.our_code.isascii()
        assert meaning.english.isascii()
        assert not meaning.chinese.isascii()
        if meaning.outcome is ChannelOutcome.UNKNOWN:
            assert meaning.query_first
        if meaning.switch:
            assert meaning.outcome is ChannelOutcome.FAILED

    def test_has_one_meaning_for_each_of_our_codes(self) -> None:
        distinct = {(meaning.our_code, id(meaning)) for meaning in [*MEANINGS.values(), *BY_CODE.values()]}
        assert len(distinct) == len({code for code, _ in distinct})
