"""Wiring: the parts, the routes, and what holds for every answer."""

import argparse
import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

from aiohttp import web

from feiqian.simulators.bank import phone
from feiqian.simulators.bank import sandbox as steering
from feiqian.simulators.bank.accounts import open_accounts
from feiqian.simulators.bank.behaviour import SETTINGS, SWITCHES
from feiqian.simulators.bank.context import BANK, Bank, of
from feiqian.simulators.bank.credentials import KeyRing
from feiqian.simulators.bank.iso20022 import front as iso20022
from feiqian.simulators.bank.notices import protocol
from feiqian.simulators.bank.profile import read_profile
from feiqian.simulators.bank.soap import front as soap
from feiqian.simulators.bank.soap.envelope import Faulty
from feiqian.simulators.bank.socket import front as socket
from feiqian.simulators.bank.socket.codec import Codec
from feiqian.simulators.bank.socket.profile import read_socket_profile
from feiqian.simulators.bank.tls import tls_context
from feiqian.simulators.bank.transfers import work_on_what_is_due
from feiqian.simulators.kit.callbacks import Callbacks
from feiqian.simulators.kit.clock import ClockSetting
from feiqian.simulators.kit.hostility import hostile_answers
from feiqian.simulators.kit.process import clock_setting, serve
from feiqian.simulators.kit.sandbox import open_sandbox, shown

SCHEMA = Path(__file__).with_name("books.sql").read_text("utf-8")
LOOKS_EVERY_S = 0.2
"""How often a running clock is looked at for payouts that are due."""
BODY_MAX = 32 * 1024 * 1024

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
logger = logging.getLogger(__name__)


def open_bank(
    data_directory: Path, setting: ClockSetting | None, *, profile: Path, socket_profile: str
) -> Bank:
    """Everything in ``data_directory/bank-sandbox``, made when it is not there; inside a running loop.

    Raises: books.InUse, books.OtherVersion, OSError for a profile that is not there.
    """
    opened = open_sandbox(
        data_directory,
        name="bank",
        schema=SCHEMA,
        setting=setting,
        switches=SWITCHES,
        settings=SETTINGS,
    )
    keys = KeyRing(opened.directory / "credentials.json")
    read = read_profile(profile)
    open_accounts(opened.books, read)
    return Bank(
        sandbox=opened,
        profile=read,
        codec=Codec(read_socket_profile(socket_profile)),
        keys=keys,
        callbacks=Callbacks(opened.books, opened.clock, opened.behaviour, protocol(keys, opened.clock)),
    )


def build(bank: Bank) -> web.Application:
    """The HTTP fronts and the sandbox's controls as a web application."""
    hostile = hostile_answers(bank.sandbox.behaviour, (iso20022.PREFIX, soap.PATH), refuse)
    app = web.Application(middlewares=[hostile, every_answer, iso20022.signed], client_max_size=BODY_MAX)
    app[BANK] = bank
    app.add_routes([*iso20022.routes(), *soap.routes(), *steering.routes(bank), *phone.routes()])
    return app


def refuse(request: web.Request, kind: Literal["error", "rate_limited"]) -> web.Response:
    """The bank's own refusal for the switch ``answer``: signed, or a fault at the SOAP front."""
    status, code, message = (500, "SYSTEM_ERROR", "系统异常，请稍后重试")
    if kind == "rate_limited":
        status, code, message = (429, "TOO_MANY_REQUESTS", "请求过于频繁")
    if request.path == soap.PATH:
        return soap.faulty(Faulty("soap:Server", message, code))
    response = iso20022.refusal(status, code, message)
    iso20022.sign_answer(of(request), response)
    return response


@web.middleware
async def every_answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What is due is done before and after, and nothing is answered before it is on disk."""
    bank = of(request)
    try:
        work_on_what_is_due(bank, bank.now_ms())
        response = await handler(request)
        if request.path == "/sandbox/clock":
            work_on_what_is_due(bank, bank.now_ms())
    except web.HTTPException as error:
        response = shown({"code": "RESOURCE_NOT_EXISTS", "message": error.reason}, error.status)
    except Exception:
        logger.exception("%s %s failed", request.method, request.path)
        response = iso20022.refusal(500, "SYSTEM_ERROR", "系统异常，请稍后重试")
    await bank.books.durable()
    return response


async def run_bank(options: argparse.Namespace) -> None:
    """Listen until SIGTERM or SIGINT. The ready line ends with the socket front and, with --tls, the HTTPS port."""
    bank = open_bank(
        options.data_dir,
        clock_setting(options),
        profile=options.profile,
        socket_profile=options.socket_profile,
    )

    async def listen_socket() -> asyncio.Server:
        server = await socket.listen(bank, options.host, options.tcp_port)
        bank.places["socket"] = f"tcp://{options.host}:{server.sockets[0].getsockname()[1]}"
        return server

    async def listen_tls() -> asyncio.Server:
        context = tls_context(bank.keys.credentials, bank.sandbox.directory, mutual=options.mutual_tls)
        server = await _https(bank, options.host, options.tls_port, context)
        bank.places["https"] = f"https://{options.host}:{server.sockets[0].getsockname()[1]}"
        return server

    listeners = [listen_socket]
    if options.tls or options.mutual_tls:
        listeners.append(listen_tls)
    await serve(
        build(bank),
        bank.sandbox,
        options,
        workers=[bank.callbacks.deliver_forever(), _work_forever(bank)],
        listeners=listeners,
    )


async def _https(bank: Bank, host: str, port: int, context: ssl.SSLContext) -> asyncio.Server:
    runner = web.AppRunner(build(bank), access_log=None, shutdown_timeout=1)
    await runner.setup()
    assert runner.server is not None, "set up just now"
    return await asyncio.get_running_loop().create_server(runner.server, host, port, ssl=context)


async def _work_forever(bank: Bank) -> None:
    while True:
        is_more = work_on_what_is_due(bank, bank.now_ms())
        await asyncio.sleep(0 if is_more else LOOKS_EVERY_S)
