"""What an operator can set: environment variables over a file over defaults, checked at start."""

import os
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import get_type_hints

import msgspec

from feiqian.kernel.money import MINOR_DIGITS

PREFIX = "FEIQIAN_"
CELL_MAX = 32_767
"""A smallint in every table."""


class SettingsInvalid(Exception):
    """A setting is wrong; the message names it and says what is accepted."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting. ``FEIQIAN_<NAME>`` in the environment, ``<name>`` in the file that FEIQIAN_CONFIG names."""

    data_dir: Path = Path(".feiqian")
    """Where the embedded database, the sandbox and the demo keep their state."""
    database_url: str | None = None
    """PostgreSQL 16 or newer for the application; without it the embedded one is used."""
    database_admin_url: str | None = None
    """Who may change the schema, for `feiqian migrate`; default: database_url."""
    host: str = "127.0.0.1"
    """The address that `serve` listens on."""
    port: int = 8000
    """The port that `serve` listens on."""
    public_url: str | None = None
    """How browsers and channels reach us; default http://localhost:<port>."""
    currency: str = "CNY"
    """The currency of the books (ISO 4217)."""
    cell: int = 1
    """The unit of private deployment that this process serves."""
    log_format: str = "text"
    """``text`` for people, ``json`` for machines."""
    connections_max: int = 12
    """Database connections of one process."""
    fee_rate: Decimal = Decimal("0.006")
    """The platform's fee on a payment, 0 to 0.2; rounded down to whole minor units."""
    refund_within_days: int | None = None
    """How old a payment may be refunded, whatever its channel says; default: what the channel says."""
    worker_inside: bool = True
    """`serve` also works off jobs; false where `feiqian worker` runs as its own process."""
    seal_every_s: int = 60
    """How often the worker seals what was posted into the ledger's chain of blocks; 0: never by itself."""
    seal_key_file: Path | None = None
    """PEM file of the Ed25519 key that proofs are signed with; default: made in the data directory at first use."""
    vault_key_file: Path | None = None
    """File of the master keys that channel credentials are sealed with; default: made in the data directory at first use."""
    invariants_every_s: int = 600
    """How often the worker checks the standing invariants of every domain; 0: never by itself."""
    wechatpay_base_url: str = "https://api.mch.weixin.qq.com"
    """Where WeChat Pay answers."""
    wechatpay_mchid: str | None = None
    """The merchant number; without it the channel is off (outside the sandbox)."""
    wechatpay_appid: str | None = None
    """The application that the merchant number is bound to."""
    wechatpay_merchant_serial_no: str | None = None
    """Serial of our API certificate."""
    wechatpay_merchant_private_key_file: Path | None = None
    """PEM file of our API private key."""
    wechatpay_api_v3_key: str | None = None
    """32 characters; decrypts callbacks and certificates."""
    wechatpay_public_key_id: str | None = None
    """``PUB_KEY_ID_…``: which key signs what WeChat sends."""
    wechatpay_public_key_file: Path | None = None
    """PEM file of that public key."""

    @property
    def base_url(self) -> str:
        """The public address without a slash at its end."""
        return (self.public_url or f"http://localhost:{self.port}").rstrip("/")


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read and check the settings.

    Raises: SettingsInvalid naming the setting.
    """
    environment = os.environ if environment is None else environment
    values: dict[str, object] = {}
    path = environment.get(f"{PREFIX}CONFIG")
    if path:
        values.update(_read_file(Path(path)))
    known = get_type_hints(Settings)
    for name in known:
        text = environment.get(PREFIX + name.upper())
        if text is not None:
            values[name] = text
    checked: dict[str, object] = {}
    for name, value in values.items():
        try:
            checked[name] = _convert(value, known[name])
        except (msgspec.ValidationError, ValueError) as error:
            raise SettingsInvalid(f"{PREFIX}{name.upper()} is {value!r}: {error}") from error
    settings = Settings(**checked)  # pyright: ignore[reportArgumentType]
    _check(settings)
    return settings


def _convert(value: object, kind: object) -> object:
    if kind in (Path, Path | None):
        if not isinstance(value, str) or not value:
            raise ValueError("must be a path")
        return Path(value)
    return msgspec.convert(value, kind, strict=False)


def _read_file(path: Path) -> dict[str, object]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsInvalid(f"{PREFIX}CONFIG names {path}: {error}") from error
    unknown = sorted(set(values) - set(get_type_hints(Settings)))
    if unknown:
        raise SettingsInvalid(f"{path}: unknown setting {', '.join(unknown)}")
    return values


def _check(settings: Settings) -> None:
    if not 0 <= settings.port <= 65535:
        raise SettingsInvalid(f"{PREFIX}PORT is {settings.port}: must be 0 to 65535")
    if settings.log_format not in ("text", "json"):
        raise SettingsInvalid(f"{PREFIX}LOG_FORMAT is {settings.log_format!r}: must be text or json")
    if settings.currency not in MINOR_DIGITS:
        raise SettingsInvalid(
            f"{PREFIX}CURRENCY is {settings.currency!r}: must be one of {', '.join(sorted(MINOR_DIGITS))}"
        )
    if not 0 <= settings.cell <= CELL_MAX:
        raise SettingsInvalid(f"{PREFIX}CELL is {settings.cell}: must be 0 to {CELL_MAX}")
    if not settings.fee_rate.is_finite() or not 0 <= settings.fee_rate <= Decimal("0.2"):
        raise SettingsInvalid(f"{PREFIX}FEE_RATE is {settings.fee_rate}: must be 0 to 0.2")
    if settings.connections_max < 3:
        raise SettingsInvalid(f"{PREFIX}CONNECTIONS_MAX is {settings.connections_max}: must be 3 or more")
    if settings.invariants_every_s < 0:
        raise SettingsInvalid(
            f"{PREFIX}INVARIANTS_EVERY_S is {settings.invariants_every_s}: must be 0 or more"
        )
    if settings.seal_every_s < 0:
        raise SettingsInvalid(f"{PREFIX}SEAL_EVERY_S is {settings.seal_every_s}: must be 0 or more")
    if settings.refund_within_days is not None and settings.refund_within_days < 1:
        raise SettingsInvalid(
            f"{PREFIX}REFUND_WITHIN_DAYS is {settings.refund_within_days}: must be 1 or more"
        )
    for name, url, schemes in (
        ("DATABASE_URL", settings.database_url, ("postgresql", "postgres")),
        ("DATABASE_ADMIN_URL", settings.database_admin_url, ("postgresql", "postgres")),
        ("PUBLIC_URL", settings.public_url, ("http", "https")),
        ("WECHATPAY_BASE_URL", settings.wechatpay_base_url, ("http", "https")),
    ):
        if url is not None and not url.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            # Not shown: it may hold a password.
            raise SettingsInvalid(f"{PREFIX}{name} must begin with {schemes[0]}://")
    _check_wechatpay(settings)


def _check_wechatpay(settings: Settings) -> None:
    """All of it or nothing."""
    wechatpay = {
        "MCHID": settings.wechatpay_mchid,
        "APPID": settings.wechatpay_appid,
        "MERCHANT_SERIAL_NO": settings.wechatpay_merchant_serial_no,
        "MERCHANT_PRIVATE_KEY_FILE": settings.wechatpay_merchant_private_key_file,
        "API_V3_KEY": settings.wechatpay_api_v3_key,
        "PUBLIC_KEY_ID": settings.wechatpay_public_key_id,
        "PUBLIC_KEY_FILE": settings.wechatpay_public_key_file,
    }
    missing = [name for name, value in wechatpay.items() if value is None]
    if missing and len(missing) < len(wechatpay):
        names = ", ".join(f"{PREFIX}WECHATPAY_{name}" for name in missing)
        raise SettingsInvalid(f"WeChat Pay is half configured; also set {names}")
    if settings.wechatpay_api_v3_key is not None and len(settings.wechatpay_api_v3_key.encode()) != 32:
        raise SettingsInvalid(f"{PREFIX}WECHATPAY_API_V3_KEY must have 32 characters")
