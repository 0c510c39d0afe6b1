"""The merchant's backUrl: keeps what comes and answers as told."""

import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.simulators.unionpay.merchant import PATIENCE_S, posted


class Inbox:
    """Answers 200 when nothing else was put into ``answers``."""

    def __init__(self) -> None:
        self.answers: queue.Queue[int] = queue.Queue()
        self.received: queue.Queue[tuple[str, dict[str, str]]] = queue.Queue()
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200 if inbox.answers.empty() else inbox.answers.get())
                self.send_header("Content-Length", "0")
                self.end_headers()
                inbox.received.put((self.headers["Content-Type"], posted(body)))

            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/callbacks/unionpay"

    def next(self) -> dict[str, str]:
        """The fields of the next notice; fails when none comes."""
        content_type, fields = self.received.get(timeout=PATIENCE_S)
        assert content_type == "application/x-www-form-urlencoded;charset=UTF-8"
        return fields

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
