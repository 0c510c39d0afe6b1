"""The HTTP server that an application runs on."""

import asyncio
import signal
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from litestar import Litestar

from feiqian.infra.metrics import Timed


class Server(uvicorn.Server):
    """The HTTP server. Inside another program (``owns_signals`` false) it leaves signals to that program."""

    def __init__(self, app: Litestar, *, host: str, port: int, owns_signals: bool) -> None:
        super().__init__(
            uvicorn.Config(
                Timed(app),
                host=host,
                port=port,
                log_config=None,
                access_log=False,
                http="httptools",
                lifespan="on",
                server_header=False,
                # Nothing here reads the caller's address.
                proxy_headers=False,
                timeout_graceful_shutdown=10,
            )
        )
        self._owns_signals = owns_signals

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Ctrl-C and SIGTERM end the serving and nothing more, so that what surrounds it is closed in order."""
        loop = asyncio.get_running_loop()
        caught = (signal.SIGINT, signal.SIGTERM) if self._owns_signals else ()
        for each in caught:
            loop.add_signal_handler(each, self.handle_exit, each, None)
        try:
            yield
        finally:
            for each in caught:
                loop.remove_signal_handler(each)
