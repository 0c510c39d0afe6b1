"""Answers as a broken network or a broken channel gives them: a middleware around the whole simulator."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Literal

from aiohttp import web
from aiohttp.typedefs import Middleware

from feiqian.simulators.kit.behaviour import Behaviour

HOLD_S = 60
"""How long a connection whose answer is to be lost stays open."""
HUGE_BYTES = 10 * 1024 * 1024

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Refuse = Callable[[web.Request, Literal["error", "rate_limited"]], web.Response]


class NeverAnswered(Exception):
    """Raised by a handler: the work is done and will be committed, but its answer is to be lost."""


async def lose_answer(request: web.Request) -> web.Response:
    """Keep the caller waiting, then hang up: the caller sees a time-out or a broken connection."""
    await asyncio.sleep(HOLD_S)
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=504)


def hostile_answers(behaviour: Behaviour, channel_prefixes: tuple[str, ...], refuse: Refuse) -> Middleware:
    """The switch ``answer`` (see ANSWER_MODES), for paths that begin with one of ``channel_prefixes``.

    Goes first in the application's list, so that it sees what would have been sent. ``refuse`` writes the channel's own
    refusal for ``error`` and ``rate_limited``.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        wanted = str(behaviour.settings["answer_path"])
        if not request.path.startswith(channel_prefixes) or wanted not in request.path:
            return await handler(request)
        mode = behaviour.take("answer")
        if mode in ("error", "rate_limited"):
            return refuse(request, "error" if mode == "error" else "rate_limited")
        response = await handler(request)
        if mode == "lost":
            return await lose_answer(request)
        if mode == "slow":
            await asyncio.sleep(behaviour.seconds("slow_s"))
        elif mode == "garbage":
            return web.Response(body=b"\xff\xfe" + os.urandom(200), content_type="application/octet-stream")
        elif mode == "huge":
            return web.Response(body=b"[" + b" " * (HUGE_BYTES - 2) + b"]", content_type="application/json")
        elif mode == "empty":
            return web.Response(status=200)
        return response

    return middleware
