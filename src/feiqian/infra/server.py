"""The HTTP server that an application runs on."""

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
        if self._owns_signals:
            with super().capture_signals():
                yield
        else:
            yield
