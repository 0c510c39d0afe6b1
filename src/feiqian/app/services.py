"""The parts of a running house, opened together and closed in reverse."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import msgspec

from feiqian.app.databases import DatabaseUrls
from feiqian.app.invariants import check_all
from feiqian.channels import ChannelKind, PaymentMethod, TradeChannel, WechatPay, WechatPayConfig
from feiqian.clearing import MerchantSettled
from feiqian.days import Days
from feiqian.infra.database import Database, Transaction
from feiqian.infra.http import HttpClient
from feiqian.infra.invariants import StandingInvariants
from feiqian.infra.jobs import Jobs
from feiqian.infra.settings import Settings
from feiqian.kernel.clock import Clock
from feiqian.ledger import Poster
from feiqian.lending import repay_from_settlement
from feiqian.openapi import AT_ONCE_MAX, Access, AddressRule, Webhooks
from feiqian.payments import Gateway, GatewayTerms, RefundRequested, StaticChannels

CHANNEL_NAME = "wechatpay"
REFUND_JOB = "payments.submit_refund"
CHANNEL_TIMEOUT_S = 10.0


class ChannelMissing(Exception):
    """No channel is configured; the message says what to set."""


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the faces and the schedule work with."""

    settings: Settings
    clock: Clock
    database: Database
    jobs: Jobs
    poster: Poster
    standing: StandingInvariants
    gateway: Gateway
    days: Days
    webhooks: Webhooks
    access: Access
    sandbox_url: str | None = None
    """Where the simulated channel answers; None outside the sandbox."""


def wechatpay_config(settings: Settings) -> WechatPayConfig:
    """The channel's access from the settings.

    Raises: ChannelMissing.
    """
    if settings.wechatpay_mchid is None:
        raise ChannelMissing(
            "No channel is configured: set FEIQIAN_WECHATPAY_MCHID and the settings beside it, or run with --sandbox."
        )
    key_file, public_key_file = (
        settings.wechatpay_merchant_private_key_file,
        settings.wechatpay_public_key_file,
    )
    return WechatPayConfig(
        base_url=settings.wechatpay_base_url,
        mchid=settings.wechatpay_mchid,
        appid=settings.wechatpay_appid or "",
        merchant_serial_no=settings.wechatpay_merchant_serial_no or "",
        merchant_private_key=_read(key_file),
        api_v3_key=settings.wechatpay_api_v3_key or "",
        public_key_id=settings.wechatpay_public_key_id,
        public_key=_read(public_key_file) if public_key_file else None,
    )


def gateway_terms(settings: Settings) -> GatewayTerms:
    """What payments are taken under."""
    return GatewayTerms(
        callback_url=f"{settings.base_url}/callbacks",
        currency=settings.currency,
        fee_rate=settings.fee_rate,
        method=PaymentMethod.WECHATPAY_NATIVE,
        refund_within={ChannelKind.WECHATPAY: timedelta(days=settings.wechatpay_refund_within_days)},
    )


def _read(path: Path | None) -> str:
    try:
        return path.read_text(encoding="utf-8") if path else ""
    except OSError as error:
        raise ChannelMissing(f"A key file of WeChat Pay cannot be read: {error}") from error


@asynccontextmanager
async def open_services(
    *,
    settings: Settings,
    urls: DatabaseUrls,
    clock: Clock,
    wechatpay: WechatPayConfig,
    sandbox_url: str | None = None,
) -> AsyncGenerator[Services]:
    """Open the pool, the job queue and the channel, and tell every part of the others."""
    database = Database(urls.url, cell=settings.cell, connections_max=settings.connections_max)
    rule = AddressRule(loopback=sandbox_url is not None)
    told = HttpClient(connections_max=AT_ONCE_MAX, admits=rule.admits)
    async with HttpClient() as http, told, database, Jobs(database) as jobs:
        channel: TradeChannel = WechatPay(config=wechatpay, http=http, timeout_s=CHANNEL_TIMEOUT_S)
        gateway = Gateway(
            database=database,
            channels=StaticChannels({CHANNEL_NAME: channel}),
            clock=clock,
            terms=gateway_terms(settings),
        )
        webhooks = Webhooks(database=database, http=told, clock=clock, base_url=settings.base_url, rule=rule)
        services = Services(
            settings=settings,
            clock=clock,
            database=database,
            jobs=jobs,
            poster=Poster(database=database, clock=clock),
            standing=StandingInvariants(database, check_all),
            gateway=gateway,
            days=Days(
                database=database,
                channels=lambda: {CHANNEL_NAME: channel},
                clock=clock,
                currency=settings.currency,
            ),
            webhooks=webhooks,
            access=Access(database, clock),
            sandbox_url=sandbox_url,
        )
        _connect(services)
        yield services


def _connect(services: Services) -> None:
    """Which fact of one domain another acts upon, inside the same transaction."""

    async def ask_for_refund(tx: Transaction, event: RefundRequested) -> None:
        await services.jobs.defer(tx, REFUND_JOB, refund=str(event.refund))

    async def submit_refund(*, refund: str) -> None:
        await services.gateway.submit_refund(UUID(refund))

    services.jobs.register(REFUND_JOB, submit_refund)
    services.database.events.subscribe(RefundRequested, ask_for_refund)
    services.database.events.subscribe(MerchantSettled, repay_from_settlement)
    services.webhooks.subscribe()
