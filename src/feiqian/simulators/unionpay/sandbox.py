"""What UnionPay does not have: the buyer's hand, the bank's late answers, returned payouts, and a look into the books."""

from typing import Any, Literal

import msgspec
from aiohttp import web

from feiqian.simulators.kit.sandbox import not_understood, shown
from feiqian.simulators.unionpay import batches, payments
from feiqian.simulators.unionpay.codes import TEXTS, Refused
from feiqian.simulators.unionpay.context import Simulator, of, settlement_day
from feiqian.simulators.unionpay.transactions import (
    PAYOUTS,
    Transaction,
    end,
    find,
    find_all,
    outcome,
    update,
    with_id,
)


class Payment(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /sandbox/pay."""

    order_id: str
    bank: str = ""
    """B2B: the bank's short name; else the one that the merchant asked for, or ICBC."""
    step: Literal["all", "enter", "confirm", "reject"] = "all"
    """B2B: one of the company's two people; all is both."""


class Settlement(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /sandbox/orders/{order_id}/settle."""

    resp_code: str = "00"
    """00 and A6 are success, any other code why it failed."""


class Rotation(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /sandbox/certificate."""

    use: Literal["normal", "next"]
    """Which certificate UnionPay signs with from now on."""


async def answer_pay(request: web.Request) -> web.Response:
    """POST /sandbox/pay: the buyer pays. Again: the same answer."""
    simulator = of(request)
    payment = msgspec.json.decode(await request.read(), type=Payment)
    transaction = _order(simulator, payment.order_id)
    if transaction.biz_type == payments.B2C:
        transaction = payments.pay(simulator, transaction)
    else:
        if payment.step in ("all", "enter"):
            bank = payment.bank or transaction.bank or next(iter(payments.BANKS))
            transaction = payments.enter(simulator, transaction, bank)
        if payment.step in ("all", "confirm"):
            transaction = payments.confirm(simulator, transaction)
        elif payment.step == "reject":
            transaction = payments.reject(simulator, transaction)
    return shown(_summary(transaction))


async def answer_settle(request: web.Request) -> web.Response:
    """POST /sandbox/orders/{order_id}/settle: end what was left processing."""
    simulator = of(request)
    settlement = msgspec.json.decode(await request.read(), type=Settlement)
    if settlement.resp_code not in TEXTS:
        return not_understood("resp_code is none of this gateway's")
    transaction = _order(simulator, request.match_info["order_id"])
    if transaction.state != "processing":
        return not_understood(f"the transaction is {transaction.state}")
    return shown(_summary(end(simulator, transaction, settlement.resp_code)))


async def answer_return(request: web.Request) -> web.Response:
    """POST /sandbox/orders/{order_id}/return: a payout that succeeded comes back; the day's ZME file says so."""
    simulator = of(request)
    transaction = _order(simulator, request.match_info["order_id"])
    if transaction.txn_type not in PAYOUTS or not transaction.has_succeeded or transaction.returned_on:
        return not_understood("only a payout that succeeded can come back, once")
    with simulator.books.atomically():
        update(simulator, transaction, returned_on=settlement_day(simulator.now_ms()).isoformat())
    return shown(_summary(with_id(simulator, transaction.id)))


async def answer_batch(request: web.Request) -> web.Response:
    """POST /sandbox/batches/{batch_no}/settle: end a batch that is kept back."""
    simulator = of(request)
    batch = batches.latest(simulator, request.match_info["batch_no"])
    if batch is None:
        raise Refused("34")
    batches.settle(simulator, batch)
    return shown({"batch_no": batch.batch_no, "state": "done"})


async def answer_certificate(request: web.Request) -> web.Response:
    """POST /sandbox/certificate: UnionPay changes its signing certificate, also for notices under way. Kept over restarts."""
    simulator = of(request)
    rotation = msgspec.json.decode(await request.read(), type=Rotation)
    with simulator.books.atomically():
        simulator.books.keep_setting("certificate", rotation.use)
    return shown({"use": rotation.use})


async def answer_order(request: web.Request) -> web.Response:
    """GET /sandbox/orders/{order_id}: the transaction, what followed from it, its notices with every attempt."""
    simulator = of(request)
    transaction = _order(simulator, request.match_info["order_id"])
    followed = find_all(simulator, "original_id = ?", transaction.id)
    return shown(
        {
            "order": _summary(transaction)
            | {"outcome": outcome(simulator, transaction, transaction.resp_code)},
            "followed_by": [_summary(one) for one in followed],
            "callbacks": simulator.callbacks.recorded(transaction.order_id),
        }
    )


async def answer_state(request: web.Request) -> web.Response:
    """GET /sandbox/state: how many of what."""
    simulator = of(request)

    def counts(table: str, column: str) -> dict[str, int]:
        return dict(simulator.books.rows(f"SELECT {column}, count(*) FROM {table} GROUP BY 1"))

    return shown(
        {
            "mer_id": simulator.keys.mer_id,
            "clock": simulator.sandbox.clock_view(),
            "behaviour": simulator.sandbox.behaviour.view(),
            "fee_rate": str(simulator.fee_rate),
            "certificate": simulator.books.setting("certificate") or "normal",
            "transactions": counts("transactions", "txn_type || ' ' || state"),
            "batches": counts("batches", "state"),
            "callbacks": counts("callbacks", "state"),
        }
    )


def _order(simulator: Simulator, order_id: str) -> Transaction:
    transaction = find(simulator, "order_id = ?", order_id)
    if transaction is None:
        raise Refused("34")
    return transaction


def _summary(transaction: Transaction) -> dict[str, Any]:
    kept = ("order_id", "txn_time", "txn_type", "biz_type", "amount", "state", "resp_code", "query_id")
    kept += ("settled_on", "fee", "used", "is_voided", "bank", "returned_on")
    return {name: getattr(transaction, name) for name in kept}
