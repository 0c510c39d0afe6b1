"""What the merchant configures, and the error table: data that people rely on."""

import json
from pathlib import Path

import msgspec
import pytest
from tests.channels import wechat

from feiqian.channels import ChannelOutcome, WechatPay, config_from_sandbox
from feiqian.channels.wechatpay.errors import MEANINGS
from feiqian.infra.http import HttpClient
from feiqian.kernel.errors import InvalidRequest


class TestTheConfiguration:
    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"base_url": "api.mch.weixin.qq.com"}, "base_url"),
            ({"base_url": "https://api.mch.weixin.qq.com/v3"}, "base_url"),
            ({"base_url": "ftp://api.mch.weixin.qq.com"}, "base_url"),
            ({"mchid": ""}, "mchid"),
            ({"appid": 'wx"quoted'}, "appid"),
            ({"merchant_serial_no": ""}, "merchant_serial_no"),
            ({"merchant_private_key": "none"}, "merchant_private_key"),
            ({"merchant_private_key": wechat.public_pem("merchant")}, "merchant_private_key"),
            ({"api_v3_key": "short"}, "api_v3_key"),
            ({"public_key": "none"}, "public_key"),
            ({"platform_certificates": {"6E2A": "none"}}, "platform_certificates"),
            (
                {"platform_certificates": {"6E2B": wechat.certificate_pem("certificate", "6E2A")}},
                "platform_certificates",
            ),
            ({"public_key": None, "platform_certificates": {}}, "public_key"),
            ({"refund_funds_account": "SAVINGS"}, "refund_funds_account"),
            ({"transfer_scene_id": "1005"}, "transfer_scene_id"),
            ({"transfer_scene_id": "1005", "transfer_scene_report": "岗位类型"}, "transfer_scene_report"),
            ({"transfer_scene_id": "1005", "transfer_scene_report": "=x"}, "transfer_scene_report"),
        ],
    )
    def test_names_the_setting_that_is_wrong(self, change: dict[str, object], field: str) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            WechatPay(config=wechat.config(**change), http=HttpClient())  # pyright: ignore[reportArgumentType]
        assert refusal.value.facts["field"] == f"wechatpay {field}"

    @pytest.mark.parametrize("change", [{"public_key": None}, {"platform_certificates": {}}])
    def test_needs_one_way_to_verify_only(self, change: dict[str, object]) -> None:
        WechatPay(config=wechat.config(**change), http=HttpClient())  # pyright: ignore[reportArgumentType]

    def test_shows_no_secret(self) -> None:
        shown = f"{wechat.config()!r} {wechat.config()}"
        assert "PRIVATE KEY" not in shown
        assert wechat.API_V3_KEY not in shown

    def test_is_read_from_the_sandbox(self, tmp_path: Path) -> None:
        given = {
            "mchid": wechat.MCHID,
            "appid": wechat.APPID,
            "merchant_serial_no": wechat.MERCHANT_SERIAL,
            "merchant_private_key": wechat.private_pem("merchant"),
            "api_v3_key": wechat.API_V3_KEY,
            "wechatpay_public_key_id": wechat.PUBLIC_KEY_ID,
            "wechatpay_public_key": wechat.public_pem("public_key"),
            "platform_certificate_serial_no": wechat.CERTIFICATE_SERIAL,
            "platform_certificate": wechat.certificate_pem("certificate", wechat.CERTIFICATE_SERIAL),
        }
        file = tmp_path / "credentials.json"
        file.write_text(json.dumps(given))
        assert config_from_sandbox(file, "http://127.0.0.1:1") == wechat.config()
        file.write_text(json.dumps({**given, "mchid": None}))
        with pytest.raises(msgspec.ValidationError, match="mchid"):
            config_from_sandbox(file, "http://127.0.0.1:1")


class TestTheErrorTable:
    @pytest.mark.parametrize("code", MEANINGS)
    def test_speaks_both_languages_and_agrees_with_itself(self, code: str) -> None:
        meaning = MEANINGS[code]
        assert meaning.our_code.isascii()
        assert meaning.english.isascii()
        assert not meaning.chinese.isascii()
        if meaning.outcome is ChannelOutcome.UNKNOWN:
            assert meaning.query_first

    def test_has_one_meaning_for_each_of_our_codes(self) -> None:
        distinct = {(meaning.our_code, id(meaning)) for meaning in MEANINGS.values()}
        assert len(distinct) == len({code for code, _ in distinct})
