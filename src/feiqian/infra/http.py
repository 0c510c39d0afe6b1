"""Calls to the outside world over HTTP: one pooled client, bounded answers, two kinds of fault."""

from collections.abc import Callable, Mapping
from errno import EACCES
from ipaddress import IPv4Address, IPv6Address, ip_address
from socket import AF_UNSPEC, AddressFamily
from types import TracebackType

import aiohttp
import msgspec
import structlog
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

log = structlog.get_logger(__name__)

CONNECTIONS_MAX = 100
"""Open connections of one client, over all hosts."""
_CHUNK_BYTES = 65_536

Admits = Callable[[IPv4Address | IPv6Address], bool]
"""Whether a connection to that address may be made."""


class HttpUnreachable(Exception):
    """No connection was made, so nothing was sent: the call may be repeated safely."""


class HttpUnknown(Exception):
    """The request may have been received, but no full answer came back: ask what became of it."""


class HttpAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A complete answer, whatever its status."""

    status: int
    """The HTTP status; redirects are not followed."""
    headers: Mapping[str, str]
    """Looked up without regard to case."""
    body: bytes
    """The bytes as they came over the wire: a signature is checked over them."""


class HttpClient:
    """Keeps connections open between calls. Made anywhere, used and closed in one event loop.

    No redirects, no cookies, no proxies from the environment, no decompression.
    """

    def __init__(self, *, connections_max: int = CONNECTIONS_MAX, admits: Admits | None = None) -> None:
        """``admits`` is asked for every address that a host's name stands for, at the moment of connecting; without it
        all are admitted."""
        self._connections_max = connections_max
        self._admits = admits
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "HttpClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection; the next request opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def request(
        self,
        *,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        timeout_s: float,
        response_bytes_max: int = 1_000_000,
        cut: bool = False,
    ) -> HttpAnswer:
        """Send the bytes as they are to the URL as it is (already percent-encoded) and read the whole answer.

        ``timeout_s`` bounds the call as a whole, half of it the connecting. With ``cut`` the status is what counts: a
        content that is larger than ``response_bytes_max``, or does not come in time, is cut instead of refused.
        Raises: HttpUnreachable, HttpUnknown (also when the answer is larger than ``response_bytes_max``).
        """
        self._refuse_literal(url)
        timeout = aiohttp.ClientTimeout(total=timeout_s, connect=timeout_s / 2)
        sent = {"Accept-Encoding": "identity", **headers}
        try:
            async with self._open().request(
                method,
                URL(url, encoded=True),
                data=body or None,
                headers=sent,
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                read = _read_some if cut else _read
                content = await read(response, response_bytes_max)
                return HttpAnswer(status=response.status, headers=response.headers, body=content)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise HttpUnreachable(f"{method} {_place(url)}: {error}") from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise HttpUnknown(f"{method} {_place(url)}: {type(error).__name__} {error}") from error

    def _refuse_literal(self, url: str) -> None:
        """A host that is an address is never looked up, so it is judged here."""
        host = URL(url, encoded=True).host
        if self._admits is None or host is None:
            return
        try:
            address = ip_address(host)
        except ValueError:
            return
        if not self._admits(address):
            raise HttpUnreachable(f"{_place(url)}: connections to {address} are not allowed")

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            resolver = _AdmittingResolver(self._admits) if self._admits else None
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections_max, resolver=resolver),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("User-Agent", "Content-Type"),
            )
        return self._session


class _AdmittingResolver(AbstractResolver):
    """Looks names up and lets only admitted addresses through: what is checked is what is connected to."""

    def __init__(self, admits: Admits) -> None:
        self._admits = admits
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        admitted = [each for each in found if self._admits(ip_address(each["host"].partition("%")[0]))]
        if not admitted:
            raise OSError(EACCES, f"connections to what {host} stands for are not allowed")
        return admitted

    async def close(self) -> None:
        await self._resolver.close()


async def _read_some(response: aiohttp.ClientResponse, bytes_max: int) -> bytes:
    """What comes of a content in time and fits."""
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
            chunks.append(chunk)
            size += len(chunk)
            if size >= bytes_max:
                break
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        log.info("answer_cut", place=_place(str(response.url)), error=type(error).__name__)
    if not response.content.is_eof() or size >= bytes_max:
        # What is left of it would be read before the connection is used again.
        response.close()
    return b"".join(chunks)[:bytes_max]


async def _read(response: aiohttp.ClientResponse, bytes_max: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        size += len(chunk)
        if size > bytes_max:
            response.close()
            raise HttpUnknown(f"the answer of {_place(str(response.url))} is larger than {bytes_max} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _place(url: str) -> str:
    """The URL without its query, which may hold a token."""
    return url.partition("?")[0]
