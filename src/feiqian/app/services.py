"""The parts of a running house, opened together and closed in reverse."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import msgspec

from feiqian.app.channels import RoutedChannels, keep_decision
from feiqian.app.contracts import Contract, take_over
from feiqian.app.databases import DatabaseUrls
from feiqian.app.invariants import check_all
from feiqian.app.sandbox import SandboxPlaces
from feiqian.channels import PaymentMethod
from feiqian.clearing import MerchantSettled
from feiqian.connections import PROCEDURE, ConnectionDesk, LiveConnections
from feiqian.days import Days
from feiqian.infra.database import Database, Transaction
from feiqian.infra.http import HttpClient
from feiqian.infra.invariants import StandingInvariants
from feiqian.infra.jobs import Jobs
from feiqian.infra.settings import Settings
from feiqian.infra.vault import open_vault
from feiqian.kernel.clock import Clock
from feiqian.ledger import Poster
from feiqian.lending import repay_from_settlement
from feiqian.members import Approvals
from feiqian.openapi import AT_ONCE_MAX, Access, AddressRule, Webhooks
from feiqian.payments import AttemptRouted, Gateway, GatewayTerms, RefundRequested
from feiqian.routing import Probe, Router

REFUND_JOB = "payments.submit_refund"


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the faces and the schedule work with."""

    settings: Settings
    clock: Clock
    database: Database
    jobs: Jobs
    poster: Poster
    standing: StandingInvariants
    live: LiveConnections
    router: Router
    channels: RoutedChannels
    approvals: Approvals
    desk: ConnectionDesk
    gateway: Gateway
    days: Days
    webhooks: Webhooks
    access: Access
    sandbox: SandboxPlaces | None = None
    """Where the simulated channels answer; None outside the sandbox."""


def gateway_terms(settings: Settings) -> GatewayTerms:
    """What payments are taken under."""
    days = settings.refund_within_days
    return GatewayTerms(
        callback_url=f"{settings.base_url}/callbacks",
        currency=settings.currency,
        fee_rate=settings.fee_rate,
        method=PaymentMethod.WECHATPAY_NATIVE,
        refund_within=None if days is None else timedelta(days=days),
    )


@asynccontextmanager
async def open_services(
    *,
    settings: Settings,
    urls: DatabaseUrls,
    clock: Clock,
    contracts: Sequence[Contract],
    sandbox: SandboxPlaces | None = None,
) -> AsyncGenerator[Services]:
    """Open the pool, the job queue and the connections, and tell every part of the others.

    ``contracts`` are taken over as connections.
    """
    database = Database(urls.url, cell=settings.cell, connections_max=settings.connections_max)
    vault = open_vault(key_file=settings.vault_key_file, data_dir=settings.data_dir)
    rule = AddressRule(loopback=sandbox is not None)
    told = HttpClient(connections_max=AT_ONCE_MAX, admits=rule.admits)
    async with HttpClient() as http, told, database, Jobs(database) as jobs:
        await take_over(database, vault, contracts, now=clock.now())
        live = LiveConnections(database=database, vault=vault, http=http)
        router = Router(database=database, clock=clock, probe=_prober(live, clock))
        await live.refresh()
        await router.refresh()
        channels = RoutedChannels(live=live, router=router)
        approvals = Approvals()
        approvals.subscribe(PROCEDURE)
        services = Services(
            settings=settings,
            clock=clock,
            database=database,
            jobs=jobs,
            poster=Poster(database=database, clock=clock),
            standing=StandingInvariants(database, check_all),
            live=live,
            router=router,
            channels=channels,
            approvals=approvals,
            desk=ConnectionDesk(database=database, vault=vault, http=http, clock=clock, approvals=approvals),
            gateway=Gateway(database=database, channels=channels, clock=clock, terms=gateway_terms(settings)),
            days=Days(database=database, channels=channels.billed, clock=clock, currency=settings.currency),
            webhooks=Webhooks(
                database=database, http=told, clock=clock, base_url=settings.base_url, rule=rule
            ),
            access=Access(database, clock),
            sandbox=sandbox,
        )
        _connect(services)
        yield services


def _prober(live: LiveConnections, clock: Clock) -> Probe:
    async def probe(code: str) -> None:
        await live.get(code).probe(now=clock.now())

    return probe


def _connect(services: Services) -> None:
    """Which fact of one domain another acts upon, inside the same transaction."""

    async def ask_for_refund(tx: Transaction, event: RefundRequested) -> None:
        await services.jobs.defer(tx, REFUND_JOB, refund=str(event.refund))

    async def submit_refund(*, refund: str) -> None:
        await services.gateway.submit_refund(UUID(refund))

    services.jobs.register(REFUND_JOB, submit_refund)
    services.database.events.subscribe(RefundRequested, ask_for_refund)
    services.database.events.subscribe(AttemptRouted, keep_decision)
    services.database.events.subscribe(MerchantSettled, repay_from_settlement)
    services.webhooks.subscribe()
