"""The sums of the real file, to the fen."""

from pathlib import Path

import pytest

from feiqian.demo.orders import TradingDay, open_orders, read_days
from feiqian.demo.plan import Method, Planner, RejectReason

FILE = Path(__file__).parents[2].parent / "shared" / "data" / "online-retail.csv.xz"

pytestmark = pytest.mark.skipif(not FILE.exists(), reason="../shared/data/online-retail.csv.xz is not here")


@pytest.fixture(scope="module")
def trade() -> list[TradingDay]:
    with open_orders(FILE) as stream:
        return read_days(stream)


class TestOnlineRetail:
    def test_has_25900_invoices_on_305_dates(self, trade: list[TradingDay]) -> None:
        assert len(trade) == 305
        assert sum(len(day.orders) for day in trade) == 25_900

    @pytest.mark.parametrize(
        ("days", "sums"),
        [
            (
                5,
                {
                    "payments": 527,
                    "paid": 24_025_829,
                    "refunds": 23,
                    "refunded": 136_231,
                    "rejects": 98,
                    "unmatched": 318_855,
                    "suppliers": 30,
                    "buyers": 374,
                },
            ),
            (
                30,
                {
                    "payments": 2_034,
                    "paid": 114_352_431,
                    "refunds": 366,
                    "refunded": 10_671_136,
                    "rejects": 322,
                    "unmatched": 1_025_665,
                    "suppliers": 32,
                    "buyers": 1_068,
                },
            ),
            (
                305,
                {
                    "payments": 19_959,
                    "paid": 1_065_562_248,
                    "refunds": 4_091,
                    "refunded": 87_419_605,
                    "rejects": 2_313,
                    "unmatched": 2_261_644,
                    "suppliers": 33,
                    "buyers": 4_339,
                },
            ),
        ],
    )
    def test_gives_the_sums_of_the_story(
        self, trade: list[TradingDay], days: int, sums: dict[str, int]
    ) -> None:
        planner = Planner()
        plans = [planner.plan(day) for day in trade[:days]]
        payments = [payment.amount for plan in plans for payment in plan.payments]
        refunds = [refund.amount for plan in plans for refund in plan.refunds]
        rejects = [reject for plan in plans for reject in plan.rejects]
        assert sums == {
            "payments": len(payments),
            "paid": sum(payments),
            "refunds": len(refunds),
            "refunded": sum(refunds),
            "rejects": len(rejects),
            "unmatched": sum(r.amount for r in rejects if r.reason is RejectReason.NOTHING_TO_REFUND),
            "suppliers": len(planner.suppliers),
            "buyers": planner.buyers,
        }

    @pytest.mark.parametrize(
        ("days", "channels"),
        [
            (
                5,
                {
                    Method.WECHATPAY: (318, 7_332_265, 16, 99_030),
                    Method.ALIPAY: (141, 3_240_979, 4, 5_584),
                    Method.UNIONPAY: (68, 13_452_585, 3, 31_617),
                },
            ),
            (
                30,
                {
                    Method.WECHATPAY: (1_147, 25_947_501, 190, 806_554),
                    Method.ALIPAY: (514, 12_482_882, 81, 370_304),
                    Method.UNIONPAY: (373, 75_922_048, 95, 9_494_278),
                },
            ),
            (
                305,
                {
                    Method.WECHATPAY: (11_037, 275_661_375, 2_022, 7_838_652),
                    Method.ALIPAY: (5_062, 126_203_524, 939, 3_669_234),
                    Method.UNIONPAY: (3_860, 663_697_349, 1_130, 75_911_719),
                },
            ),
        ],
    )
    def test_is_paid_over_three_channels(
        self, trade: list[TradingDay], days: int, channels: dict[Method, tuple[int, int, int, int]]
    ) -> None:
        planner = Planner()
        plans = [planner.plan(day) for day in trade[:days]]
        method = {payment.order_no: payment.method for plan in plans for payment in plan.payments}
        paid = {
            way: [payment.amount for plan in plans for payment in plan.payments if payment.method is way]
            for way in Method
        }
        refunded = {
            way: [
                refund.amount for plan in plans for refund in plan.refunds if method[refund.order_no] is way
            ]
            for way in Method
        }
        assert channels == {
            way: (len(paid[way]), sum(paid[way]), len(refunded[way]), sum(refunded[way])) for way in Method
        }

    def test_never_refunds_more_than_was_paid(self, trade: list[TradingDay]) -> None:
        planner = Planner()
        plans = [planner.plan(day) for day in trade]
        left = {payment.order_no: payment.amount for plan in plans for payment in plan.payments}
        numbers: set[str] = set()
        for plan in plans:
            for refund in plan.refunds:
                left[refund.order_no] -= refund.amount
                numbers.add(refund.refund_no)
        assert min(left.values()) >= 0
        assert len(numbers) == 4_091

    def test_splits_every_payment_to_the_fen(self, trade: list[TradingDay]) -> None:
        planner = Planner()
        for day in trade:
            for payment in planner.plan(day).payments:
                assert sum(fen for _, fen in payment.shares) == payment.amount
                assert all(fen > 0 for _, fen in payment.shares)
