"""What WeChat Pay does not have: the buyer's hand, the clock, misbehaviour, and a look into the books."""

import msgspec
from aiohttp import web

from feiqian.simulators.wechatpay import accounts, combined
from feiqian.simulators.wechatpay.answers import Refused, answer, parse
from feiqian.simulators.wechatpay.context import Simulator, of
from feiqian.simulators.wechatpay.messages import CODE_URL, Fen
from feiqian.simulators.wechatpay.orders import SANDBOX_BUYER, Order, order_named, pay, scan, unknown_order
from feiqian.simulators.wechatpay.orders import view as order_view
from feiqian.simulators.wechatpay.refunds import RefundEnd, refund_named, refunds_of, settle
from feiqian.simulators.wechatpay.refunds import view as refund_view


class Payment(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /sandbox/pay; one of the first two."""

    code_url: str | None = None
    """Or a prepay_id."""
    out_trade_no: str | None = None
    payer: str = SANDBOX_BUYER
    """The buyer's openid."""


class Settlement(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /sandbox/refunds/{out_refund_no}."""

    status: RefundEnd


async def answer_pay(request: web.Request) -> web.Response:
    """POST /sandbox/pay: the buyer pays. Again: the same answer."""
    simulator = of(request)
    payment = parse(await request.read(), Payment)
    order = _payable(simulator, payment)
    if isinstance(order, combined.Combined):
        paid_together = combined.pay(simulator, order, payment.payer)
        return answer({"transaction_id": paid_together.transaction_id, "state": "SUCCESS"})
    paid = pay(simulator, order, payment.payer)
    return answer({"transaction_id": paid.transaction_id, "state": "SUCCESS"})


def _payable(simulator: Simulator, payment: Payment) -> Order | combined.Combined:
    """What is paid: an order, or several together. Raises: Refused when there is none."""
    if payment.code_url is None:
        number = payment.out_trade_no or ""
        order = order_named(simulator, number) or combined.combined_named(simulator, number)
        if order is None:
            raise unknown_order()
        return order
    code = payment.code_url.strip().removeprefix(CODE_URL)
    return combined.combined_with_code(simulator, code) or scan(simulator, code)


class Deposit(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /sandbox/deposits."""

    amount: Fen
    mchid: str | None = None
    """A merchant behind the service provider; without it, the one who signs."""


async def answer_deposit(request: web.Request) -> web.Response:
    """POST /sandbox/deposits: the merchant brings money for transfers and refunds."""
    simulator = of(request)
    deposit = parse(await request.read(), Deposit)
    mchid = deposit.mchid or simulator.keys.mchid
    with simulator.books.atomically():
        simulator.books.write(
            "INSERT INTO deposits (mchid, amount, at) VALUES (?, ?, ?)",
            mchid,
            deposit.amount,
            simulator.clock.now_ms(),
        )
        accounts.add(simulator.books, mchid, deposit.amount)
    return answer({"available": accounts.balances(simulator.books, mchid)[0]})


async def answer_callbacks(request: web.Request) -> web.Response:
    """GET /sandbox/callbacks/{number}: what was sent about an order, a transfer or a batch, with every attempt."""
    return answer({"callbacks": of(request).callbacks.recorded(request.match_info["number"])})


async def answer_settlement(request: web.Request) -> web.Response:
    """POST /sandbox/refunds/{out_refund_no}: end a refund that was left PROCESSING."""
    simulator = of(request)
    refund = refund_named(simulator, request.match_info["out_refund_no"])
    if refund is None:
        raise Refused(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
    settlement = parse(await request.read(), Settlement)
    settle(simulator, refund, settlement.status)
    return answer({"status": settlement.status})


async def answer_order(request: web.Request) -> web.Response:
    """GET /sandbox/orders/{out_trade_no}: the order, its refunds, its callbacks with every attempt."""
    simulator = of(request)
    order = _order(simulator, request.match_info["out_trade_no"])
    return answer(
        {
            "order": order_view(simulator, order, simulator.clock.now_ms()),
            "refunds": [refund_view(order, refund) for refund in refunds_of(simulator, order)],
            "callbacks": simulator.callbacks.recorded(order.out_trade_no),
        }
    )


async def answer_state(request: web.Request) -> web.Response:
    """GET /sandbox/state: how many of what."""
    simulator = of(request)

    def counts(table: str, column: str) -> dict[str, int]:
        return dict(simulator.books.rows(f"SELECT {column}, count(*) FROM {table} GROUP BY 1"))

    return answer(
        {
            "mchid": simulator.keys.mchid,
            "appid": simulator.keys.appid,
            "clock": simulator.sandbox.clock_view(),
            "behaviour": simulator.behaviour.view(),
            "fee_rate": str(simulator.fee_rate),
            "balances": {
                mchid: {"available": balance - frozen, "frozen": frozen}
                for mchid, balance, frozen in simulator.books.rows("SELECT * FROM accounts")
            },
            "orders": counts("orders", "state"),
            "refunds": counts("refunds", "status"),
            "sharings": counts("sharings", "state"),
            "transfers": counts("transfers", "state"),
            "callbacks": counts("callbacks", "state"),
        }
    )


def _order(simulator: Simulator, out_trade_no: str) -> Order:
    order = order_named(simulator, out_trade_no)
    if order is None:
        raise unknown_order()
    return order
