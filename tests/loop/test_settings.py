"""What an operator sets: the environment over a file over defaults; whatever is wrong is named at the start."""

from decimal import Decimal
from pathlib import Path

import pytest

from feiqian.infra.settings import Settings, SettingsInvalid, load_settings

WECHATPAY = {
    "FEIQIAN_WECHATPAY_MCHID": "1900000001",
    "FEIQIAN_WECHATPAY_APPID": "wx1",
    "FEIQIAN_WECHATPAY_MERCHANT_SERIAL_NO": "ABC",
    "FEIQIAN_WECHATPAY_MERCHANT_PRIVATE_KEY_FILE": "/keys/merchant.pem",
    "FEIQIAN_WECHATPAY_API_V3_KEY": "0123456789abcdef0123456789abcdef",
    "FEIQIAN_WECHATPAY_PUBLIC_KEY_ID": "PUB_KEY_ID_1",
    "FEIQIAN_WECHATPAY_PUBLIC_KEY_FILE": "/keys/wechatpay.pem",
}


class TestSettings:
    def test_have_defaults(self) -> None:
        settings = load_settings({})
        assert settings == Settings()
        assert (settings.port, settings.base_url, settings.fee_rate) == (
            8000,
            "http://localhost:8000",
            Decimal("0.006"),
        )

    def test_are_taken_from_the_environment_before_the_file(self, tmp_path: Path) -> None:
        file = tmp_path / "feiqian.toml"
        file.write_text('port = 9000\nfee_rate = "0.01"\nworker_inside = false\n')
        settings = load_settings({"FEIQIAN_CONFIG": str(file), "FEIQIAN_PORT": "9001"})
        assert (settings.port, settings.fee_rate, settings.worker_inside) == (9001, Decimal("0.01"), False)

    def test_of_the_channel_are_taken_whole(self) -> None:
        settings = load_settings(WECHATPAY)
        assert settings.wechatpay_mchid == "1900000001"
        assert settings.wechatpay_public_key_file == Path("/keys/wechatpay.pem")

    def test_of_a_public_address_lose_their_last_slash(self) -> None:
        assert load_settings({"FEIQIAN_PUBLIC_URL": "https://pay.example/"}).base_url == "https://pay.example"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("PORT", "eighty"),
            ("PORT", "-1"),
            ("PORT", "65536"),
            ("PORT", ""),
            ("PORT", "tcp://10.0.0.1:8000"),
            ("FEE_RATE", "0.6%"),
            ("FEE_RATE", "-0.001"),
            ("FEE_RATE", "0.21"),
            ("FEE_RATE", "nan"),
            ("FEE_RATE", "inf"),
            ("CURRENCY", "RMB"),
            ("CURRENCY", ""),
            ("CELL", "40000"),
            ("CELL", "-1"),
            ("CELL", "one"),
            ("LOG_FORMAT", "xml"),
            ("CONNECTIONS_MAX", "2"),
            ("WORKER_INSIDE", "maybe"),
            ("INVARIANTS_EVERY_S", "-1"),
            ("DATA_DIR", ""),
            ("DATABASE_URL", "mysql://u:secret@db/x"),
            ("DATABASE_URL", "db:5432"),
            ("DATABASE_ADMIN_URL", "db:5432"),
            ("PUBLIC_URL", "pay.example"),
            ("WECHATPAY_BASE_URL", "ftp://api.example"),
            ("REFUND_WITHIN_DAYS", "0"),
            ("CONFIG", "/nonexistent/feiqian.toml"),
        ],
    )
    def test_that_are_wrong_are_named(self, name: str, value: str) -> None:
        with pytest.raises(SettingsInvalid, match=f"FEIQIAN_{name}") as refused:
            load_settings({f"FEIQIAN_{name}": value})
        assert "secret" not in str(refused.value)

    @pytest.mark.parametrize("name", list(WECHATPAY))
    def test_of_the_channel_that_are_missing_are_named(self, name: str) -> None:
        rest = {key: value for key, value in WECHATPAY.items() if key != name}
        with pytest.raises(SettingsInvalid, match=name):
            load_settings(rest)

    def test_of_the_channels_key_have_32_characters(self) -> None:
        with pytest.raises(SettingsInvalid, match="FEIQIAN_WECHATPAY_API_V3_KEY must have 32") as refused:
            load_settings({**WECHATPAY, "FEIQIAN_WECHATPAY_API_V3_KEY": "short secret"})
        assert "secret" not in str(refused.value)

    @pytest.mark.parametrize(
        ("text", "named"),
        [
            ("prot = 9000", "prot"),
            ("port = ", "FEIQIAN_CONFIG"),
            ('port = "eighty"', "FEIQIAN_PORT"),
            ("fee_rate = 0.3", "FEIQIAN_FEE_RATE"),
            ("data_dir = 1", "FEIQIAN_DATA_DIR"),
        ],
    )
    def test_in_a_file_that_are_wrong_are_named(self, tmp_path: Path, text: str, named: str) -> None:
        file = tmp_path / "feiqian.toml"
        file.write_text(text)
        with pytest.raises(SettingsInvalid, match=named):
            load_settings({"FEIQIAN_CONFIG": str(file)})
