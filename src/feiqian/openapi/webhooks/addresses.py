"""Where events may be sent: to public addresses over HTTPS; in the sandbox also to this machine.

A platform chooses the address, and we call it from inside our network: without this rule it could make us call what
only we can reach. The rule is applied twice: to the URL when it is set, and to every address that its name stands for at
the moment of connecting.
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

import msgspec

from feiqian.kernel.errors import InvalidRequest

URL_LENGTH_MAX = 1_000
_LOCAL_NAMES = ("localhost",)
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""IPv4 behind a translator (RFC 6052): the last 32 bits say where it goes."""

Address = IPv4Address | IPv6Address


class AddressRule(msgspec.Struct, frozen=True):
    """Which addresses are called."""

    loopback: bool
    """This machine too, also without TLS: in the sandbox."""

    def check(self, url: str) -> None:
        """Raises: InvalidRequest saying what a URL must be."""
        if not 1 <= len(url) <= URL_LENGTH_MAX or not url.isascii() or not url.isprintable() or " " in url:
            raise InvalidRequest(
                field="url", reason=f"must be 1 to {URL_LENGTH_MAX} ASCII characters without spaces"
            )
        parts = _split(url)
        if parts.username is not None or parts.password is not None:
            raise InvalidRequest(field="url", reason="must not hold a user name or password")
        if parts.fragment:
            raise InvalidRequest(field="url", reason="must not have a fragment")
        local = self.loopback and _is_local(parts.hostname or "")
        if parts.scheme != "https" and not (local and parts.scheme == "http"):
            raise InvalidRequest(
                field="url",
                reason="must begin with https://"
                + (", or http:// for this machine" if self.loopback else ""),
            )
        literal = _literal(parts.hostname or "")
        if literal is not None and not self.admits(literal):
            raise InvalidRequest(field="url", reason="must lead to a public address")
        if not self.loopback and _is_local(parts.hostname or ""):
            raise InvalidRequest(field="url", reason="must lead to a public address")

    def admits(self, address: Address) -> bool:
        """Whether a connection may go there."""
        address = _meant(address)
        if address.is_loopback:
            return self.loopback
        return address.is_global and not address.is_multicast


def _split(url: str) -> SplitResult:
    """Raises: InvalidRequest."""
    try:
        parts = urlsplit(url)
        if parts.hostname and (parts.port is None or parts.port > 0):
            return parts
    except ValueError as error:
        raise InvalidRequest(field="url", reason=f"must be a URL ({error})") from error
    raise InvalidRequest(field="url", reason="must name a host")


def _meant(address: Address) -> Address:
    """The IPv4 address inside one that only carries it."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address in _TRANSLATED:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_local(host: str) -> bool:
    literal = _literal(host)
    return host.rstrip(".") in _LOCAL_NAMES if literal is None else literal.is_loopback
