"""Orders out of a file in the Online Retail format (UCI, CC BY 4.0): one sale line a row, csv or csv.xz.

Rows are folded into orders while they are read, so memory holds one small value an order and never the lines.
The rows of an order may stand anywhere in the file: an order is complete only when the file has been read.
"""

import csv
import lzma
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from sys import intern
from typing import TextIO

import msgspec

from feiqian.demo.errors import OrdersFileError
from feiqian.kernel.calendar import ZONE
from feiqian.kernel.money import Rounding, to_minor

COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
"""The format's header. ``Description`` and ``Country`` carry no money and are not needed."""

WALK_IN = "walk-in"
"""The buyer of an order without a CustomerID."""


class Order(msgspec.Struct, frozen=True, gc=False):
    """All lines of one InvoiceNo."""

    invoice_no: str
    buyer: str
    placed_at: datetime
    """The earliest InvoiceDate of its lines, read as wall clock in the house's zone; UTC."""
    suppliers: tuple[tuple[str, int], ...]
    """(supplier, sum of its lines in fen), in order of appearance; sums may be zero or negative."""
    lines: str
    """Where it stands in the file, the header being line 1: ``2-8`` or ``2-8 11``."""

    @property
    def amount(self) -> int:
        """The sum of all lines, in fen."""
        return sum(amount for _, amount in self.suppliers)


class TradingDay(msgspec.Struct, frozen=True):
    """The orders of one date, by (time, InvoiceNo)."""

    date: date
    orders: tuple[Order, ...]


def open_orders(path: Path) -> TextIO:
    """The text of an orders file; a name ending in ``.xz`` is unpacked on the way.

    Bytes that are not UTF-8 are replaced: old copies of the file have pound signs in descriptions only.
    """
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8-sig", errors="replace", newline="")
    return path.open(encoding="utf-8-sig", errors="replace", newline="")


def read_days(stream: Iterable[str], days: int | None = None) -> list[TradingDay]:
    """The first ``days`` distinct dates of the file with their orders; all dates when None.

    Raises: OrdersFileError.
    """
    drafts = _fold(stream)
    by_date: dict[date, list[_Draft]] = {}
    for draft in drafts.values():
        by_date.setdefault(draft.placed.date(), []).append(draft)
    drafts.clear()
    return [
        TradingDay(
            date=day,
            orders=tuple(
                sorted((d.order() for d in by_date.pop(day)), key=lambda o: (o.placed_at, o.invoice_no))
            ),
        )
        for day in sorted(by_date)[:days]
    ]


def supplier_of(stock_code: str) -> str:
    """``S`` and the first two characters of the stock code if both are digits, else ``S00``."""
    head = stock_code[:2]
    return intern(f"S{head}") if len(head) == 2 and head.isascii() and head.isdigit() else "S00"


def line_amount(quantity: str, unit_price: str) -> int:
    """Quantity × UnitPrice in fen: exact decimal, rounded half up (away from zero at the half).

    Raises: ArithmeticError when either is not a finite number.
    """
    return to_minor(Decimal(quantity) * Decimal(unit_price) * 100, Rounding.HALF_UP)


class _Draft:
    """An order while its lines are still coming."""

    __slots__ = ("buyer", "invoice_no", "placed", "ranges", "suppliers")

    def __init__(self, *, invoice_no: str, buyer: str, placed: datetime) -> None:
        self.invoice_no = invoice_no
        self.buyer = buyer
        self.placed = placed
        self.suppliers: dict[str, int] = {}
        self.ranges: list[int] = []
        """First and last line of each run of lines, flat."""

    def add(self, *, supplier: str, amount: int, placed: datetime, line: int) -> None:
        self.suppliers[supplier] = self.suppliers.get(supplier, 0) + amount
        self.placed = min(self.placed, placed)
        if self.ranges and self.ranges[-1] == line - 1:
            self.ranges[-1] = line
        else:
            self.ranges += (line, line)

    def order(self) -> Order:
        pairs = zip(self.ranges[::2], self.ranges[1::2], strict=True)
        return Order(
            invoice_no=self.invoice_no,
            buyer=self.buyer,
            placed_at=self.placed.astimezone(UTC),
            suppliers=tuple(self.suppliers.items()),
            lines=" ".join(str(first) if first == last else f"{first}-{last}" for first, last in pairs),
        )


def _fold(stream: Iterable[str]) -> dict[str, _Draft]:
    """Every order of the file, by InvoiceNo."""
    reader = csv.reader(stream)
    header = next(reader, [])
    missing = [name for name in COLUMNS if name not in header and name not in ("Description", "Country")]
    if missing:
        raise OrdersFileError(line=1, reason=f"column {missing[0]} is missing; expected {','.join(COLUMNS)}")
    invoice_at, stock_at, quantity_at, date_at, price_at, buyer_at = (
        header.index(name)
        for name in ("InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID")
    )
    drafts: dict[str, _Draft] = {}
    for row in reader:
        line = reader.line_num
        if len(row) != len(header):
            raise OrdersFileError(line=line, reason=f"has {len(row)} values, the header names {len(header)}")
        invoice_no = row[invoice_at]
        if not invoice_no:
            raise OrdersFileError(line=line, reason="InvoiceNo is empty")
        try:
            placed = _moment(row[date_at])
            amount = line_amount(row[quantity_at], row[price_at])
        except (ValueError, ArithmeticError) as error:
            numbers = (
                f"Quantity {row[quantity_at]!r}, UnitPrice {row[price_at]!r}, InvoiceDate {row[date_at]!r}"
            )
            raise OrdersFileError(line=line, reason=f"cannot be read: {numbers}") from error
        draft = drafts.get(invoice_no)
        if draft is None:
            buyer = intern(row[buyer_at] or WALK_IN)
            draft = drafts[invoice_no] = _Draft(invoice_no=invoice_no, buyer=buyer, placed=placed)
        draft.add(supplier=supplier_of(row[stock_at]), amount=amount, placed=placed, line=line)
    return drafts


@lru_cache(maxsize=1024)
def _moment(text: str) -> datetime:
    """Wall clock: ``2010-12-01 08:26:00``, or ``12/1/2010 8:26`` as the first publication had it."""
    if "/" in text:
        return datetime.strptime(text, "%m/%d/%Y %H:%M").replace(tzinfo=ZONE)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        raise ValueError(f"a wall clock without a zone is expected: {text!r}")
    return moment.replace(tzinfo=ZONE)
