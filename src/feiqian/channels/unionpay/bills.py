"""The bill of a day, made of UnionPay's settlement file. No I/O.

UnionPay ends its day at 23:00 and has the file ten hours later. The bill of a day is the file of that settlement day: what
moved after 23:00 stands on the next day's bill, which is what ``day_cut`` of the terms tells reconciliation to expect. A
bill cut at midnight would need two files and could be had a day later only, with nothing gained: every line says when
it happened.
"""

from feiqian.channels.model import Bill, BillKind, BillLine, BillState, BillSummary
from feiqian.channels.unionpay.messages import CURRENCY
from feiqian.channels.unionpay.settlement import CAPTURE, Movement, MovementKind, Settlement


def bill_of(settlement: Settlement) -> Bill:
    """Payments and refunds of a settlement day. Payouts are no part of a bill: they stay in the settlement.

    UnionPay prints neither totals nor rates: the totals are the sums of the lines, and rates are empty. That a file
    is whole is known from its signature, from the zip's checksums and from the width of every line.
    """
    moved = [each for each in settlement.movements if each.kind is not MovementKind.PAYOUT]
    lines = tuple(_line(each) for each in moved)
    payments = [line.amount for line in lines if line.kind is BillKind.PAYMENT]
    refunds = [line.amount for line in lines if line.kind is BillKind.REFUND]
    summary = BillSummary(
        line_count=len(payments) + len(refunds),
        payment_amount=sum(payments),
        refund_amount=sum(refunds),
        fee=sum(line.fee for line in lines),
    )
    return Bill(day=settlement.day, lines=lines, summary=summary)


def _line(movement: Movement) -> BillLine:
    refund = movement.kind is MovementKind.REFUND
    order_no = movement.order_no
    if refund:
        order_no = movement.original_order_no
    elif movement.txn_type == CAPTURE and movement.original_order_no:
        # The house knows the payment by the number of the order that was held.
        order_no = movement.original_order_no
    return BillLine(
        kind=BillKind.REFUND if refund else BillKind.PAYMENT,
        out_no=movement.order_no if refund else order_no,
        channel_no=movement.query_id,
        out_trade_no=order_no,
        transaction_no=movement.original_query_id if refund else movement.query_id,
        amount=movement.amount,
        currency=CURRENCY,
        state=BillState.SUCCEEDED,
        fee=movement.fee,
        rate="",
        occurred_at=movement.occurred_at,
    )
