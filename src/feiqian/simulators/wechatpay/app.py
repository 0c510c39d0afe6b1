"""Wiring: the parts, the routes, and what holds for every answer."""

import logging
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal

from aiohttp import web

from feiqian.simulators.kit.callbacks import Callbacks
from feiqian.simulators.kit.clock import ClockSetting
from feiqian.simulators.kit.hostility import NeverAnswered, hostile_answers, lose_answer
from feiqian.simulators.kit.sandbox import controls, open_sandbox
from feiqian.simulators.wechatpay import gate
from feiqian.simulators.wechatpay.answers import Refused, refusal
from feiqian.simulators.wechatpay.behaviour import SETTINGS, SWITCHES
from feiqian.simulators.wechatpay.callbacks import protocol
from feiqian.simulators.wechatpay.context import SIMULATOR, Simulator, of
from feiqian.simulators.wechatpay.credentials import KeyRing, load_or_create
from feiqian.simulators.wechatpay.routes import channel_routes, sandbox_routes

SCHEMA = Path(__file__).with_name("books.sql").read_text("utf-8")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
logger = logging.getLogger(__name__)


def open_simulator(
    data_directory: Path, setting: ClockSetting | None, fee_rate: Decimal, refund_within: timedelta
) -> Simulator:
    """Everything in ``data_directory/wechatpay-sandbox``, made when it is not there; inside a running loop.

    Without ``setting`` the clock goes on as it was last told. Raises: books.InUse, books.OtherVersion.
    """
    common = open_sandbox(
        data_directory,
        name="wechatpay",
        schema=SCHEMA,
        setting=setting,
        switches=SWITCHES,
        settings=SETTINGS,
    )
    keys = KeyRing(load_or_create(common.directory, common.clock.now()))
    return Simulator(
        sandbox=common,
        keys=keys,
        callbacks=Callbacks(
            common.books, common.clock, common.behaviour, protocol(common.books, keys, common.clock)
        ),
        fee_rate=fee_rate,
        refund_within=refund_within,
    )


def build(simulator: Simulator) -> web.Application:
    """The simulator as a web application."""
    hostile = hostile_answers(simulator.behaviour, ("/v3/",), refuse)
    app = web.Application(middlewares=[hostile, every_answer])
    app[SIMULATOR] = simulator
    app.add_routes(channel_routes())
    app.add_routes(controls(simulator.sandbox, simulator.callbacks))
    app.add_routes(sandbox_routes())
    return app


@web.middleware
async def every_answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refusals become answers, nothing is answered before it is on disk, and /v3 is checked and signed."""
    simulator = of(request)
    is_channel = request.path.startswith("/v3/")
    try:
        if is_channel:
            gate.check(simulator, request, await request.read())
        response = await handler(request)
        await simulator.books.durable()
    except NeverAnswered:
        return await _lose_answer(request, simulator)
    except Refused as refused:
        await simulator.books.durable()
        response = refusal(refused)
    except web.HTTPException as error:
        response = refusal(Refused(error.status, "RESOURCE_NOT_EXISTS", error.reason))
    except Exception:
        logger.exception("%s %s failed", request.method, request.path)
        response = refusal(Refused(500, "SYSTEM_ERROR", "系统异常，请稍后重试"))
    if is_channel and isinstance(response, web.Response):
        gate.sign_answer(simulator, request, response)
    return response


async def _lose_answer(request: web.Request, simulator: Simulator) -> web.Response:
    try:
        await simulator.books.durable()
    except sqlite3.Error:
        logger.exception("the books could not be written")
    return await lose_answer(request)


def refuse(_request: web.Request, kind: Literal["error", "rate_limited"]) -> web.Response:
    """WeChat Pay's own words for a channel that cannot or will not answer now; it does not sign them."""
    if kind == "error":
        return refusal(Refused(500, "SYSTEM_ERROR", "系统异常，请稍后重试"))
    return refusal(Refused(429, "FREQUENCY_LIMITED", "频率限制，请降低频率后重试"))
