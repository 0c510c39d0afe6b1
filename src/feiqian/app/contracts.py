"""Connections whose credentials come with the set-up: of the settings, or of a sandbox's simulators."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from feiqian.channels import ChannelKind, WechatPayConfig
from feiqian.connections import Cost, import_connection
from feiqian.infra.database import Database
from feiqian.infra.settings import Settings
from feiqian.infra.vault import Vault


class KeyFileUnreadable(Exception):
    """A key file that the settings name cannot be read; the message says which."""


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """A connection to be taken over."""

    code: str
    kind: ChannelKind
    name: str
    config: msgspec.Struct
    cost: Cost | None = None
    """What the channel charges; None: not known."""


def contracts_of(settings: Settings) -> list[Contract]:
    """What the settings say of connections: none where they are made in the console.

    Raises: KeyFileUnreadable.
    """
    if settings.wechatpay_mchid is None:
        return []
    return [
        Contract(
            code=ChannelKind.WECHATPAY.value,
            kind=ChannelKind.WECHATPAY,
            name="微信支付 WeChat Pay",
            config=_wechatpay_config(settings, settings.wechatpay_mchid),
        )
    ]


async def take_over(
    database: Database, vault: Vault, contracts: Sequence[Contract], *, now: datetime
) -> None:
    """Make contracts into connections; what was taken over before, or is looked after in the console, stays."""
    for contract in contracts:
        await database.run(
            lambda tx, contract=contract: import_connection(
                tx,
                now=now,
                vault=vault,
                code=contract.code,
                kind=contract.kind,
                name=contract.name,
                config=contract.config,
                cost=contract.cost,
            )
        )


def _wechatpay_config(settings: Settings, mchid: str) -> WechatPayConfig:
    key_file, public_key_file = (
        settings.wechatpay_merchant_private_key_file,
        settings.wechatpay_public_key_file,
    )
    return WechatPayConfig(
        base_url=settings.wechatpay_base_url,
        mchid=mchid,
        appid=settings.wechatpay_appid or "",
        merchant_serial_no=settings.wechatpay_merchant_serial_no or "",
        merchant_private_key=_read(key_file) if key_file else "",
        api_v3_key=settings.wechatpay_api_v3_key or "",
        public_key_id=settings.wechatpay_public_key_id,
        public_key=_read(public_key_file) if public_key_file else None,
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise KeyFileUnreadable(f"A key file of WeChat Pay cannot be read: {error}") from error
