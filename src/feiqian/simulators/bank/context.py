"""What every part of the running bank shares."""

from dataclasses import dataclass, field

from aiohttp import web

from feiqian.simulators.bank.credentials import KeyRing
from feiqian.simulators.bank.profile import Profile
from feiqian.simulators.bank.socket.codec import Codec
from feiqian.simulators.kit.books import Books
from feiqian.simulators.kit.callbacks import Callbacks
from feiqian.simulators.kit.sandbox import Sandbox


@dataclass
class Bank:
    """One bank with one customer, the platform."""

    sandbox: Sandbox
    profile: Profile
    codec: Codec
    """Of the socket front."""
    keys: KeyRing
    callbacks: Callbacks
    places: dict[str, str] = field(default_factory=dict)
    """Fronts that are not on the HTTP port, and where they listen: ``https``, ``socket``."""
    nonces: dict[str, None] = field(default_factory=dict)
    """Nonces of UsernameTokens, so that one heard once is not accepted again."""

    @property
    def books(self) -> Books:
        return self.sandbox.books

    def now_ms(self) -> int:
        return self.sandbox.clock.now_ms()


BANK = web.AppKey("bank", Bank)


def of(request: web.Request) -> Bank:
    """The bank that serves this request."""
    return request.app[BANK]
