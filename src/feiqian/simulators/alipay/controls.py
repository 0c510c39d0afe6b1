"""What Alipay does not have: the buyer's hand, the end of what is under way, rotation, and a look into the books."""

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from feiqian.simulators.alipay.answers import Refused, parse, unknown_trade, yuan
from feiqian.simulators.alipay.balance import balance, move
from feiqian.simulators.alipay.calls import check, read
from feiqian.simulators.alipay.context import Simulator, of
from feiqian.simulators.alipay.ordering import scan
from feiqian.simulators.alipay.paying import Placement, meet, pay, place
from feiqian.simulators.alipay.refunding import refund_named, refunds_of
from feiqian.simulators.alipay.refunding import settle as settle_refund
from feiqian.simulators.alipay.sharing import end as end_settlement
from feiqian.simulators.alipay.trades import Trade, trade_named, trade_with_id, view
from feiqian.simulators.alipay.transferring import TransferEnd, transfer_named
from feiqian.simulators.alipay.transferring import end as end_transfer
from feiqian.simulators.kit.sandbox import shown


class Named(msgspec.Struct, forbid_unknown_fields=True):
    """Which order: by the QR code or by the merchant's number."""

    qr_code: str = ""
    out_trade_no: str = ""


class Invocation(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /sandbox/invoke."""

    order_string: str
    pays: bool = False
    """Whether the buyer also confirms."""


class RefundEnd(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /sandbox/refunds/{out_request_no}; the trade's number, because the other is unique in it only."""

    out_trade_no: str
    status: str


class SettlementEnd(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /sandbox/settlements/{settle_no}."""

    part_fails: bool = False


class TransferTurn(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /sandbox/transfers/{out_biz_no}."""

    status: TransferEnd


class Funds(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /sandbox/balance: what the merchant shall have, in fen."""

    balance_fen: int


async def answer_pay(request: web.Request) -> web.Response:
    """POST /sandbox/pay: the buyer pays. Again: the same answer."""
    simulator, trade = await _named(request)
    paid = pay(simulator, trade)
    return shown({"trade_no": paid.trade_no, "trade_status": paid.state})


async def answer_scan(request: web.Request) -> web.Response:
    """POST /sandbox/scan: the buyer sees the order and does not pay yet: WAIT_BUYER_PAY."""
    simulator, trade = await _named(request)
    met = meet(simulator, trade)
    return shown({"trade_no": met.trade_no, "trade_status": met.state_at(simulator.now_ms())})


async def answer_invoke(request: web.Request) -> web.Response:
    """POST /sandbox/invoke: the merchant's app hands the order string of alipay.trade.app.pay to Alipay's app."""
    simulator = of(request)
    invocation = parse((await request.read()).decode(), Invocation)
    call = check(simulator, read(invocation.order_string))
    if call.method != "alipay.trade.app.pay":
        raise Refused("40002", "isv.invalid-method", "订单串不是 alipay.trade.app.pay")
    trade = meet(simulator, place(simulator, call, parse(call.biz_content, Placement)))
    if invocation.pays:
        trade = pay(simulator, trade)
    return shown(
        {
            "resultStatus": "9000" if trade.paid_at is not None else "8000",
            "out_trade_no": trade.out_trade_no,
            "trade_no": trade.trade_no,
            "cashier_url": f"{request.scheme}://{request.host}/cashier/{trade.code}",
        }
    )


async def answer_refund(request: web.Request) -> web.Response:
    """POST /sandbox/refunds/{out_request_no}: end a refund that was left PROCESSING."""
    simulator = of(request)
    wanted = parse((await request.read()).decode(), RefundEnd)
    made = refund_named(
        simulator, _trade(simulator, wanted.out_trade_no), request.match_info["out_request_no"]
    )
    if made is None:
        raise unknown_trade()
    if wanted.status not in ("SUCCESS", "FAIL"):
        raise Refused("40002", "isv.invalid-parameter", "status must be SUCCESS or FAIL")
    settle_refund(simulator, made, "SUCCESS" if wanted.status == "SUCCESS" else "FAIL")
    return shown({"status": wanted.status})


async def answer_settlement(request: web.Request) -> web.Response:
    """POST /sandbox/settlements/{settle_no}: end royalties that were left PROCESSING."""
    wanted = parse((await request.read()).decode(), SettlementEnd)
    end_settlement(of(request), request.match_info["settle_no"], part_fails=wanted.part_fails)
    return shown({"status": "ended"})


async def answer_transfer(request: web.Request) -> web.Response:
    """POST /sandbox/transfers/{out_biz_no}: end a transfer, or send a successful one back."""
    simulator = of(request)
    wanted = parse((await request.read()).decode(), TransferTurn)
    made = transfer_named(simulator, request.match_info["out_biz_no"])
    if made is None:
        raise unknown_trade()
    end_transfer(simulator, made, wanted.status)
    return shown({"status": wanted.status})


async def answer_balance(request: web.Request) -> web.Response:
    """POST /sandbox/balance: fill or empty the merchant's account; a movement like any other."""
    simulator = of(request)
    wanted = parse((await request.read()).decode(), Funds).balance_fen
    with simulator.books.atomically():
        kind = "充值" if wanted > balance(simulator) else "提现"
        change = wanted - balance(simulator)
        move(simulator, kind=kind, amount=change, trade_no="", out_no="", title="", other="沙箱")
    return shown({"balance_fen": wanted})


async def answer_rotate(request: web.Request) -> web.Response:
    """POST /sandbox/rotate: from now on another certificate of Alipay's signs, in certificate mode."""
    return shown({"alipay_cert_sn": of(request).keys.rotate()})


async def answer_order(request: web.Request) -> web.Response:
    """GET /sandbox/orders/{out_trade_no}: the order, its refunds, its notifications with every attempt."""
    simulator = of(request)
    trade = _trade(simulator, request.match_info["out_trade_no"])
    return shown(
        {
            "order": view(trade, simulator.now_ms()),
            "refunds": [
                {
                    "out_request_no": made.out_request_no,
                    "amount": yuan(made.amount),
                    "status": made.status,
                    "fee_returned": yuan(made.fee),
                }
                for made in refunds_of(simulator, trade)
            ],
            "fee": yuan(trade.fee),
            "shared": yuan(trade.shared - trade.shares_returned),
            "callbacks": simulator.callbacks.recorded(trade.out_trade_no),
        }
    )


async def answer_state(request: web.Request) -> web.Response:
    """GET /sandbox/state: who, when, what behaviour, how much, how many of what."""
    simulator = of(request)
    credentials = simulator.keys.credentials

    def counts(table: str, column: str) -> dict[str, int]:
        return dict(simulator.books.rows(f"SELECT {column}, count(*) FROM {table} GROUP BY 1"))

    return shown(
        {
            "app_id": credentials.app_id,
            "seller_id": credentials.seller_id,
            "alipay_cert_sn": simulator.keys.current_sn,
            "clock": simulator.sandbox.clock_view(),
            "behaviour": simulator.behaviour.view(),
            "fee_rate": str(simulator.fee_rate),
            "balance_fen": balance(simulator),
            "orders": counts("trades", "state"),
            "refunds": counts("refunds", "status"),
            "royalties": counts("royalties", "state"),
            "transfers": counts("transfers", "status"),
            "callbacks": counts("callbacks", "state"),
        }
    )


def routes() -> list[web.RouteDef]:
    """The sandbox's own calls, besides clock and behaviour."""
    posts: dict[str, Callable[[web.Request], Any]] = {
        "pay": answer_pay,
        "scan": answer_scan,
        "invoke": answer_invoke,
        "refunds/{out_request_no}": answer_refund,
        "settlements/{settle_no}": answer_settlement,
        "transfers/{out_biz_no}": answer_transfer,
        "balance": answer_balance,
        "rotate": answer_rotate,
    }
    return [
        *(web.post(f"/sandbox/{path}", handler) for path, handler in posts.items()),
        web.get("/sandbox/orders/{out_trade_no}", answer_order),
        web.get("/sandbox/state", answer_state),
    ]


async def _named(request: web.Request) -> tuple[Simulator, Trade]:
    simulator = of(request)
    named = parse((await request.read()).decode(), Named)
    if named.qr_code:
        return simulator, trade_with_id(simulator, scan(simulator, named.qr_code).id)
    return simulator, _trade(simulator, named.out_trade_no)


def _trade(simulator: Simulator, out_trade_no: str) -> Trade:
    trade = trade_named(simulator, out_trade_no)
    if trade is None:
        raise unknown_trade()
    return trade
