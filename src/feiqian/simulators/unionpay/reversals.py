"""What follows a payment, from the merchant's server: refund, void, completion of a pre-authorisation and their voids.

Source: the notes of UnionPay's demo projects: a refund may be partial and repeated within 11 months; a void takes the
whole back on the same settlement day; a completion is at most 115 % of its pre-authorisation, once, within 30 days.
"""

from collections.abc import Callable
from datetime import timedelta

from feiqian.simulators.kit.moments import from_ms
from feiqian.simulators.unionpay.codes import Refused
from feiqian.simulators.unionpay.context import Simulator, settlement_day
from feiqian.simulators.unionpay.gate import require
from feiqian.simulators.unionpay.messages import Fields
from feiqian.simulators.unionpay.payments import B2B, B2C, check_new
from feiqian.simulators.unionpay.transactions import PAYMENTS, VOIDS, Transaction, add, find, update

REFUND_WITHIN_DAYS = 335
"""Eleven months."""
COMPLETE_WITHIN = timedelta(days=30)
COMPLETED_MOST_PERCENT = 115


def accept(simulator: Simulator, fields: Fields) -> Transaction:
    """Take on a 03, 04, 31, 32 or 33; it is processing. Raises: Refused."""
    if fields["txnSubType"] != "00" or fields["bizType"] not in (B2C, B2B):
        raise Refused("32")
    require(fields, "orderId", "txnAmt", "origQryId", "backUrl", "channelType")
    check_new(simulator, fields)
    original = find(simulator, "query_id = ?", fields["origQryId"])
    if original is None or not original.has_succeeded:
        raise Refused("35")
    amount = int(fields["txnAmt"])
    check_and_hold = _CHECKS[fields["txnType"]]
    with simulator.books.atomically():
        check_and_hold(simulator, original, amount)
        return add(
            simulator,
            fields,
            state="processing",
            original_id=original.id,
            account=original.account,
            account_type=original.account_type,
            bank=original.bank,
        )


def _refund(simulator: Simulator, original: Transaction, amount: int) -> None:
    if original.txn_type not in PAYMENTS:
        raise Refused("35")
    if original.is_voided or original.used >= original.amount:
        raise Refused("45")
    if original.used + amount > original.amount:
        raise Refused("36", "与原交易信息不符：累计退货金额大于原交易金额")
    _check_age(simulator, original, simulator.refund_within)
    update(simulator, original, used=original.used + amount)


def _complete(simulator: Simulator, original: Transaction, amount: int) -> None:
    if original.txn_type != "02" or original.is_voided or original.used:
        raise Refused("35")
    if amount * 100 > original.amount * COMPLETED_MOST_PERCENT:
        raise Refused("36", "与原交易信息不符：完成金额大于预授权金额的115%")
    _check_age(simulator, original, COMPLETE_WITHIN)
    update(simulator, original, used=amount)


def _void(kind: str) -> Callable[[Simulator, Transaction, int], None]:
    def check_and_hold(simulator: Simulator, original: Transaction, amount: int) -> None:
        if original.txn_type != kind:
            raise Refused("35")
        if original.is_voided or original.used:
            raise Refused("45")
        if amount != original.amount:
            raise Refused("36")
        if kind == "02":
            _check_age(simulator, original, COMPLETE_WITHIN)
        elif original.settled_on != settlement_day(simulator.now_ms()).isoformat():
            raise Refused("39", "仅能撤销当清算日的交易")
        update(simulator, original, is_voided=1)

    return check_and_hold


_CHECKS = {"04": _refund, "03": _complete} | {kind: _void(voided) for kind, voided in VOIDS.items()}
"""By txnType: refuse what the original does not allow, and hold it so that no other can use it."""


def _check_age(simulator: Simulator, original: Transaction, within: timedelta) -> None:
    if simulator.sandbox.clock.now() - from_ms(original.ended_at or 0) > within:
        raise Refused("39")
