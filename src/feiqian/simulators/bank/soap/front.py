"""The SOAP service: its four operations and its WSDL at ``?wsdl``."""

import logging
from datetime import date

import lxml.etree
from aiohttp import web

from feiqian.kernel.money import MINOR_DIGITS, format_major, parse_major
from feiqian.simulators.bank import xml
from feiqian.simulators.bank.accounts import Account, Entry, account_named, balance_before, entries_of
from feiqian.simulators.bank.context import Bank, of
from feiqian.simulators.bank.orders import Order, Transfer, with_number
from feiqian.simulators.bank.soap.envelope import (
    Call,
    Faulty,
    answer_envelope,
    check_security,
    described,
    fault_envelope,
    read_call,
    service_schema,
)
from feiqian.simulators.bank.transfers import take
from feiqian.simulators.bank.xml import Part
from feiqian.simulators.kit.moments import from_ms, rfc3339

PATH = "/soap/corporate-banking"
STATEMENT_DAYS_MAX = 31

SCHEMA = service_schema()
logger = logging.getLogger(__name__)


def routes() -> list[web.RouteDef]:
    """The paths of this front."""
    return [web.get(PATH, answer_wsdl), web.post(PATH, answer_call)]


async def answer_wsdl(request: web.Request) -> web.Response:
    """GET …?wsdl"""
    address = f"{request.scheme}://{request.host}{PATH}"
    return web.Response(body=described(address), content_type="text/xml", charset="utf-8")


async def answer_call(request: web.Request) -> web.Response:
    """POST: one operation, answered with its response or with a fault (HTTP 500)."""
    bank = of(request)
    try:
        call = read_call(await request.read(), SCHEMA)
        credentials = bank.keys.credentials
        check_security(
            call.security,
            username=credentials.soap_username,
            password=credentials.soap_password,
            nonces=bank.nonces,
            now=from_ms(bank.now_ms()),
        )
        if call.operation not in OPERATIONS:
            raise Faulty("soap:Client", f"{call.operation} is not an operation", "INVALID_MESSAGE")
        body = answer_envelope(call.operation, OPERATIONS[call.operation](bank, call))
    except Faulty as fault:
        return faulty(fault)
    except Exception:
        logger.exception("a SOAP call failed")
        return faulty(Faulty("soap:Server", "系统异常，请稍后重试", "SYSTEM_ERROR"))
    return web.Response(body=body, content_type="text/xml", charset="utf-8")


def faulty(fault: Faulty) -> web.Response:
    """A fault as an answer: HTTP 500, as SOAP 1.1 wants it."""
    body = fault_envelope(fault)
    return web.Response(body=body, status=500, content_type="text/xml", charset="utf-8")


def transfer(bank: Bank, call: Call) -> list[Part]:
    """Transfer: the same RequestId with the same content is answered as before, with another it is refused."""
    content = call.content
    order = Order(
        front="soap",
        message_id=bank.keys.credentials.soap_username,
        end_to_end_id=xml.text(content, "RequestId"),
        debit_account=xml.text(content, "DebitAccount"),
        creditor_name=xml.text(content, "CreditorName"),
        creditor_account=xml.text(content, "CreditorAccount"),
        creditor_bank=xml.text(content, "CreditorBank"),
        amount=_minor(content),
        currency=xml.text(content, "Currency"),
        memo=xml.text(content, "Remark"),
    )
    known = with_number(bank, order.end_to_end_id, "soap")
    if known:
        earlier = known[-1]
        compared = ("debit_account", "creditor_account", "creditor_bank", "amount", "currency")
        if any(getattr(earlier, name) != getattr(order, name) for name in compared):
            raise Faulty("soap:Client", "RequestId was used for another transfer", "DUPLICATE_REQUEST")
        return _state(earlier)
    with bank.books.atomically():
        return _state(take(bank, order, bank.now_ms()))


def query_transfer(bank: Bank, call: Call) -> list[Part]:
    """QueryTransfer: its present state; a fault NOT_FOUND when it never arrived."""
    known = with_number(bank, xml.text(call.content, "RequestId"), "soap")
    if not known:
        raise Faulty("soap:Client", "no such transfer was received", "NOT_FOUND")
    return _state(known[-1])


def query_balance(bank: Bank, call: Call) -> list[Part]:
    """QueryBalance: what is there, and what of it is not reserved."""
    account = _account(bank, call.content)
    return [
        ("Account", account.number),
        ("Currency", account.currency),
        ("Balance", format_major(account.balance, account.currency)),
        ("Available", format_major(account.available, account.currency)),
        ("AsOf", rfc3339(bank.now_ms())),
    ]


def query_statement(bank: Bank, call: Call) -> list[Part]:
    """QueryStatement: entries of up to 31 days, both dates included, today too."""
    account = _account(bank, call.content)
    try:
        first, last = (date.fromisoformat(xml.text(call.content, name)[:10]) for name in ("From", "To"))
    except ValueError as error:
        raise Faulty("soap:Client", "From and To must be dates of our era", "INVALID_PERIOD") from error
    if not 0 <= (last - first).days < STATEMENT_DAYS_MAX:
        raise Faulty("soap:Client", "From must not be after To, and 31 days at most", "INVALID_PERIOD")
    opening = balance_before(bank.books, account, first.isoformat())
    entries = entries_of(bank.books, account, first.isoformat(), last.isoformat())
    closing = opening + sum(entry.amount for entry in entries)
    return [
        ("Account", account.number),
        ("Opening", format_major(opening, account.currency)),
        ("Closing", format_major(closing, account.currency)),
        *(_entry(entry, account.currency) for entry in entries),
    ]


OPERATIONS = {
    "Transfer": transfer,
    "QueryTransfer": query_transfer,
    "QueryBalance": query_balance,
    "QueryStatement": query_statement,
}


def _state(found: Transfer) -> list[Part]:
    settled = None if found.settled_at is None else ("SettledAt", rfc3339(found.settled_at))
    return [
        ("RequestId", found.end_to_end_id),
        ("BankReference", found.reference),
        ("Status", found.status.upper()),
        ("ReasonCode", found.reason) if found.reason else None,
        ("Reason", found.detail) if found.detail else None,
        ("Amount", format_major(found.amount, found.currency)),
        ("Currency", found.currency),
        ("AcceptedAt", rfc3339(found.created_at)),
        settled,
    ]


def _entry(entry: Entry, currency: str) -> Part:
    optional = {
        "VirtualAccount": entry.virtual or "",
        "CounterpartyName": entry.counter_name,
        "CounterpartyAccount": entry.counter_account,
        "Remark": entry.memo,
    }
    return (
        "Entry",
        [
            ("BankReference", entry.reference),
            ("RequestId", entry.end_to_end_id) if entry.end_to_end_id else None,
            ("Kind", entry.kind.upper()),
            ("Amount", format_major(entry.amount, currency)),
            ("BookedAt", rfc3339(entry.booked_at)),
            *((name, value) if value else None for name, value in optional.items()),
        ],
    )


def _account(bank: Bank, content: lxml.etree._Element) -> Account:
    account = account_named(bank.books, bank.profile, xml.text(content, "Account"))
    if account is None or account.kind not in ("corporate", "virtual"):
        raise Faulty("soap:Client", "no such account of this customer", "ACCOUNT_NOT_FOUND")
    return account


def _minor(content: lxml.etree._Element) -> int:
    currency = xml.text(content, "Currency")
    if currency not in MINOR_DIGITS:
        raise Faulty("soap:Client", f"{currency} is not a currency of this bank", "INVALID_MESSAGE")
    try:
        return parse_major(xml.text(content, "Amount"), currency)
    except ValueError as error:
        raise Faulty("soap:Client", str(error), "INVALID_MESSAGE") from error
