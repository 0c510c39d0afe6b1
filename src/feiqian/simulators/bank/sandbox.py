"""What no bank has: the payer's hand, the fate of payouts, accounts at will, and a look into the books."""

from typing import Any, Literal

import msgspec
from aiohttp import web

from feiqian.simulators.bank.accounts import Account, account_named, accounts_of_platform, keep_account
from feiqian.simulators.bank.context import Bank, of
from feiqian.simulators.bank.incoming import Incoming, pay_in
from feiqian.simulators.bank.orders import REASONS, Transfer, with_number
from feiqian.simulators.bank.transfers import end
from feiqian.simulators.kit.moments import rfc3339
from feiqian.simulators.kit.sandbox import controls, not_understood, shown


class Ending(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /sandbox/transfers/{number}."""

    status: Literal["settled", "rejected", "returned"]
    reason: str = ""
    """An ISO 20022 code; AC01 when left out."""


class AccountChange(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /sandbox/accounts: opens an account, or changes what is given."""

    number: str
    name: str | None = None
    kind: Literal["corporate", "other"] = "other"
    status: Literal["open", "frozen", "closed"] | None = None
    notify_url: str | None = None
    """Where camt.054 goes; corporate accounts only."""


def routes(bank: Bank) -> list[web.RouteDef]:
    """The paths under /sandbox."""
    return [
        *controls(bank.sandbox, bank.callbacks),
        web.post("/sandbox/pay", answer_pay),
        web.post("/sandbox/accounts", answer_accounts),
        web.post("/sandbox/transfers/{number}", answer_ending),
        web.get("/sandbox/orders/{number}", answer_order),
        web.post("/sandbox/rotate", answer_rotation),
        web.get("/sandbox/days/{day}", answer_day),
        web.get("/sandbox/state", answer_state),
    ]


async def answer_pay(request: web.Request) -> web.Response:
    """POST /sandbox/pay: money comes in."""
    bank = of(request)
    try:
        incoming = msgspec.json.decode(await request.read(), type=Incoming)
        entry = pay_in(bank, incoming, bank.now_ms())
    except ValueError as error:
        return not_understood(str(error))
    return shown({"reference": entry.reference, "account": entry.account, "virtual": entry.virtual})


async def answer_accounts(request: web.Request) -> web.Response:
    """POST /sandbox/accounts: open, freeze, close, or say where notifications go."""
    bank = of(request)
    try:
        change = msgspec.json.decode(await request.read(), type=AccountChange)
    except ValueError as error:
        return not_understood(str(error))
    known = account_named(bank.books, bank.profile, change.number)
    if known is None:
        known = Account(change.number, change.name or "", change.kind, None, "CNY", "open")
    changes = {
        name: value
        for name in ("name", "status", "notify_url")
        if (value := getattr(change, name)) is not None
    }
    account = msgspec.structs.replace(known, **changes)
    with bank.books.atomically():
        keep_account(bank.books, account)
    return shown(account)


async def answer_ending(request: web.Request) -> web.Response:
    """POST /sandbox/transfers/{number}: end a payout that waits, or send a paid one back."""
    bank = of(request)
    found = with_number(bank, request.match_info["number"])
    if not found:
        return _unknown()
    try:
        ending = msgspec.json.decode(await request.read(), type=Ending)
        if ending.reason and ending.reason not in REASONS:
            raise ValueError(f"reason must be one of {', '.join(REASONS)}")
        transfer = end(bank, found[-1], ending.status, ending.reason, bank.now_ms())
    except ValueError as error:
        return not_understood(str(error))
    return shown(_view(transfer))


async def answer_order(request: web.Request) -> web.Response:
    """GET /sandbox/orders/{number}: payouts under a customer's or bank's number, and notifications about it."""
    bank = of(request)
    number = request.match_info["number"]
    transfers = with_number(bank, number)
    references = {number, *(transfer.reference for transfer in transfers)}
    references |= {f"{transfer.reference}R" for transfer in transfers}
    callbacks = [one for reference in sorted(references) for one in bank.callbacks.recorded(reference)]
    if not transfers and not callbacks:
        return _unknown()
    return shown({"transfers": [_view(transfer) for transfer in transfers], "callbacks": callbacks})


async def answer_rotation(request: web.Request) -> web.Response:
    """POST /sandbox/rotate: the bank signs with a new certificate from now on."""
    return shown({"serial": of(request).keys.rotate()})


async def answer_day(request: web.Request) -> web.Response:
    """GET /sandbox/days/{day}: every account's opening, debits, credits and closing; closings add up to zero."""
    bank = of(request)
    rows = bank.books.rows(
        "SELECT a.number, a.kind, coalesce(sum(e.amount) FILTER (WHERE e.booked_on < ?1), 0),"
        " coalesce(-sum(e.amount) FILTER (WHERE e.booked_on = ?1 AND e.amount < 0), 0),"
        " coalesce(sum(e.amount) FILTER (WHERE e.booked_on = ?1 AND e.amount > 0), 0)"
        " FROM accounts a LEFT JOIN entries e ON e.account = a.number"
        " WHERE a.kind <> 'virtual' GROUP BY a.number ORDER BY a.number",
        request.match_info["day"],
    )
    days = [
        {
            "account": number,
            "kind": kind,
            "opening": opening,
            "debits": debits,
            "credits": credits,
            "closing": opening - debits + credits,
        }
        for number, kind, opening, debits, credits in rows
    ]
    return shown({"accounts": days, "sum": sum(day["closing"] for day in days)})


async def answer_state(request: web.Request) -> web.Response:
    """GET /sandbox/state: clock, behaviour, accounts of the platform, how many of what."""
    bank = of(request)

    def counts(table: str, column: str) -> dict[str, int]:
        return dict(bank.books.rows(f"SELECT {column}, count(*) FROM {table} GROUP BY 1"))

    return shown(
        {
            "customer": bank.keys.credentials.customer,
            "clock": bank.sandbox.clock_view(),
            "behaviour": bank.sandbox.behaviour.view(),
            "places": bank.places,
            "virtual": bank.profile.virtual,
            "accounts": accounts_of_platform(bank.books),
            "transfers": counts("transfers", "status"),
            "callbacks": counts("callbacks", "state"),
        }
    )


def _view(transfer: Transfer) -> dict[str, Any]:
    view = msgspec.structs.asdict(transfer)
    for name in ("created_at", "settled_at", "next_at"):
        view[name] = None if view[name] is None else rfc3339(view[name])
    return view


def _unknown() -> web.Response:
    return shown(
        {"code": "RESOURCE_NOT_EXISTS", "message": "no payout and no notification of that number"}, 404
    )
