"""Money divides without a fen lost or made."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.money import (
    AMOUNT_MAX,
    Rounding,
    apportion,
    check_amount,
    check_currency,
    format_major,
    parse_major,
    to_minor,
)

PARTS = st.lists(st.integers(0, 10**12), min_size=1, max_size=40)


class TestApportioning:
    @pytest.mark.parametrize(
        ("amount", "parts", "taken"),
        [
            (100, [300, 100, 200], [50, 16, 34]),
            (1, [1, 1, 1], [0, 0, 1]),
            (2, [1, 1, 1], [0, 1, 1]),
            (600, [300, 100, 200], [300, 100, 200]),
            (0, [5, 5], [0, 0]),
            (7, [0, 10, 0], [0, 7, 0]),
            (0, [0, 0], [0, 0]),
        ],
    )
    def test_floors_each_and_gives_the_remainder_to_the_last_with_room(
        self, amount: int, parts: list[int], taken: list[int]
    ) -> None:
        assert apportion(amount, parts) == taken

    @given(parts=PARTS, data=st.data())
    def test_takes_exactly_the_amount_and_from_nobody_more_than_it_has(
        self, parts: list[int], data: st.DataObject
    ) -> None:
        amount = data.draw(st.integers(0, sum(parts)))
        taken = apportion(amount, parts)
        assert sum(taken) == amount
        assert all(0 <= took <= part for took, part in zip(taken, parts, strict=True))

    @given(parts=PARTS, data=st.data())
    def test_repeated_over_what_is_left_brings_every_part_to_zero(
        self, parts: list[int], data: st.DataObject
    ) -> None:
        left = list(parts)
        for _ in range(data.draw(st.integers(0, 6))):
            amount = data.draw(st.integers(0, sum(left)))
            left = [part - took for part, took in zip(left, apportion(amount, left), strict=True)]
        assert apportion(sum(left), left) == left

    @pytest.mark.parametrize(("amount", "parts"), [(-1, [5]), (6, [5]), (1, [5, -1])])
    def test_refuses_what_cannot_be_taken(self, amount: int, parts: list[int]) -> None:
        with pytest.raises(ValueError, match="cannot apportion"):
            apportion(amount, parts)


class TestAnAmount:
    @pytest.mark.parametrize("amount", [1, AMOUNT_MAX])
    def test_within_its_limits_is_taken(self, amount: int) -> None:
        assert check_amount(amount) == amount

    @pytest.mark.parametrize("amount", [0, -1, AMOUNT_MAX + 1])
    def test_outside_of_them_is_refused(self, amount: int) -> None:
        with pytest.raises(InvalidRequest):
            check_amount(amount)

    @pytest.mark.parametrize("currency", ["cny", "XXX", ""])
    def test_in_an_unknown_currency_is_refused(self, currency: str) -> None:
        with pytest.raises(InvalidRequest):
            check_currency(currency)

    @pytest.mark.parametrize(
        ("exact", "rounding", "minor"),
        [
            ("2.5", Rounding.HALF_UP, 3),
            ("2.4999", Rounding.HALF_UP, 2),
            ("-2.5", Rounding.HALF_UP, -3),
            ("2.9", Rounding.FLOOR, 2),
            ("-2.1", Rounding.FLOOR, -3),
        ],
    )
    def test_is_rounded_as_named(self, exact: str, rounding: Rounding, minor: int) -> None:
        assert to_minor(Decimal(exact), rounding) == minor

    @pytest.mark.parametrize(
        ("minor", "currency", "text"),
        [(1, "CNY", "0.01"), (-123456, "CNY", "-1234.56"), (0, "CNY", "0.00"), (500, "JPY", "500")],
    )
    def test_reads_as_it_is_written(self, minor: int, currency: str, text: str) -> None:
        assert format_major(minor, currency) == text
        assert parse_major(text, currency) == minor

    @pytest.mark.parametrize("text", ["0.001", "1e400", "NaN", "Infinity", "abc", ""])
    def test_that_is_none_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="not an amount"):
            parse_major(text)
