"""Wiring: the parts, the routes, and what holds for every answer."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from aiohttp import web

from feiqian.simulators.alipay import bills, controls, pages
from feiqian.simulators.alipay.answers import Refused
from feiqian.simulators.alipay.context import SIMULATOR, Simulator, of
from feiqian.simulators.alipay.credentials import KeyRing
from feiqian.simulators.alipay.gateway import PATH, Handler, answer_gateway, catch_up, read_parameters, refuse
from feiqian.simulators.alipay.notifications import protocol
from feiqian.simulators.alipay.switches import SWITCHES
from feiqian.simulators.kit.behaviour import ANSWER_SETTINGS, CALLBACK_SETTINGS
from feiqian.simulators.kit.callbacks import Callbacks
from feiqian.simulators.kit.clock import ClockSetting
from feiqian.simulators.kit.hostility import NeverAnswered, hostile_answers, lose_answer
from feiqian.simulators.kit.pages import STYLE_PATH, answer_style
from feiqian.simulators.kit.sandbox import controls as common_controls
from feiqian.simulators.kit.sandbox import open_sandbox, shown

SCHEMA = Path(__file__).with_name("books.sql").read_text("utf-8")
LOOK_EVERY_S = 1
"""How often a running clock is looked at for what became due."""


def open_simulator(
    data_directory: Path, setting: ClockSetting | None, fee_rate: Decimal, refund_within: timedelta
) -> Simulator:
    """Everything in ``data_directory/alipay-sandbox``, made when it is not there; inside a running loop.

    Without ``setting`` the clock goes on as it was last told. Raises: InUse, OtherVersion.
    """
    sandbox = open_sandbox(
        data_directory,
        name="alipay",
        schema=SCHEMA,
        setting=setting,
        switches=SWITCHES,
        settings={**CALLBACK_SETTINGS, **ANSWER_SETTINGS},
    )
    keys = KeyRing(sandbox.directory / "credentials.json")
    callbacks = Callbacks(sandbox.books, sandbox.clock, sandbox.behaviour, protocol(keys, sandbox.clock))
    return Simulator(
        sandbox=sandbox, keys=keys, callbacks=callbacks, fee_rate=fee_rate, refund_within=refund_within
    )


def build(simulator: Simulator) -> web.Application:
    """The simulator as a web application."""
    hostile = hostile_answers(simulator.behaviour, (PATH,), refuse)
    app = web.Application(middlewares=[read_parameters, hostile, every_answer])
    app[SIMULATOR] = simulator
    app.add_routes(
        [
            web.get(PATH, answer_gateway),
            web.post(PATH, answer_gateway),
            web.get("/downloadBillFile.resource", bills.answer_file),
            web.get("/cashier/{code}", pages.answer_cashier),
            web.post("/cashier/{code}/pay", pages.answer_cashier_pay),
            web.get("/phone", pages.answer_phone),
            web.post("/phone/pay", pages.answer_phone_pay),
            web.get(STYLE_PATH, answer_style),
            *common_controls(simulator.sandbox, simulator.callbacks),
            *controls.routes(),
        ]
    )
    return app


@web.middleware
async def every_answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Nothing is answered before it is on disk; refusals of the sandbox's own calls become answers."""
    simulator = of(request)
    try:
        response = await handler(request)
    except NeverAnswered:
        await simulator.books.durable()
        return await lose_answer(request)
    except Refused as refused:
        response = shown({"code": refused.sub_code, "message": refused.sub_msg}, 400)
    await simulator.books.durable()
    return response


async def look_at_the_clock_forever(simulator: Simulator) -> None:
    """Do what became due, until cancelled."""
    while True:
        catch_up(simulator)
        await asyncio.sleep(LOOK_EVERY_S)
