"""Made-up trade in the shape of the Online Retail file, for a demo that needs no download.

A wholesaler's week: shops that order many lines, a few very large orders, prices with a third decimal,
cancellations of part of an earlier order, cancellations that fit nothing, buyers without a number, lines for
tests and damaged stock, adjustments with a letter. Saturdays are closed. The same seed always gives the same
file.
"""

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random

import msgspec

from feiqian.demo.orders import COLUMNS
from feiqian.kernel.calendar import ZONE

_SATURDAY = 5
_PREFIXES = (
    "20",
    "21",
    "22",
    "22",
    "22",
    "23",
    "23",
    "35",
    "37",
    "47",
    "48",
    "51",
    "71",
    "72",
    "82",
    "84",
    "85",
    "85",
)
"""Of stock codes; those that stand more than once sell more."""
_PRICES = (
    "0.42",
    "0.65",
    "0.85",
    "1.25",
    "1.45",
    "1.65",
    "2.10",
    "2.55",
    "2.95",
    "3.75",
    "4.25",
    "4.95",
    "7.95",
    "12.75",
)
_THINGS = (
    "LANTERN",
    "MUG",
    "CUSHION",
    "TEA TOWEL",
    "HAND WARMER",
    "PICTURE FRAME",
    "CAKE STAND",
    "LUNCH BAG",
    "CLOCK",
)
_LOOKS = (
    "WHITE METAL",
    "RED RETROSPOT",
    "VINTAGE",
    "PINK POLKADOT",
    "WOODEN",
    "SET OF 6",
    "JUMBO",
    "ENAMEL",
    "REGENCY",
)
_HOUR_WEIGHTS = {8: 2, 9: 6, 10: 11, 11: 12, 12: 16, 13: 14, 14: 12, 15: 12, 16: 8, 17: 4, 18: 2, 19: 1}
"""How trade spreads over the day: it peaks at noon."""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """What trade to make up."""

    seed: int = 1
    first_date: date = date(2026, 11, 1)
    days: int = 7
    """Trading days."""
    orders_a_day: int = 60
    """Invoices of every kind, on average."""


class _Line(msgspec.Struct, frozen=True):
    stock_code: str
    description: str
    quantity: int
    unit_price: str


def orders_text(shape: Shape) -> str:
    """A csv in the Online Retail format, header included."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_Market(shape).rows())
    return out.getvalue()


class _Market:
    """Draws the trade of one shape from its seed."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._random = Random(shape.seed)
        self._catalogue = [self._product() for _ in range(400)]
        self._buyers = [str(number) for number in self._random.sample(range(12346, 18288), 120)]
        self._sold: list[tuple[str, list[_Line]]] = []
        """(buyer, lines) of sales that may be cancelled."""
        self._invoices = {
            self._sale: 80,
            self._cancellation: 9,
            self._stray_cancellation: 4,
            self._worthless: 6,
            self._adjustment: 1,
        }
        """Kinds out of a hundred; each gives the mark before its number, the buyer and the lines."""

    def rows(self) -> Iterator[tuple[str, ...]]:
        number = 700_000
        for day in self._trading_days():
            for placed in self._moments(day):
                number += self._random.choice((1, 1, 1, 2))
                draw = self._random.choices(list(self._invoices), weights=list(self._invoices.values()))[0]
                mark, buyer, lines = draw()
                for line in lines:
                    yield (
                        f"{mark}{number}",
                        line.stock_code,
                        line.description,
                        str(line.quantity),
                        placed.strftime("%Y-%m-%d %H:%M:%S"),
                        line.unit_price,
                        buyer,
                        "China",
                    )

    def _trading_days(self) -> Iterator[date]:
        day, made = self._shape.first_date, 0
        while made < self._shape.days:
            if day.weekday() != _SATURDAY:
                made += 1
                yield day
            day += timedelta(days=1)

    def _moments(self, day: date) -> list[datetime]:
        """The minutes at which invoices of a day are written, ascending."""
        count = max(1, round(self._random.gauss(self._shape.orders_a_day, self._shape.orders_a_day / 10)))
        hours = self._random.choices(list(_HOUR_WEIGHTS), weights=list(_HOUR_WEIGHTS.values()), k=count)
        return sorted(datetime.combine(day, time(hour, self._random.randrange(60)), ZONE) for hour in hours)

    def _product(self) -> _Line:
        prefix = self._random.choice(_PREFIXES)
        letter = self._random.choice(("", "", "", "A", "B", "S"))
        price = self._random.choice(_PRICES)
        if self._random.random() < 0.03:
            price = str(Decimal(price) + Decimal("0.005"))
        return _Line(
            stock_code=f"{prefix}{self._random.randrange(1000):03}{letter}",
            description=f"{self._random.choice(_LOOKS)} {self._random.choice(_THINGS)}",
            quantity=self._random.choice((1, 2, 3, 4, 6, 6, 8, 10, 12, 12, 24, 48)),
            unit_price=price,
        )

    def _buyer(self) -> str:
        """Some shops come often; one in fourteen has no number."""
        if self._random.random() < 0.07:
            return ""
        return self._buyers[int(len(self._buyers) * self._random.random() ** 1.6)]

    def _sale(self) -> tuple[str, str, list[_Line]]:
        buyer = self._buyer()
        count = min(60, 1 + int(self._random.lognormvariate(2.0, 0.8)))
        bulk = 20 if self._random.random() < 0.03 else 1
        lines = [
            msgspec.structs.replace(line, quantity=line.quantity * bulk)
            for line in self._random.sample(self._catalogue, count)
        ]
        if self._random.random() < 0.05:
            lines.append(_Line("POST", "POSTAGE", 1, "18.00"))
        self._sold.append((buyer, lines))
        return "", buyer, lines

    def _cancellation(self) -> tuple[str, str, list[_Line]]:
        """Some lines of an earlier sale, whole or half."""
        if not self._sold:
            return self._sale()
        buyer, lines = self._random.choice(self._sold)
        returned = self._random.sample(lines, self._random.randint(1, min(3, len(lines))))
        half = self._random.choice((1, 1, 2))
        return (
            "C",
            buyer,
            [msgspec.structs.replace(line, quantity=-max(1, line.quantity // half)) for line in returned],
        )

    def _stray_cancellation(self) -> tuple[str, str, list[_Line]]:
        """From a shop that bought before the file begins."""
        buyer = str(self._random.randrange(18288, 18400))
        line = self._random.choice(self._catalogue)
        return "C", buyer, [msgspec.structs.replace(line, quantity=-line.quantity)]

    def _worthless(self) -> tuple[str, str, list[_Line]]:
        """Damaged stock written off and test lines: no buyer, no price."""
        line = self._random.choice(self._catalogue)
        word = self._random.choice(("damaged", "test", "check", "lost"))
        quantity = self._random.choice((-1, 1)) * line.quantity
        return "", "", [msgspec.structs.replace(line, description=word, quantity=quantity, unit_price="0")]

    def _adjustment(self) -> tuple[str, str, list[_Line]]:
        price = self._random.choice(("11062.06", "-11062.06"))
        return "A", "", [_Line("B", "Adjust bad debt", 1, price)]
