"""Orders into payments, refunds and rejects: the rules of the story, pure.

Days are planned one after the other; the planner remembers only what later cancellations need: what is left
of each buyer's paid orders.
"""

import hashlib
import re
from datetime import datetime
from enum import StrEnum

import msgspec

from feiqian.demo.orders import Order, TradingDay
from feiqian.kernel.money import apportion

_NUMBER = re.compile(r"[0-9A-Za-z_-]{1,32}")
"""What a channel accepts as a merchant's own refund number."""
COMPANY_FROM_FEN = 600_00
"""From here on the buyer is a company that pays through its bank."""
_ALIPAY_DIGITS = "01234"
"""First digits of an order number's digest whose buyers use Alipay: five of sixteen."""


class RejectReason(StrEnum):
    """Why an invoice, or the rest of a cancellation, moves no money."""

    NOT_PAYABLE = "not_payable"
    """A sale of zero or less: damaged stock, test lines, free samples."""
    NOT_A_SALE = "not_a_sale"
    """Neither a sale nor a cancellation by its number: a bad-debt adjustment."""
    NOT_REFUNDABLE = "not_refundable"
    """A cancellation that would give back nothing or less."""
    NOTHING_TO_REFUND = "nothing_to_refund"
    """The part of a cancellation that no order of the buyer in the year before can cover."""


class Method(StrEnum):
    """How a buyer pays, by its name in the API."""

    WECHATPAY = "wechatpay_native"
    """Scans WeChat Pay's code."""
    ALIPAY = "alipay_qr"
    """Scans Alipay's code."""
    UNIONPAY = "unionpay_b2b"
    """A company: one person enters the payment at its bank, another confirms it."""


class PlannedPayment(msgspec.Struct, frozen=True):
    """A sale to be paid."""

    order_no: str
    method: Method
    buyer: str
    placed_at: datetime
    amount: int
    shares: tuple[tuple[str, int], ...]
    """(supplier, fen > 0), summing to the amount."""


class PlannedRefund(msgspec.Struct, frozen=True):
    """What one cancellation takes back from one earlier order."""

    refund_no: str
    order_no: str
    placed_at: datetime
    amount: int


class Reject(msgspec.Struct, frozen=True):
    """What moves no money, and why."""

    lines: str
    invoice_no: str
    reason: RejectReason
    amount: int
    """Fen: the sum of a sale or adjustment; what a cancellation asked back or the rest that found nothing."""


class DayPlan(msgspec.Struct, frozen=True):
    """One trading day; payments and refunds in order of their time."""

    payments: tuple[PlannedPayment, ...]
    refunds: tuple[PlannedRefund, ...]
    rejects: tuple[Reject, ...]


class Planner:
    """Plans trading days in sequence."""

    def __init__(self) -> None:
        self._left: dict[str, list[tuple[str, datetime, int]]] = {}
        """buyer -> (order number, time, fen not yet refunded) of paid orders, oldest first."""
        self.suppliers: set[str] = set()
        """Everyone who has had a share of a payment."""

    @property
    def buyers(self) -> int:
        """How many buyers have paid at least once; all walk-ins count as one."""
        return len(self._left)

    def plan(self, day: TradingDay) -> DayPlan:
        """The actions of a day that is later than all days planned before."""
        payments: list[PlannedPayment] = []
        refunds: list[PlannedRefund] = []
        rejects: list[Reject] = []
        for order in day.orders:
            if order.invoice_no.startswith("C"):
                made, rest = self._cancel(order)
                refunds += made
                rejects += rest
            elif not (order.invoice_no.isascii() and order.invoice_no.isdigit()):
                rejects.append(_reject(order, RejectReason.NOT_A_SALE, order.amount))
            elif order.amount <= 0:
                rejects.append(_reject(order, RejectReason.NOT_PAYABLE, order.amount))
            else:
                payments.append(self._sell(order))
        return DayPlan(payments=tuple(payments), refunds=tuple(refunds), rejects=tuple(rejects))

    def _sell(self, order: Order) -> PlannedPayment:
        shares = _shares(order)
        self.suppliers.update(supplier for supplier, _ in shares)
        self._left.setdefault(order.buyer, []).append((order.invoice_no, order.placed_at, order.amount))
        return PlannedPayment(
            order_no=order.invoice_no,
            method=method_of(order.invoice_no, order.amount),
            buyer=order.buyer,
            placed_at=order.placed_at,
            amount=order.amount,
            shares=shares,
        )

    def _cancel(self, order: Order) -> tuple[list[PlannedRefund], list[Reject]]:
        rest = -order.amount
        if rest <= 0:
            return [], [_reject(order, RejectReason.NOT_REFUNDABLE, rest)]
        refunds: list[PlannedRefund] = []
        paid = self._left.get(order.buyer, [])
        while rest and paid:
            order_no, placed_at, left = paid.pop()
            amount = min(rest, left)
            rest -= amount
            if left > amount:
                paid.append((order_no, placed_at, left - amount))
            refunds.append(
                PlannedRefund(
                    refund_no=refund_number(order.invoice_no, order_no),
                    order_no=order_no,
                    placed_at=order.placed_at,
                    amount=amount,
                )
            )
        return refunds, [_reject(order, RejectReason.NOTHING_TO_REFUND, rest)] if rest else []


def method_of(order_no: str, amount_fen: int) -> Method:
    """How an order is paid, for ever: of the public file's orders, 55 % by WeChat Pay, 25 % Alipay, 19 % UnionPay."""
    if amount_fen >= COMPANY_FROM_FEN:
        return Method.UNIONPAY
    digest = hashlib.sha256(order_no.encode()).hexdigest()
    return Method.ALIPAY if digest[0] in _ALIPAY_DIGITS else Method.WECHATPAY


def refund_number(cancellation_no: str, order_no: str) -> str:
    """``C536379-536365``; a digest where that is longer or stranger than a channel accepts."""
    plain = f"{cancellation_no}-{order_no}"
    return plain if _NUMBER.fullmatch(plain) else f"C-{hashlib.sha256(plain.encode()).hexdigest()[:30]}"


def _shares(order: Order) -> tuple[tuple[str, int], ...]:
    """What each supplier gets.

    A supplier whose lines sum to less than zero (a discount line) gets nothing; the others bear it in
    proportion, as nobody's share of a payment can be negative.
    """
    gainers = [(supplier, amount) for supplier, amount in order.suppliers if amount > 0]
    parts = apportion(order.amount, [amount for _, amount in gainers])
    return tuple((supplier, part) for (supplier, _), part in zip(gainers, parts, strict=True) if part)


def _reject(order: Order, reason: RejectReason, amount: int) -> Reject:
    return Reject(lines=order.lines, invoice_no=order.invoice_no, reason=reason, amount=amount)
