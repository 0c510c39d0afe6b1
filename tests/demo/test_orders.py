"""Orders as they are read from a file: amounts to the fen, suppliers, buyers, times, places in the file."""

import lzma
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from feiqian.demo.errors import OrdersFileError
from feiqian.demo.orders import Order, line_amount, open_orders, read_days, supplier_of

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"


def orders_of(*rows: str, days: int | None = None) -> list[Order]:
    text = [f"{line}\n" for line in (HEADER, *rows)]
    return [order for day in read_days(text, days) for order in day.orders]


class TestALine:
    @pytest.mark.parametrize(
        ("quantity", "unit_price", "fen"),
        [
            ("6", "2.55", 1530),
            ("1", "0.001", 0),
            ("1", "1.005", 101),
            ("1", "1.0049", 100),
            ("-1", "1.005", -101),
            ("3", "0.335", 101),
            ("-9600", "0", 0),
            ("1", "11062.06", 1106206),
        ],
    )
    def test_is_rounded_half_up_by_itself(self, quantity: str, unit_price: str, fen: int) -> None:
        assert line_amount(quantity, unit_price) == fen

    @pytest.mark.parametrize(
        ("stock_code", "supplier"),
        [
            ("85123A", "S85"),
            ("22", "S22"),
            ("POST", "S00"),
            ("2", "S00"),
            ("", "S00"),
            ("C2", "S00"),
            ("m", "S00"),
            ("²²1", "S00"),
        ],
    )
    def test_belongs_to_the_supplier_of_its_first_two_digits(self, stock_code: str, supplier: str) -> None:
        assert supplier_of(stock_code) == supplier


class TestAnOrder:
    def test_is_all_lines_of_its_number_at_the_earliest_time(self) -> None:
        orders = orders_of(
            "7,22001,MUG,2,2010-12-01 08:27:00,1.005,17850,UK",
            "8,85001,BAG,1,2010-12-01 08:27:00,3.00,,UK",
            "7,85002,CLOCK,1,2010-12-01 08:26:00,0.995,17850,UK",
            "7,22003,LAMP,-1,2010-12-01 08:27:00,0.50,17850,UK",
        )
        assert orders == [
            Order(
                invoice_no="7",
                buyer="17850",
                placed_at=datetime(2010, 12, 1, 0, 26, tzinfo=UTC),
                suppliers=(("S22", 151), ("S85", 100)),
                lines="2 4-5",
            ),
            Order(
                invoice_no="8",
                buyer="walk-in",
                placed_at=datetime(2010, 12, 1, 0, 27, tzinfo=UTC),
                suppliers=(("S85", 300),),
                lines="3",
            ),
        ]
        assert orders[0].amount == 251

    def test_comes_in_order_of_time_and_then_number(self) -> None:
        orders = orders_of(
            "9,22001,MUG,1,2010-12-01 09:00:00,1,1,UK",
            "8,22001,MUG,1,2010-12-01 09:00:00,1,1,UK",
            "10,22001,MUG,1,2010-12-01 09:00:00,1,1,UK",
            "99,22001,MUG,1,2010-12-01 08:00:00,1,1,UK",
        )
        assert [order.invoice_no for order in orders] == ["99", "10", "8", "9"]

    def test_that_crosses_midnight_stays_whole_on_its_first_date(self) -> None:
        orders = orders_of(
            "7,22001,MUG,1,2010-12-01 23:59:00,1,1,UK",
            "8,22001,MUG,1,2010-12-02 00:00:00,1,1,UK",
            "7,22001,MUG,1,2010-12-02 00:01:00,1,1,UK",
            days=1,
        )
        assert [(order.invoice_no, order.amount) for order in orders] == [("7", 200)]

    def test_of_later_dates_is_left_out(self) -> None:
        rows = [f"{day},22001,MUG,1,2010-12-{day:02} 08:00:00,1,1,UK" for day in (5, 1, 9, 3)]
        assert [order.invoice_no for order in orders_of(*rows, days=3)] == ["1", "3", "5"]
        assert len(orders_of(*rows)) == 4

    def test_may_carry_the_dates_of_the_first_publication(self) -> None:
        (order,) = orders_of("7,22001,MUG,1,12/1/2010 8:26,1,1,UK")
        assert order.placed_at == datetime(2010, 12, 1, 0, 26, tzinfo=UTC)


class TestAFile:
    def test_may_be_packed_and_begin_with_a_byte_order_mark(self, tmp_path: Path) -> None:
        content = f"\ufeff{HEADER}\n7,22001,MUG,1,2010-12-01 08:26:00,1,1,UK\n".encode()
        plain, packed = tmp_path / "orders.csv", tmp_path / "orders.csv.xz"
        plain.write_bytes(content)
        packed.write_bytes(lzma.compress(content))
        for path in (plain, packed):
            with open_orders(path) as stream:
                (day,) = read_days(stream)
            assert (day.date, day.orders[0].amount) == (date(2010, 12, 1), 100)

    def test_may_hold_bytes_of_another_encoding_in_descriptions(self, tmp_path: Path) -> None:
        path = tmp_path / "orders.csv"
        path.write_bytes(f"{HEADER}\n7,22001,".encode() + b"\xa3 MUG,1,2010-12-01 08:26:00,1,1,UK\n")
        with open_orders(path) as stream:
            assert len(read_days(stream)) == 1

    @pytest.mark.parametrize(
        ("row", "named"),
        [
            ("7,22001,MUG,many,2010-12-01 08:26:00,1,1,UK", "'many'"),
            ("7,22001,MUG,1,2010-12-01 08:26:00,NaN,1,UK", "'NaN'"),
            ("7,22001,MUG,1,2010-13-01 08:26:00,1,1,UK", "'2010-13-01 08:26:00'"),
            ("7,22001,MUG,1,2010-12-01T08:26:00Z,1,1,UK", "'2010-12-01T08:26:00Z'"),
            (",22001,MUG,1,2010-12-01 08:26:00,1,1,UK", "InvoiceNo is empty"),
            ("7,22001,MUG,1", "has 4 values, the header names 8"),
        ],
    )
    def test_with_a_line_that_cannot_be_read_is_refused_by_its_number(self, row: str, named: str) -> None:
        with pytest.raises(OrdersFileError, match="line 3") as refused:
            orders_of("6,22001,MUG,1,2010-12-01 08:26:00,1,1,UK", row)
        assert named in str(refused.value)

    @pytest.mark.parametrize("text", ["", "InvoiceNo,StockCode,Quantity,InvoiceDate,CustomerID\n"])
    def test_without_the_columns_is_refused(self, text: str) -> None:
        with pytest.raises(OrdersFileError, match=r"line 1: column .* is missing"):
            read_days(text.splitlines())
