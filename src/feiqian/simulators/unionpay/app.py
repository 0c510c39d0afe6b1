"""Wiring: the parts, the routes, and what holds for every answer."""

import argparse
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal

import msgspec
from aiohttp import web

from feiqian.simulators.kit.callbacks import Callbacks
from feiqian.simulators.kit.files import load_or_create
from feiqian.simulators.kit.hostility import hostile_answers
from feiqian.simulators.kit.pages import STYLE_PATH, answer_style
from feiqian.simulators.kit.process import clock_setting
from feiqian.simulators.kit.sandbox import controls, not_understood, open_sandbox, shown
from feiqian.simulators.unionpay import endpoints, notices, pages, sandbox, settlement
from feiqian.simulators.unionpay.behaviour import SETTINGS, SWITCHES
from feiqian.simulators.unionpay.codes import Refused, Unreadable
from feiqian.simulators.unionpay.context import SIMULATOR, Simulator, of
from feiqian.simulators.unionpay.credentials import Credentials, KeyRing, create
from feiqian.simulators.unionpay.gate import answer, message
from feiqian.simulators.unionpay.messages import Fields

SCHEMA = Path(__file__).with_name("books.sql").read_text("utf-8")
API = "/gateway/api"
FILES = "/"
"""Where files are downloaded; the real gateway has a host of its own for it."""
MESSAGE_BYTES_MOST = 64 * 1024 * 1024
"""A batch of 100,000 lines, with room."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
logger = logging.getLogger(__name__)


def open_simulator(options: argparse.Namespace) -> Simulator:
    """Everything in ``<data directory>/unionpay-sandbox``, made when it is not there; inside a running loop.

    Raises: books.InUse, books.OtherVersion.
    """
    opened = open_sandbox(
        options.data_dir,
        name="unionpay",
        schema=SCHEMA,
        setting=clock_setting(options),
        switches=SWITCHES,
        settings=SETTINGS,
    )
    keys = KeyRing(load_or_create(opened.directory / "credentials.json", Credentials, create))
    protocol = notices.protocol(keys, opened.books)
    callbacks = Callbacks(opened.books, opened.clock, opened.behaviour, protocol)
    fee_rate: Decimal = options.fee_rate
    within = timedelta(days=options.refund_within_days)
    return Simulator(sandbox=opened, keys=keys, callbacks=callbacks, fee_rate=fee_rate, refund_within=within)


def build(simulator: Simulator) -> web.Application:
    """The simulator as a web application."""
    hostile = hostile_answers(simulator.sandbox.behaviour, (f"{API}/",), _refused_by_switch(simulator))
    app = web.Application(middlewares=[hostile, every_answer], client_max_size=MESSAGE_BYTES_MOST)
    app[SIMULATOR] = simulator
    app.add_routes(
        [
            web.post(f"{API}/frontTransReq.do", pages.answer_front),
            web.post(f"{API}/backTransReq.do", endpoints.answer_back),
            web.post(f"{API}/queryTrans.do", endpoints.answer_query),
            web.post(f"{API}/batchTrans.do", endpoints.answer_batch),
            web.post(FILES, settlement.answer_file),
            web.get(pages.BANK_PAGE, pages.answer_bank),
            web.get(pages.STYLE_PAGE, pages.answer_style),
            web.post(f"{pages.BANK_PAGE}/{{act:pay|enter|confirm|reject}}", pages.answer_act),
            web.get(pages.LIST_PAGE, pages.answer_list),
            web.get(STYLE_PATH, answer_style),
            *controls(simulator.sandbox, simulator.callbacks),
            web.post("/sandbox/pay", sandbox.answer_pay),
            web.post("/sandbox/certificate", sandbox.answer_certificate),
            web.get("/sandbox/orders/{order_id}", sandbox.answer_order),
            web.post("/sandbox/orders/{order_id}/settle", sandbox.answer_settle),
            web.post("/sandbox/orders/{order_id}/return", sandbox.answer_return),
            web.post("/sandbox/batches/{batch_no}/settle", sandbox.answer_batch),
            web.get("/sandbox/state", sandbox.answer_state),
        ]
    )
    return app


@web.middleware
async def every_answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refusals become answers, and nothing is answered before it is on disk."""
    simulator = of(request)
    try:
        response = await handler(request)
        await simulator.books.durable()
        return response
    except Refused as refused:
        await simulator.books.durable()
        return await _refusal(simulator, request, refused)
    except Unreadable:
        return web.Response(status=400, text="Invalid request.")
    except msgspec.ValidationError as error:
        return not_understood(str(error))
    except web.HTTPException as error:
        return web.Response(status=error.status, text=error.reason)
    except Exception:
        logger.exception("%s %s failed", request.method, request.path)
        return await _refusal(simulator, request, Refused("06"))


async def _refusal(simulator: Simulator, request: web.Request, refused: Refused) -> web.Response:
    """In the form that the caller understands: JSON for the sandbox, a page for the buyer, fields for the merchant."""
    if request.path.startswith("/sandbox/"):
        return shown({"code": refused.code, "message": refused.message}, 409)
    if request.path.startswith(pages.BANK_PAGE) or request.path == f"{API}/frontTransReq.do":
        return pages.refusal_page(refused)
    fields: Fields = await message(request)
    return answer(simulator, fields, refused.code, refused.message)


def _refused_by_switch(
    simulator: Simulator,
) -> Callable[[web.Request, Literal["error", "rate_limited"]], web.Response]:
    def refuse(_request: web.Request, mode: Literal["error", "rate_limited"]) -> web.Response:
        refused = Refused("02" if mode == "error" else "37")
        return answer(simulator, {}, refused.code, refused.message)

    return refuse
