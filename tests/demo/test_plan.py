"""The rules of the story on small examples that can be checked by hand."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from feiqian.demo.orders import Order, TradingDay
from feiqian.demo.plan import DayPlan, Method, Planner, Reject, RejectReason, method_of, refund_number

DAY = date(2010, 12, 1)
NOON = datetime(2010, 12, 1, 4, tzinfo=UTC)


def order(invoice_no: str, amount: int, buyer: str = "17850") -> Order:
    return Order(invoice_no=invoice_no, buyer=buyer, placed_at=NOON, suppliers=(("S22", amount),), lines="2")


def plan(*orders: Order) -> DayPlan:
    return Planner().plan(TradingDay(date=DAY, orders=orders))


def refunds_of(day: DayPlan) -> list[tuple[str, str, int]]:
    return [(refund.refund_no, refund.order_no, refund.amount) for refund in day.refunds]


def rejects_of(day: DayPlan) -> list[tuple[str, str, int]]:
    return [(reject.invoice_no, reject.reason.value, reject.amount) for reject in day.rejects]


class TestASale:
    def test_is_paid_and_split_by_supplier(self) -> None:
        sale = Order(
            invoice_no="536365",
            buyer="17850",
            placed_at=NOON,
            suppliers=(("S85", 1530), ("S71", 2034), ("S22", 0)),
            lines="2-8",
        )
        (payment,) = plan(sale).payments
        assert payment.amount == 3564
        assert payment.shares == (("S85", 1530), ("S71", 2034))

    def test_lets_the_others_bear_a_supplier_below_zero(self) -> None:
        sale = Order(
            invoice_no="536365",
            buyer="17850",
            placed_at=NOON,
            suppliers=(("S85", 100), ("S00", -50), ("S71", 200)),
            lines="2-8",
        )
        (payment,) = plan(sale).payments
        assert payment.shares == (("S85", 83), ("S71", 167))

    @pytest.mark.parametrize("amount", [0, -1])
    def test_of_nothing_is_rejected(self, amount: int) -> None:
        day = plan(order("536414", amount))
        assert not day.payments
        assert day.rejects == (
            Reject(lines="2", invoice_no="536414", reason=RejectReason.NOT_PAYABLE, amount=amount),
        )

    @pytest.mark.parametrize("invoice_no", ["A563185", "c536379", "53 6365", "５３６３６５"])
    def test_needs_a_number_of_digits(self, invoice_no: str) -> None:
        day = plan(order(invoice_no, 500))
        assert not day.payments
        assert rejects_of(day) == [(invoice_no, "not_a_sale", 500)]


class TestACancellation:
    def test_takes_from_the_newest_order_first_up_to_what_is_left(self) -> None:
        day = plan(order("1", 300), order("2", 200), order("C3", -50), order("C4", -250))
        assert refunds_of(day) == [("C3-2", "2", 50), ("C4-2", "2", 150), ("C4-1", "1", 100)]
        assert not day.rejects

    def test_is_rejected_by_the_rest_that_finds_nothing(self) -> None:
        day = plan(order("1", 300), order("C2", -301), order("C3", -10))
        assert refunds_of(day) == [("C2-1", "1", 300)]
        assert rejects_of(day) == [("C2", "nothing_to_refund", 1), ("C3", "nothing_to_refund", 10)]

    def test_touches_only_the_same_buyer(self) -> None:
        day = plan(order("1", 300, buyer="a"), order("C2", -100, buyer="b"))
        assert not day.refunds
        assert rejects_of(day) == [("C2", "nothing_to_refund", 100)]

    def test_does_not_touch_later_orders(self) -> None:
        day = plan(order("C1", -100), order("2", 300))
        assert not day.refunds

    def test_reaches_back_to_earlier_days(self) -> None:
        planner = Planner()
        planner.plan(TradingDay(date=DAY, orders=(order("1", 300),)))
        later = planner.plan(TradingDay(date=date(2010, 12, 2), orders=(order("C2", -100),)))
        assert refunds_of(later) == [("C2-1", "1", 100)]

    def test_reaches_back_to_orders_of_any_age(self) -> None:
        late = NOON + timedelta(days=368)
        day = plan(order("1", 300), msgspec.structs.replace(order("C2", -100), placed_at=late))
        assert refunds_of(day) == [("C2-1", "1", 100)]

    @pytest.mark.parametrize("amount", [0, 100])
    def test_of_nothing_is_rejected(self, amount: int) -> None:
        day = plan(order("1", 300), order("C2", amount))
        assert not day.refunds
        assert rejects_of(day) == [("C2", "not_refundable", -amount)]


class TestTheWayToPay:
    @pytest.mark.parametrize(
        ("order_no", "method"),
        [
            ("536438", Method.ALIPAY),
            ("536408", Method.ALIPAY),
            ("536387", Method.WECHATPAY),
            ("536369", Method.WECHATPAY),
        ],
        ids=["0", "4", "5", "f"],
    )
    def test_follows_the_first_digit_of_the_numbers_digest(self, order_no: str, method: Method) -> None:
        assert method_of(order_no, 59_999) is method
        (payment,) = plan(order(order_no, 59_999)).payments
        assert payment.method is method

    @pytest.mark.parametrize("order_no", ["536365", "536366"])
    def test_is_the_companys_bank_from_600_yuan_on(self, order_no: str) -> None:
        assert method_of(order_no, 59_999) is not Method.UNIONPAY
        assert method_of(order_no, 60_000) is Method.UNIONPAY


class TestARefundNumber:
    def test_names_the_cancellation_and_the_order(self) -> None:
        assert refund_number("C536379", "536365") == "C536379-536365"

    @pytest.mark.parametrize("cancellation_no", ["C" + "1" * 40, "C 536/379"])
    def test_is_a_digest_where_a_channel_would_not_take_it(self, cancellation_no: str) -> None:
        number = refund_number(cancellation_no, "536365")
        assert len(number) == 32
        assert number == refund_number(cancellation_no, "536365")
        assert number != refund_number(cancellation_no, "536366")


class TestAPlanner:
    def test_counts_buyers_and_suppliers_that_traded(self) -> None:
        planner = Planner()
        planner.plan(
            TradingDay(
                date=DAY,
                orders=(
                    order("1", 300, buyer="a"),
                    order("2", 300, buyer="a"),
                    order("3", 300, buyer="walk-in"),
                    order("C4", -300, buyer="b"),
                    order("5", 0, buyer="c"),
                ),
            )
        )
        assert (planner.buyers, planner.suppliers) == (2, {"S22"})
