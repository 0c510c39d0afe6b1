"""What every part of the running simulator shares."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from aiohttp import web

from feiqian.kernel.calendar import business_date
from feiqian.kernel.money import Rounding, to_minor
from feiqian.simulators.kit.books import Books
from feiqian.simulators.kit.callbacks import Callbacks
from feiqian.simulators.kit.moments import from_ms
from feiqian.simulators.kit.sandbox import Sandbox
from feiqian.simulators.unionpay.credentials import KeyRing, Signer

DAY_BEGINS_EARLIER = timedelta(hours=1)
"""A settlement day runs from 23:00 of the day before to 23:00, Beijing time."""

PAYOUT_FEE = 100
"""Of every payout, in fen."""


@dataclass
class Simulator:
    """One sandbox merchant's UnionPay."""

    sandbox: Sandbox
    keys: KeyRing
    callbacks: Callbacks
    fee_rate: Decimal
    """The channel's share of a payment, 0.006 for 0.6 %."""
    refund_within: timedelta
    """How old a payment may be refunded."""

    @property
    def books(self) -> Books:
        return self.sandbox.books

    def now_ms(self) -> int:
        return self.sandbox.clock.now_ms()

    def take(self, switch: str) -> str:
        """How the next event of this kind behaves."""
        return self.sandbox.behaviour.take(switch)

    def fee(self, amount: int) -> int:
        """The fee of an amount in fen, rounded half up to whole fen."""
        return to_minor(amount * self.fee_rate, Rounding.HALF_UP)

    def signer_in_use(self) -> Signer:
        """What UnionPay signs with now: the next certificate once it was rotated."""
        return self.keys.signer(self.books.setting("certificate") or "normal")


def settlement_day(moment_ms: int) -> date:
    """The settlement day that a moment falls in."""
    return business_date(from_ms(moment_ms) + DAY_BEGINS_EARLIER)


SIMULATOR = web.AppKey("simulator", Simulator)


def of(request: web.Request) -> Simulator:
    """The simulator that serves this request."""
    return request.app[SIMULATOR]
