"""A platform's own server, as honest or as hostile as a test needs it."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from tests.loop.house import eventually


class Told(msgspec.Struct, frozen=True):
    """One delivery as it arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def content(self) -> Any:
        return json.loads(self.body)


Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Takes what is posted and has the receiver's next answer given."""

    receiver: "Receiver"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.receiver.lock:
            told = Told({name.lower(): value for name, value in self.headers.items()}, body)
            self.receiver.told.append(told)
            self.receiver.open += 1
            self.receiver.most_at_once = max(self.receiver.most_at_once, self.receiver.open)
            answer = self.receiver.answers.pop(0) if self.receiver.answers else self.receiver.usual
        try:
            answer(self)
        except ConnectionError:
            self.close_connection = True
        finally:
            with self.receiver.lock:
                self.receiver.open -= 1

    def log_message(self, format: str, *args: object) -> None:
        return


def status(code: int, body: bytes = b"", **headers: str) -> Answer:
    """Answers with that status."""

    def answer(handler: Handler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


class Receiver:
    """Keeps what it is told; answers what was put into ``answers``, then the usual."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.answers: list[Answer] = []
        self.usual: Answer = status(200, b"ok")
        self.lock = threading.Lock()
        self.open = 0
        self.most_at_once = 0
        self.released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"receiver": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/events"

    def hang(self, handler: Handler) -> None:
        """An answer that does not come until ``released`` is set."""
        self.released.wait(60)
        status(200)(handler)

    async def heard(self, count: int) -> list[Told]:
        """Everything it was told, once it was told so often."""

        async def look() -> list[Told]:
            return list(self.told)

        return await eventually(look, lambda told: len(told) >= count)

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
