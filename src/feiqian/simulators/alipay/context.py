"""What every part of the running simulator shares."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from aiohttp import web

from feiqian.simulators.alipay.credentials import KEY_MODE, KeyRing
from feiqian.simulators.kit.behaviour import Behaviour
from feiqian.simulators.kit.books import Books
from feiqian.simulators.kit.callbacks import Callbacks
from feiqian.simulators.kit.moments import beijing
from feiqian.simulators.kit.sandbox import Sandbox

MOMENT = "%Y-%m-%d %H:%M:%S"
"""How Alipay writes a moment, in Beijing time."""

OPENING_BALANCE_FEN = 1_000_000_00
"""What the merchant's account holds before anything was paid: a million yuan, as in Alipay's own sandbox."""


@dataclass
class Simulator:
    """One sandbox merchant's Alipay."""

    sandbox: Sandbox
    keys: KeyRing
    callbacks: Callbacks
    fee_rate: Decimal
    """The channel's share of a payment, 0.006 for 0.6 %."""
    refund_within: timedelta
    """How old a payment may be refunded; then it is TRADE_FINISHED."""

    @property
    def books(self) -> Books:
        return self.sandbox.books

    @property
    def behaviour(self) -> Behaviour:
        return self.sandbox.behaviour

    def now_ms(self) -> int:
        """The simulator's clock."""
        return self.sandbox.clock.now_ms()

    def signer_name(self, mode: str) -> str:
        """What signs in a mode now: key mode's key, or the newest certificate's SN."""
        return KEY_MODE if mode == KEY_MODE else self.keys.current_sn

    def number(self, prefix: str, at_ms: int, row_id: int) -> str:
        """A number of Alipay's: the day, a prefix, this sandbox's series, and the row that it names."""
        return f"{beijing(at_ms, '%Y%m%d')}{prefix}{self.books.series}{row_id:08d}"


SIMULATOR = web.AppKey("simulator", Simulator)


def of(request: web.Request) -> Simulator:
    """The simulator that serves this request."""
    return request.app[SIMULATOR]
