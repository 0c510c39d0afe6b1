"""Wiring: the parts, the routes, and what holds for every answer."""

import asyncio
import logging
import signal
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from aiohttp import web

from feiqian.simulators.wechatpay import bills, certificates, gate, orders, phone, refunds, sandbox
from feiqian.simulators.wechatpay.answers import NeverAnswered, Refused, refusal
from feiqian.simulators.wechatpay.behaviour import Behaviour
from feiqian.simulators.wechatpay.books import Books
from feiqian.simulators.wechatpay.callbacks import Callbacks
from feiqian.simulators.wechatpay.clock import ClockSetting, SandboxClock, keep_clock, kept_clock
from feiqian.simulators.wechatpay.context import SIMULATOR, Simulator, of
from feiqian.simulators.wechatpay.credentials import KeyRing, load_or_create

HOLD_S = 60
"""How long a connection whose answer is to be lost stays open."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
logger = logging.getLogger(__name__)


def open_simulator(
    data_directory: Path, setting: ClockSetting | None, fee_rate: Decimal, refund_within: timedelta
) -> Simulator:
    """Everything in ``data_directory/wechatpay-sandbox``, made when it is not there; inside a running loop.

    Without ``setting`` the clock goes on as it was last told. Raises: books.InUse.
    """
    directory = data_directory / "wechatpay-sandbox"
    directory.mkdir(parents=True, exist_ok=True)
    books = Books(directory)
    clock = SandboxClock(setting or kept_clock(books))
    keep_clock(books, clock.setting)
    keys = KeyRing(load_or_create(directory, clock.now()))
    behaviour = Behaviour()
    callbacks = Callbacks(books, keys, clock, behaviour)
    return Simulator(
        directory=directory,
        books=books,
        keys=keys,
        clock=clock,
        behaviour=behaviour,
        callbacks=callbacks,
        fee_rate=fee_rate,
        refund_within=refund_within,
    )


def build(simulator: Simulator) -> web.Application:
    """The simulator as a web application."""
    app = web.Application(middlewares=[every_answer])
    app[SIMULATOR] = simulator
    pay = "/v3/pay/transactions"
    refund = "/v3/refund/domestic/refunds"
    app.add_routes(
        [
            web.post(f"{pay}/native", orders.answer_prepay),
            web.get(f"{pay}/out-trade-no/{{out_trade_no}}", orders.answer_query),
            web.get(f"{pay}/id/{{transaction_id}}", orders.answer_query),
            web.post(f"{pay}/out-trade-no/{{out_trade_no}}/close", orders.answer_close),
            web.post(refund, refunds.answer_application),
            web.get(f"{refund}/{{out_refund_no}}", refunds.answer_query),
            web.get("/v3/bill/tradebill", bills.answer_tradebill),
            web.get("/v3/billdownload/file", bills.answer_download),
            web.get("/v3/certificates", certificates.answer_certificates),
            web.post("/sandbox/pay", sandbox.answer_pay),
            web.post("/sandbox/clock", sandbox.answer_clock),
            web.get("/sandbox/behaviour", sandbox.answer_behaviour),
            web.post("/sandbox/behaviour", sandbox.answer_behaviour),
            web.get("/sandbox/orders/{out_trade_no}", sandbox.answer_order),
            web.post("/sandbox/refunds/{out_refund_no}", sandbox.answer_settlement),
            web.get("/sandbox/state", sandbox.answer_state),
            web.get("/phone", phone.answer_page),
            web.post("/phone/pay", phone.answer_pay),
            web.get("/phone/phone.css", phone.answer_style),
        ]
    )
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
    await asyncio.sleep(HOLD_S)
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=504)


async def serve(simulator: Simulator, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Listen until SIGTERM or SIGINT. ``ready`` is called with the address once requests are taken."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(build(simulator), access_log=None, shutdown_timeout=1)
    await runner.setup()
    workers = [
        asyncio.create_task(simulator.callbacks.deliver_forever()),
        asyncio.create_task(simulator.books.fold_forever()),
    ]
    stopped = asyncio.create_task(stop.wait())
    try:
        await web.TCPSite(runner, host, port, backlog=512).start()
        ready(f"http://{host}:{runner.addresses[0][1]}")
        await asyncio.wait([stopped, *workers], return_when=asyncio.FIRST_COMPLETED)
    finally:
        await runner.cleanup()
        for task in (stopped, *workers):
            task.cancel()
        ends = await asyncio.gather(*workers, return_exceptions=True)
        simulator.books.close()
    for end in ends:
        if isinstance(end, Exception):
            raise end
