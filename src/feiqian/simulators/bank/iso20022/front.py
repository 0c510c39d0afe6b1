"""The HTTPS front: every path under /iso20022."""

import secrets
from collections.abc import Awaitable, Callable
from datetime import date

import msgspec
from aiohttp import web

from feiqian.kernel.calendar import business_date
from feiqian.simulators.bank.accounts import Account, account_named
from feiqian.simulators.bank.context import Bank, of
from feiqian.simulators.bank.iso20022.reading import Initiation, Rejected, read_initiation
from feiqian.simulators.bank.iso20022.reports import About, report
from feiqian.simulators.bank.iso20022.signing import NotSigned, answer_headers, check_request
from feiqian.simulators.bank.iso20022.spoiled import spoiled_day, spoiled_document
from feiqian.simulators.bank.iso20022.statements import account_report, day_of, statement
from feiqian.simulators.bank.orders import Transfer, of_message, with_number
from feiqian.simulators.bank.transfers import receive, take
from feiqian.simulators.kit.moments import from_ms, to_ms

PREFIX = "/iso20022/"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def routes() -> list[web.RouteDef]:
    """The paths of this front."""
    return [
        web.post("/iso20022/pain.001", answer_initiation),
        web.get("/iso20022/pain.002", answer_status),
        web.get("/iso20022/camt.052", answer_report),
        web.get("/iso20022/camt.053", answer_statement),
        web.get("/iso20022/certificates", answer_certificates),
    ]


@web.middleware
async def signed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Under /iso20022 nobody but the platform is heard, and every answer has the bank's signature."""
    if not request.path.startswith(PREFIX):
        return await handler(request)
    bank = of(request)
    try:
        check_request(
            bank.keys,
            method=request.method,
            target=request.raw_path,
            headers=request.headers,
            body=await request.read(),
            moment_s=bank.now_ms() // 1000,
        )
        response = await handler(request)
    except NotSigned as refused:
        response = refusal(401, "SIGNATURE_INVALID", str(refused))
    except web.HTTPException as error:
        response = refusal(
            error.status, "NOT_FOUND" if error.status == 404 else "REQUEST_INVALID", error.reason
        )
    if isinstance(response, web.Response):
        sign_answer(bank, response)
    return response


def refusal(status: int, code: str, message: str) -> web.Response:
    """What the bank says when there is no ISO 20022 message to say it with."""
    body = msgspec.json.encode({"code": code, "message": message})
    return web.Response(body=body, status=status, content_type="application/json")


async def answer_initiation(request: web.Request) -> web.Response:
    """POST /iso20022/pain.001: one message, answered with its first pain.002."""
    bank = of(request)
    now_ms = bank.now_ms()
    try:
        initiation = read_initiation(await request.read(), bank.profile)
    except Rejected as rejected:
        about = About(
            message_id=rejected.message_id, name=rejected.name, reason=rejected.code, detail=rejected.detail
        )
        return _document(_report(bank, about, [], now_ms))
    known = bank.books.row("SELECT 1 FROM messages WHERE message_id = ?", initiation.message_id)
    if known is not None:
        about = About(
            message_id=initiation.message_id,
            name=initiation.name,
            reason="DUPL",
            detail="MsgId was received before: ask for its pain.002",
        )
        return _document(_report(bank, about, [], now_ms))
    transfers = _take_all(bank, initiation, now_ms)
    return _document(_report(bank, _about(initiation), transfers, now_ms))


async def answer_status(request: web.Request) -> web.Response:
    """GET /iso20022/pain.002?MsgId=… or ?EndToEndId=…: the present status; 404 with NOOR when it never arrived."""
    bank = of(request)
    message_id, number = request.query.get("MsgId", ""), request.query.get("EndToEndId", "")
    transfers: list[Transfer] = []
    if number:
        found = [one for one in with_number(bank, number, "iso20022") if message_id in ("", one.message_id)]
        # The newest that was not refused, or the newest refusal: a refused number may be used again.
        transfers = [one for one in found if one.status != "rejected"][-1:] or found[-1:]
        message_id = transfers[0].message_id if transfers else message_id
    elif message_id:
        transfers = of_message(bank, message_id)
    row = bank.books.row("SELECT name, count, total FROM messages WHERE message_id = ?", message_id)
    if row is None or not transfers:
        about = About(message_id=message_id, name="", reason="NOOR", detail="no such message was received")
        return _document(_report(bank, about, [], bank.now_ms()), 404)
    about = About(message_id=message_id, name=row[0], count=row[1], total=row[2])
    return _document(_report(bank, about, transfers, bank.now_ms()))


async def answer_report(request: web.Request) -> web.Response:
    """GET /iso20022/camt.052?account=…: today so far."""
    bank = of(request)
    account = _account(bank, request)
    now_ms = bank.now_ms()
    today = day_of(bank.books, account, business_date(from_ms(now_ms)))
    return _document(account_report(bank.profile, today, now_ms))


async def answer_statement(request: web.Request) -> web.Response:
    """GET /iso20022/camt.053?account=…&date=2026-03-02: a day that is over; 404 STATEMENT_NOT_READY before."""
    bank = of(request)
    account = _account(bank, request)
    try:
        day = date.fromisoformat(request.query.get("date", ""))
    except ValueError:
        return refusal(400, "REQUEST_INVALID", "date must be like 2026-03-02")
    mode = bank.sandbox.behaviour.take("statement")
    now_ms = bank.now_ms()
    if mode == "missing" or now_ms < to_ms(bank.profile.hours.statement_at(day)):
        return refusal(404, "STATEMENT_NOT_READY", "对账单尚未生成")
    document = statement(bank.profile, spoiled_day(bank.books, account, day, mode), now_ms)
    return _document(spoiled_document(document, mode))


async def answer_certificates(request: web.Request) -> web.Response:
    """GET /iso20022/certificates: the bank's certificates, oldest first; it signs with the last one."""
    bank = of(request)
    shown = [
        {"serial": identity.serial, "certificate": identity.certificate}
        for identity in bank.keys.credentials.bank_identities
    ]
    body = msgspec.json.encode({"certificates": shown})
    return web.Response(body=body, content_type="application/json")


def _take_all(bank: Bank, initiation: Initiation, now_ms: int) -> list[Transfer]:
    at_once = len(initiation.orders) <= bank.profile.limits.answered_at_once_up_to
    with bank.books.atomically():
        bank.books.write(
            "INSERT INTO messages (message_id, name, count, total, created_at) VALUES (?, ?, ?, ?, ?)",
            initiation.message_id,
            initiation.name,
            initiation.count,
            str(initiation.total),
            now_ms,
        )
        return [
            take(bank, order, now_ms) if at_once else receive(bank, order, now_ms)
            for order in initiation.orders
        ]


def _about(initiation: Initiation) -> About:
    return About(
        message_id=initiation.message_id,
        name=initiation.name,
        count=initiation.count,
        total=str(initiation.total),
    )


def _report(bank: Bank, about: About, transfers: list[Transfer], now_ms: int) -> bytes:
    return report(
        bank.profile,
        report_id=f"RPT{secrets.token_hex(14).upper()}",
        now_ms=now_ms,
        about=about,
        transfers=transfers,
    )


def _account(bank: Bank, request: web.Request) -> Account:
    account = account_named(bank.books, bank.profile, request.query.get("account", ""))
    if account is None or account.kind not in ("corporate", "virtual"):
        raise web.HTTPNotFound(reason="no such account of this customer")
    return account


def _document(body: bytes, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/xml", charset="utf-8")


def sign_answer(bank: Bank, response: web.Response) -> None:
    """Put the signature headers on an answer, as the switch ``answer_signature`` wants them."""
    mode = bank.sandbox.behaviour.take("answer_signature")
    if mode == "missing":
        return
    body = response.body if isinstance(response.body, bytes) else b""
    signed_body = body + b" " if mode == "bad" else body
    response.headers.update(answer_headers(bank.keys, signed_body, bank.now_ms() // 1000))
