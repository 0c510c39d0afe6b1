"""What the gateway needs of the floors below and of its set-up."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol
from uuid import UUID

import msgspec

from feiqian.channels import BuyerHints, ChannelError, Notice, PaymentMethod, TradeChannel
from feiqian.kernel.calendar import ZONE
from feiqian.kernel.errors import NotFound
from feiqian.payments.model import NoChannel


class GatewayTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway is set up with."""

    callback_url: str
    """Where channels report: each at this address, a slash, and its connection's code."""
    currency: str
    """The only one in which payments are taken."""
    fee_rate: Decimal
    """The platform's fee on a payment, such as 0.006."""
    method: PaymentMethod
    """The usual way to pay: of payments that name none."""
    refund_within: timedelta | None = None
    """How old a payment may be that is refunded; None: what its channel says."""


class ChannelAsk(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt for which a connection is looked for."""

    payment: UUID
    platform: UUID
    merchant_nos: tuple[str, ...]
    """Numbers of the merchants who share the payment; empty where it is not the first attempt."""
    method: PaymentMethod
    amount: int
    """Minor units."""
    currency: str
    buyer: str | None
    """The platform's number for who pays."""
    hints: BuyerHints


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Which connections may take an attempt."""

    codes: tuple[str, ...]
    """At least one, best first."""
    decision: UUID | None = None
    """Under which it is kept why; it is published with the attempt (``AttemptRouted``)."""
    trace: object = None
    """The reasons, for whoever keeps them."""


class Channels(Protocol):
    """The connections as payments see them."""

    def get(self, code: str) -> TradeChannel:
        """The channel of a connection, paused or not: what was begun there is ended there.

        Raises: NotFound.
        """
        ...

    def choose(self, ask: ChannelAsk, *, now: datetime) -> Choice:
        """The connections that may take an attempt; decided in memory.

        Raises: a Refusal when there is none.
        """
        ...

    def note(
        self, code: str, method: PaymentMethod, *, error: ChannelError | None, took_s: float, now: datetime
    ) -> None:
        """An order was placed at a connection, or was not: what the next choice looks at."""
        ...

    def read_notice(self, code: str, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Verify a connection's callback. Raises: NoticeRefused, NotFound."""
        ...


class StaticChannels:
    """Connections that are set up once, best first: each takes what its channel's terms allow."""

    def __init__(self, channels: Mapping[str, TradeChannel]) -> None:
        self._channels = channels

    def get(self, code: str) -> TradeChannel:
        """Raises: NotFound."""
        found = self._channels.get(code)
        if found is None:
            raise NotFound(what="channel", name=code)
        return found

    def choose(self, ask: ChannelAsk, *, now: datetime) -> Choice:
        """Raises: NoChannel."""
        moment = now.astimezone(ZONE).time()
        codes = tuple(
            code
            for code, channel in self._channels.items()
            if (terms := channel.terms.methods.get(ask.method)) is not None
            and (terms.hours is None or terms.hours.contains(moment))
        )
        if not codes:
            raise NoChannel(method=ask.method.value)
        return Choice(codes=codes)

    def note(
        self, code: str, method: PaymentMethod, *, error: ChannelError | None, took_s: float, now: datetime
    ) -> None:
        """Nothing is chosen by it: the order in which they were set up stands."""

    def read_notice(self, code: str, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Raises: NoticeRefused, NotFound."""
        return self.get(code).read_notice(headers=headers, body=body, now=now)
