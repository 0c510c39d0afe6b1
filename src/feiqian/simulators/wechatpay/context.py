"""What every part of the running simulator shares."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from aiohttp import web

from feiqian.kernel.money import Rounding, to_minor
from feiqian.simulators.kit.callbacks import Callbacks
from feiqian.simulators.kit.sandbox import Sandbox
from feiqian.simulators.wechatpay.credentials import KeyRing
from feiqian.simulators.wechatpay.signing import NonceMemory


@dataclass
class Simulator:
    """One sandbox merchant's WeChat Pay."""

    sandbox: Sandbox
    keys: KeyRing
    callbacks: Callbacks
    fee_rate: Decimal
    """The channel's share of a payment, 0.0038 for 0.38 %."""
    refund_within: timedelta
    """How old a payment may be refunded; the real limit is a year."""
    nonces: NonceMemory = field(default_factory=NonceMemory)

    def __post_init__(self) -> None:
        self.directory = self.sandbox.directory
        self.books = self.sandbox.books
        self.clock = self.sandbox.clock
        self.behaviour = self.sandbox.behaviour
        self.fee_rate_text = str(self.fee_rate)

    def fee(self, amount: int) -> int:
        """The fee of an amount in fen, rounded half up to whole fen."""
        return to_minor(amount * self.fee_rate, Rounding.HALF_UP)


SIMULATOR = web.AppKey("simulator", Simulator)
SERIAL = web.RequestKey("serial", str)
"""The Wechatpay-Serial that this request is answered under."""


def of(request: web.Request) -> Simulator:
    """The simulator that serves this request."""
    return request.app[SIMULATOR]
