"""What a channel allows, as data: what is checked before a call is made, and what routing looks at."""

from collections.abc import Mapping
from datetime import time, timedelta

import msgspec

from feiqian.channels.model.methods import ChannelKind, PaymentMethod
from feiqian.channels.model.transfers import PayeeKind


class OpenHours(msgspec.Struct, frozen=True):
    """When calls are taken, Beijing time, half-open; over midnight where ``until`` is before ``since``."""

    since: time
    until: time

    def contains(self, moment: time) -> bool:
        """Whether a call at that time of day is taken."""
        if self.since <= self.until:
            return self.since <= moment < self.until
        return moment >= self.since or moment < self.until


class MethodTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel allows for one of its methods."""

    amount_min: int = 1
    """Minor units."""
    amount_max: int
    """Minor units; what the channel takes in one order at most, whatever the contract says."""
    currencies: tuple[str, ...] = ("CNY",)
    needs: tuple[str, ...] = ()
    """Names of ``BuyerHints`` without which it cannot be used."""
    lifetime_max: timedelta
    """How long an order may stay payable."""
    hours: OpenHours | None = None


class RefundTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel allows for refunds."""

    within: timedelta
    """How old a payment may be."""
    count_max: int
    """How many refunds one payment may have."""


class TransferTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel allows for transfers out to one kind of payee."""

    amount_min: int
    amount_max: int
    batch_max: int = 1
    """How many go in one batch; 1: it knows no batches."""
    hours: OpenHours | None = None


class SplitTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel allows for splits."""

    share_max_percent: int
    """How much of an order may go to others."""
    after: timedelta
    """How long after the payment the first split may be asked for."""
    within: timedelta
    """Until when the last."""
    calls_max: int
    parts_max: int
    """Receivers in one call."""


class ChannelTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a channel allows."""

    kind: ChannelKind
    methods: Mapping[PaymentMethod, MethodTerms]
    refunds: RefundTerms | None
    """None: it cannot refund."""
    transfers: Mapping[PayeeKind, TransferTerms] = {}
    splits: SplitTerms | None = None
    holds: frozenset[PaymentMethod] = frozenset()
    """Methods with which an amount can be reserved first."""
    day_cut: timedelta = timedelta(minutes=30)
    """How near to midnight a movement may stand on the bill of the neighbouring day."""
    bill_ready_at: time | None = None
    """From when, Beijing time of the next day, the bill of a day can be had; None: there is none."""
