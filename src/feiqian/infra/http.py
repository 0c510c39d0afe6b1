"""Calls to the outside world over HTTP: one pooled client, bounded answers, two kinds of fault."""

from collections.abc import Mapping
from types import TracebackType

import aiohttp
import msgspec
from yarl import URL

CONNECTIONS_MAX = 100
"""Open connections of one client, over all hosts."""
_CHUNK_BYTES = 65_536


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

    def __init__(self) -> None:
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
    ) -> HttpAnswer:
        """Send the bytes as they are to the URL as it is (already percent-encoded) and read the whole answer.

        ``timeout_s`` bounds the call as a whole, half of it the connecting.
        Raises: HttpUnreachable, HttpUnknown (also when the answer is larger than ``response_bytes_max``).
        """
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
                content = await _read(response, response_bytes_max)
                return HttpAnswer(status=response.status, headers=response.headers, body=content)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise HttpUnreachable(f"{method} {_place(url)}: {error}") from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise HttpUnknown(f"{method} {_place(url)}: {type(error).__name__} {error}") from error

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("User-Agent", "Content-Type"),
            )
        return self._session


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
