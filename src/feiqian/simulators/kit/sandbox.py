"""What every simulator has: a directory, books, a clock, a behaviour; and the calls that steer the last two."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from feiqian.simulators.kit.behaviour import Behaviour, Switches
from feiqian.simulators.kit.books import Books
from feiqian.simulators.kit.callbacks import Callbacks
from feiqian.simulators.kit.clock import ClockSetting, SandboxClock, keep_clock, kept_clock
from feiqian.simulators.kit.moments import from_ms


@dataclass
class Sandbox:
    """One sandbox merchant's channel, as far as all channels are alike."""

    directory: Path
    """``<data directory>/<name>-sandbox``"""
    books: Books
    clock: SandboxClock
    behaviour: Behaviour

    def clock_view(self) -> dict[str, Any]:
        """For GET /sandbox/state."""
        return {"now": from_ms(self.clock.now_ms()), "standing": self.clock.is_standing}


def open_sandbox(
    data_directory: Path,
    *,
    name: str,
    schema: str,
    setting: ClockSetting | None,
    switches: Switches,
    settings: Mapping[str, float | str],
) -> Sandbox:
    """Everything in ``data_directory/<name>-sandbox``, made when it is not there; inside a running loop.

    Without ``setting`` the clock goes on as it was last told. Raises: books.InUse, books.OtherVersion.
    """
    directory = data_directory / f"{name}-sandbox"
    directory.mkdir(parents=True, exist_ok=True)
    books = Books(directory, schema)
    clock = SandboxClock(setting or kept_clock(books))
    keep_clock(books, clock.setting)
    return Sandbox(directory, books, clock, Behaviour(switches, settings))


def controls(sandbox: Sandbox, callbacks: Callbacks | None = None) -> list[web.RouteDef]:
    """POST /sandbox/clock and GET, POST /sandbox/behaviour."""

    async def answer_clock(request: web.Request) -> web.Response:
        """Stand at a moment, or run with an offset. Kept over restarts."""
        try:
            setting = msgspec.json.decode(await request.read(), type=ClockSetting)
            sandbox.clock.set(setting)
        except ValueError as error:
            return not_understood(str(error))
        keep_clock(sandbox.books, setting)
        await sandbox.books.durable()
        if callbacks is not None:
            callbacks.look_at_the_clock()
        return shown(sandbox.clock_view())

    async def answer_behaviour(request: web.Request) -> web.Response:
        """POST changes it, GET shows it."""
        if request.method == "POST":
            try:
                sandbox.behaviour.change(msgspec.json.decode(await request.read(), type=dict[str, Any]))
            except ValueError as error:
                return not_understood(str(error))
        return shown(sandbox.behaviour.view())

    return [
        web.post("/sandbox/clock", answer_clock),
        web.get("/sandbox/behaviour", answer_behaviour),
        web.post("/sandbox/behaviour", answer_behaviour),
    ]


def shown(content: object, status: int = 200) -> web.Response:
    """A JSON answer of the sandbox's own calls."""
    return web.Response(body=msgspec.json.encode(content), status=status, content_type="application/json")


def not_understood(why: str) -> web.Response:
    """A refusal of the sandbox's own calls: 400 PARAM_ERROR."""
    return shown({"code": "PARAM_ERROR", "message": why}, 400)
