"""The made-up trade: the same every time, and with every oddity of the real file."""

from datetime import date

from feiqian.demo.generate import Shape, orders_text
from feiqian.demo.names import supplier_name
from feiqian.demo.orders import read_days, supplier_of
from feiqian.demo.plan import Planner, RejectReason


class TestMadeUpTrade:
    def test_is_the_same_for_the_same_seed(self) -> None:
        assert orders_text(Shape(seed=7)) == orders_text(Shape(seed=7))
        assert orders_text(Shape(seed=7)) != orders_text(Shape(seed=8))

    def test_has_the_days_that_were_asked_for_and_rests_on_saturdays(self) -> None:
        days = read_days(orders_text(Shape(days=8)).splitlines(keepends=True))
        assert len(days) == 8
        assert days[0].date == date(2026, 11, 1)
        assert days[-1].date == date(2026, 11, 9)
        assert not [day.date for day in days if day.date.weekday() == 5]

    def test_shows_every_kind_of_invoice(self) -> None:
        planner = Planner()
        days = read_days(orders_text(Shape(days=20)).splitlines(keepends=True))
        plans = [planner.plan(day) for day in days]
        orders = [order for day in days for order in day.orders]
        refunded = {refund.order_no for plan in plans for refund in plan.refunds}
        reasons = {reject.reason for plan in plans for reject in plan.rejects}
        assert 50 < len(orders) / 20 < 70
        assert len(refunded) > 20
        assert reasons == {RejectReason.NOT_PAYABLE, RejectReason.NOT_A_SALE, RejectReason.NOTHING_TO_REFUND}
        assert any(len(payment.shares) > 5 for plan in plans for payment in plan.payments)
        assert any(order.buyer == "walk-in" for order in orders)

    def test_has_prices_that_must_be_rounded(self) -> None:
        prices = [row.split(",")[5] for row in orders_text(Shape(days=3)).splitlines()[1:]]
        assert any(len(price.partition(".")[2]) == 3 for price in prices)


class TestASupplier:
    def test_has_a_name_of_its_own(self) -> None:
        names = {supplier_name(supplier_of(f"{number:02}001")) for number in range(100)}
        assert len(names) == 100
        assert supplier_name("S22") == "佛山市锦绣陶瓷有限公司"
