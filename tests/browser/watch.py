"""Nothing may go wrong unseen while a person clicks: errors in the console, failed requests, strangers on the wire."""

from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response, WebError

LOOPBACK = {"localhost", "127.0.0.1"}
REFUSED_BY_STATUS = "Failed to load resource: the server responded with a status of"
"""Chromium's own line about an answer of 400 or above; the answer itself is judged by its status."""


class Watch:
    """Everything that a browser context complains about."""

    def __init__(self, context: BrowserContext) -> None:
        self.complaints: list[str] = []
        self._expected: set[tuple[int, str]] = set()
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("request", self._request)
        context.on("requestfailed", self._failed)
        context.on("response", self._response)

    def expect(self, status: int, path: str) -> None:
        """A refusal that belongs to the story."""
        self._expected.add((status, path))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(REFUSED_BY_STATUS):
            self.complaints.append(f"console {message.type}: {message.text}")

    def _error(self, error: WebError) -> None:
        self.complaints.append(f"uncaught: {error.error}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.hostname not in LOOPBACK:
            self.complaints.append(f"left this machine: {request.url}")

    def _failed(self, request: Request) -> None:
        # What a page had asked for when it was left is given up by the browser.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"{request.failure}: {request.url}")

    def _response(self, response: Response) -> None:
        refusal = (response.status, urlsplit(response.url).path)
        if response.status >= 400 and refusal not in self._expected:
            self.complaints.append(f"answered {response.status}: {response.url}")
