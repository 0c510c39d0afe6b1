"""What may be asked, fees, shares, and what is left to refund. Pure."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from uuid import UUID

import msgspec

from feiqian.channels import BuyerHints, PaymentMethod
from feiqian.kernel.errors import InvalidRequest, ReplayAltered
from feiqian.kernel.money import AMOUNT_MAX, Rounding, apportion, check_amount, check_currency, to_minor
from feiqian.payments.model import (
    LinesDiffer,
    NewPayment,
    NewShare,
    NotPayable,
    Payment,
    Refund,
    RefundState,
    Share,
    ShareNegative,
)

EXPIRES_IN_S_MIN = 60
EXPIRES_IN_S_MAX = 86_400
LINE_COUNT_MAX = 5_000
HINT_LENGTH_MAX = 1_000
REFUND_COUNT_MAX = 50
"""WeChat Pay: at most fifty partial refunds of one order."""


def check_new(asked: NewPayment) -> None:
    """Refuse what can be refused without looking anything up.

    Raises: NotPayable, InvalidRequest, LinesDiffer.
    """
    if asked.amount <= 0:
        raise NotPayable(amount=asked.amount)
    check_amount(asked.amount)
    check_currency(asked.currency)
    _check_text("order_no", asked.order_no, 64)
    _check_text("description", asked.description, 127)
    if asked.buyer is not None:
        _check_text("buyer", asked.buyer, 64)
    if not EXPIRES_IN_S_MIN <= asked.expires_in_s <= EXPIRES_IN_S_MAX:
        raise InvalidRequest(field="expires_in_s", reason=f"must be {EXPIRES_IN_S_MIN} to {EXPIRES_IN_S_MAX}")
    if not 1 <= len(asked.lines) <= LINE_COUNT_MAX:
        raise InvalidRequest(field="lines", reason=f"must have 1 to {LINE_COUNT_MAX} lines")
    if any(abs(line.amount) > AMOUNT_MAX for line in asked.lines):
        raise InvalidRequest(field="lines", reason=f"a line may have at most {AMOUNT_MAX} minor units")
    if len(asked.metadata) > 20 or any(len(k) > 64 or len(v) > 512 for k, v in asked.metadata.items()):
        raise InvalidRequest(field="metadata", reason="must have at most 20 values of at most 512 characters")
    if len(set(asked.methods)) != len(asked.methods):
        raise InvalidRequest(field="methods", reason="must name each method once")
    if asked.method is not None and asked.methods and asked.method not in asked.methods:
        raise InvalidRequest(field="method", reason="must be among methods")
    if asked.methods and asked.method is None and asked.payer != BuyerHints():
        raise InvalidRequest(field="payer", reason="belongs to a method: give it when the buyer has chosen")
    check_hints(asked.payer)
    total = sum(line.amount for line in asked.lines)
    if total != asked.amount:
        raise LinesDiffer(lines=total, amount=asked.amount)


def _check_text(field: str, text: str, length_max: int) -> None:
    if not 1 <= len(text) <= length_max or not text.isprintable():
        raise InvalidRequest(field=field, reason=f"must be 1 to {length_max} printable characters")


def check_hints(hints: BuyerHints) -> None:
    """Raises: InvalidRequest for what no buyer can be known by."""
    for field, value in msgspec.structs.asdict(hints).items():
        if value is not None:
            _check_text(f"payer.{field}", value, HINT_LENGTH_MAX)
    if hints.return_url is not None and not hints.return_url.startswith(("https://", "http://")):
        raise InvalidRequest(field="payer.return_url", reason="must begin with https:// or http://")


def fee_of(amount: int, rate: Decimal) -> int:
    """The platform's fee on a payment: rounded down, so that no part of a fen is charged that was not earned."""
    return to_minor(amount * rate, Rounding.FLOOR)


def shares_of(asked: NewPayment, fee: int, merchants: Mapping[str, UUID]) -> list[NewShare]:
    """Each merchant's part, in order of the lines, with its part of the fee; merchants with nothing are left out.

    Raises: ShareNegative.
    """
    sums: dict[str, int] = {}
    for line in asked.lines:
        sums[line.merchant_no] = sums.get(line.merchant_no, 0) + line.amount
    for merchant_no, amount in sums.items():
        if amount < 0:
            raise ShareNegative(merchant_no=merchant_no, amount=amount)
    positive = {merchant_no: amount for merchant_no, amount in sums.items() if amount > 0}
    fees = apportion(fee, list(positive.values()))
    return [
        NewShare(merchant=merchants[merchant_no], amount=amount, fee=part)
        for (merchant_no, amount), part in zip(positive.items(), fees, strict=True)
    ]


def refuse_altered(
    asked: NewPayment,
    had: Payment,
    asked_shares: Sequence[NewShare],
    had_shares: Sequence[Share],
    *,
    method: PaymentMethod | None,
    had_hints: BuyerHints,
) -> None:
    """A replayed order must say what the first one said; ``method`` is what it comes to where none was said, ``had_hints``
    what the first said of the buyer.

    Raises: ReplayAltered naming the first field that differs.
    """
    compared = (
        ("amount", asked.amount, had.amount),
        ("currency", asked.currency, had.currency),
        ("description", asked.description, had.description),
        ("buyer", asked.buyer, had.buyer),
        ("metadata", asked.metadata, had.metadata),
        ("methods", asked.methods, had.methods),
        ("method", method, had.method),
        ("payer", asked.payer, had_hints),
        (
            "expires_in_s",
            asked.expires_in_s,
            int(had.expires_at.timestamp()) - int(had.created_at.timestamp()),
        ),
        (
            "lines",
            [(s.merchant, s.amount) for s in asked_shares],
            [(s.merchant, s.amount) for s in had_shares],
        ),
    )
    for field, new, old in compared:
        if new != old:
            raise ReplayAltered(key=f"order_no {asked.order_no}", field=field)


def left_to_refund(payment: Payment, refunds: Sequence[Refund]) -> int:
    """What may still be given back: refunds that did not fail count, whether or not they have arrived."""
    return payment.amount - sum(refund.amount for refund in refunds if refund.state is not RefundState.FAILED)


def split_refund(
    amount: int, payment: Payment, shares: Sequence[Share], refunds: Sequence[Refund]
) -> list[int]:
    """What a refund takes back: [from the fee, from share 0, from share 1, …], in proportion to what each has left.

    Floor each, the remainder to the last; nobody gives more than it has left of this payment.
    """
    standing = [refund for refund in refunds if refund.state is not RefundState.FAILED]
    fee_left = payment.fee - sum(refund.fee for refund in standing)
    left = [share.net - sum(refund.parts[index] for refund in standing) for index, share in enumerate(shares)]
    return apportion(amount, [fee_left, *left])
