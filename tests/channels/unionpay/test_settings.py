"""What the merchant configures, the limits, and the error table: data that people rely on."""

import base64
import json
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from tests.channels.unionpay import peer
from tests.vectors import unionpay as vectors

from feiqian.channels import (
    METHODS,
    ChannelFailed,
    ChannelKind,
    ChannelOutcome,
    ChannelUnknown,
    UnionPay,
    unionpay_config_from_sandbox,
)
from feiqian.channels.unionpay.errors import (
    MEANINGS,
    PAYOUT_UNKNOWN,
    SUCCESS,
    UNDECIDED,
    error_of,
    meaning_of,
)
from feiqian.channels.unionpay.terms import TERMS
from feiqian.infra.http import HttpClient
from feiqian.kernel.errors import InvalidRequest


class TestTheConfiguration:
    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"base_url": "gateway.95516.com"}, "base_url"),
            ({"base_url": "https://gateway.95516.com/gateway/api"}, "base_url"),
            ({"file_url": "ftp://filedownload.95516.com"}, "file_url"),
            ({"mer_id": ""}, "mer_id"),
            ({"mer_id": "77729005811"}, "mer_id"),
            ({"merchant_pfx": "none"}, "merchant_pfx"),
            ({"merchant_pfx": base64.b64encode(b"none").decode()}, "merchant_pfx"),
            ({"merchant_pfx_password": "other"}, "merchant_pfx"),
            ({"root_certificate": "none"}, "root_certificate"),
            ({"root_certificate": peer.pem(peer.certificate("middle", issuer="root"))}, "middle_certificate"),
            ({"middle_certificate": "none"}, "middle_certificate"),
            ({"middle_certificate": vectors.MIDDLE_CERTIFICATE.decode()}, "middle_certificate"),
            ({"encrypt_certificate": "none"}, "encrypt_certificate"),
            ({"signer_name": ""}, "signer_name"),
            ({"silent_url": "shop"}, "silent_url"),
        ],
    )
    def test_names_the_setting_that_is_wrong(self, change: dict[str, object], field: str) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            UnionPay(config=peer.config(**change), http=HttpClient())  # pyright: ignore[reportArgumentType]
        assert refusal.value.facts["field"] == f"unionpay {field}"

    def test_takes_the_chain_of_the_test_environment_under_its_old_hash(self) -> None:
        UnionPay(config=peer.recorded_config(), http=HttpClient())

    def test_shows_no_secret(self) -> None:
        shown = f"{peer.config()!r} {peer.config()}"
        assert peer.PASSWORD not in shown
        assert peer.merchant_pfx()[:40] not in shown

    def test_survives_being_sealed_as_json(self) -> None:
        config = peer.config()
        assert msgspec.json.decode(msgspec.json.encode(config), type=type(config)) == config

    def test_is_read_from_the_sandbox(self, tmp_path: Path) -> None:
        encrypting = peer.pem(peer.certificate("encrypting", issuer="middle"))
        given = {
            "mer_id": peer.MER_ID,
            "merchant_pfx": peer.merchant_pfx(),
            "merchant_pfx_password": peer.PASSWORD,
            "root_certificate": peer.pem(peer.certificate("root", issuer="root")),
            "middle_certificate": peer.pem(peer.certificate("middle", issuer="root")),
            "encrypt_certificate": encrypting,
        }
        file = tmp_path / "credentials.json"
        file.write_text(json.dumps(given))
        read = unionpay_config_from_sandbox(file, "http://127.0.0.1:1")
        assert read == peer.config(encrypt_certificate=encrypting, silent_url=read.silent_url)
        file.write_text(json.dumps({**given, "mer_id": None}))
        with pytest.raises(msgspec.ValidationError, match="mer_id"):
            unionpay_config_from_sandbox(file, "http://127.0.0.1:1")


class TestTheErrorTable:
    @pytest.mark.parametrize("code", MEANINGS)
    def test_speaks_both_languages_and_agrees_with_itself(self, code: str) -> None:
        meaning = MEANINGS[code]
        assert meaning.our_code.isascii()
        assert meaning.english.isascii()
        assert not meaning.chinese.isascii()
        if meaning.outcome is ChannelOutcome.UNKNOWN:
            assert meaning.query_first
            assert not meaning.switch

    def test_has_one_meaning_for_each_of_our_codes(self) -> None:
        distinct = {(meaning.our_code, id(meaning)) for meaning in MEANINGS.values()}
        assert len(distinct) == len({code for code, _ in distinct})

    @pytest.mark.parametrize("code", sorted(PAYOUT_UNKNOWN))
    def test_takes_nothing_for_certain_of_a_payout_that_unionpay_does_not(self, code: str) -> None:
        assert isinstance(error_of(meaning_of(code, payout=True)), ChannelUnknown)

    @pytest.mark.parametrize("code", ["03", "04", "05", "12", "06", "99", "ZZ", ""])
    def test_takes_nothing_for_certain_that_may_have_been_done(self, code: str) -> None:
        assert isinstance(error_of(meaning_of(code)), ChannelUnknown)

    @pytest.mark.parametrize("code", ["01", "02", "10", "34", "36", "37", "61", "77"])
    def test_takes_a_refusal_for_certain(self, code: str) -> None:
        assert isinstance(error_of(meaning_of(code)), ChannelFailed)

    def test_has_no_row_for_a_success(self) -> None:
        assert not SUCCESS & MEANINGS.keys()
        assert not SUCCESS & UNDECIDED


class TestTheTerms:
    def test_are_of_every_method_of_unionpay(self) -> None:
        methods = {method for method, nature in METHODS.items() if nature.kind is ChannelKind.UNIONPAY}
        assert methods == TERMS.methods.keys()
        assert methods >= TERMS.holds

    def test_fit_what_txnamt_can_hold(self) -> None:
        assert {terms.amount_max for terms in TERMS.methods.values()} == {10**12 - 1}

    def test_give_a_neighbouring_bill_the_last_hour_of_a_day(self) -> None:
        assert timedelta(hours=1) <= TERMS.day_cut < timedelta(hours=12)
