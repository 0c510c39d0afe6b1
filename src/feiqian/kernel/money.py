"""Money as integers in minor units. Rounding is always named by the caller."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from enum import Enum

from feiqian.kernel.errors import InvalidRequest

AMOUNT_MAX = 10**15
"""Largest amount of one payment, refund or loan, in minor units (ten trillion yuan): far below a 64-bit counter."""

MINOR_DIGITS = {"CNY": 2, "USD": 2, "EUR": 2, "HKD": 2, "GBP": 2, "JPY": 0}
"""ISO 4217: decimal places of the currencies that may be opened."""


class Rounding(Enum):
    """How an exact amount becomes whole minor units."""

    FLOOR = ROUND_FLOOR
    """Towards minus infinity: fees and shares, so that nobody is charged a part of a fen that was not earned."""
    HALF_UP = ROUND_HALF_UP
    """Commercial rounding (四舍五入): prices and interest."""


def to_minor(exact: Decimal, rounding: Rounding) -> int:
    """Round an exact amount in minor units to whole ones."""
    return int(exact.quantize(Decimal(1), rounding=rounding.value))


def check_amount(amount: int, field: str = "amount") -> int:
    """Return ``amount`` if it is 1 … AMOUNT_MAX minor units.

    Raises: InvalidRequest.
    """
    if amount <= 0:
        raise InvalidRequest(field=field, reason="must be greater than zero, in minor units (fen)")
    if amount > AMOUNT_MAX:
        raise InvalidRequest(field=field, reason=f"must be at most {AMOUNT_MAX} minor units")
    return amount


def check_currency(currency: str, field: str = "currency") -> str:
    """Return ``currency`` if it is a known ISO 4217 code.

    Raises: InvalidRequest.
    """
    if currency not in MINOR_DIGITS:
        raise InvalidRequest(field=field, reason=f"must be one of {', '.join(sorted(MINOR_DIGITS))}")
    return currency


def format_major(amount: int, currency: str = "CNY") -> str:
    """Minor units as a plain decimal in major units: ``-123456`` fen is ``-1234.56``."""
    digits = MINOR_DIGITS[currency]
    sign = "-" if amount < 0 else ""
    whole, rest = divmod(abs(amount), 10**digits)
    return f"{sign}{whole}.{rest:0{digits}d}" if digits else f"{sign}{whole}"


def format_grouped(amount: int, currency: str = "CNY") -> str:
    """Minor units for people: ``-123456`` fen is ``-1,234.56``."""
    whole, point, rest = format_major(abs(amount), currency).partition(".")
    return f"{'-' if amount < 0 else ''}{int(whole):,}{point}{rest}"


def parse_major(text: str, currency: str = "CNY") -> int:
    """A decimal in major units as exact minor units: ``0.01`` yuan is 1 fen.

    Raises: ValueError when it is no number or has more places than the currency.
    """
    try:
        exact = Decimal(text).scaleb(MINOR_DIGITS[currency])
    except ArithmeticError as error:
        raise ValueError(f"not an amount: {text!r}") from error
    # Far above any amount, far below where an exponent would fill the memory with digits.
    if not exact.is_finite() or exact.adjusted() > 30 or exact != exact.to_integral_value():
        raise ValueError(f"not an amount in {currency}: {text!r}")
    return int(exact)


def apportion(amount: int, parts: Sequence[int]) -> list[int]:
    """Divide ``amount`` over ``parts`` in proportion: floor each, the remainder to the last.

    No part ever gets more than itself: what the last cannot hold goes to the one before it. With ``parts`` being
    what is left of each share, refunds that are repeated until nothing is left bring every share to exactly zero.

    Raises: ValueError unless 0 <= amount <= sum(parts) and no part is negative.
    """
    total = sum(parts)
    if amount < 0 or amount > total or any(part < 0 for part in parts):
        raise ValueError(f"cannot apportion {amount} over {list(parts)}")
    if total == 0:
        return [0] * len(parts)
    taken = [amount * part // total for part in parts]
    rest = amount - sum(taken)
    for index in range(len(parts) - 1, -1, -1):
        more = min(rest, parts[index] - taken[index])
        taken[index] += more
        rest -= more
    return taken
