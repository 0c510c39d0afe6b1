"""A channel says that buyers paid: what becomes of it in the payments and in the ledger."""

import asyncio

import pytest

from feiqian.channels import ChannelPaymentState
from feiqian.payments import NoticeUnmatched, Payment, PaymentEvent, PaymentState, history
from feiqian.payments.model import Actor
from feiqian.payments.operations import record_closed, record_refused
from tests.conftest import NOW
from tests.payments.shop import Shop, said

pytestmark = pytest.mark.anyio

PAID = {"channel": 1000, "fee": 6, "A pending": 597, "B pending": 397}
"""The books after one payment of 600 for A and 400 for B."""


async def events(shop: Shop, payment: Payment) -> list[PaymentEvent]:
    async with shop.database.transaction() as tx:
        return [line.event for line in await history(tx, payment.id)]


class TestAPaymentThatTheChannelReports:
    async def test_moves_nothing_before_and_everything_with_its_state(self, shop: Shop) -> None:
        payment = await shop.order("1", 600, 400)
        assert await shop.books() == {}
        (confirmed,) = await shop.hear(said(payment))
        assert isinstance(confirmed, Payment)
        assert (confirmed.state, confirmed.transaction_no) == (PaymentState.SUCCEEDED, "T-1")
        assert await shop.books() == PAID

    async def test_is_posted_once_however_often_it_is_said(self, shop: Shop) -> None:
        payment = await shop.order("1", 600, 400)
        for _ in range(3):
            await shop.hear(said(payment), said(payment))
        assert await shop.books() == PAID
        assert await shop.posted() == 1
        assert await events(shop, payment) == [PaymentEvent.CREATED, PaymentEvent.PAID]

    async def test_is_posted_once_when_ten_say_it_at_the_same_time(self, shop: Shop) -> None:
        payment = await shop.order("1", 600, 400)
        outcomes = await asyncio.gather(*(shop.hear(said(payment)) for _ in range(10)))
        assert {each.state for (each,) in outcomes if isinstance(each, Payment)} == {PaymentState.SUCCEEDED}
        assert await shop.books() == PAID
        assert await shop.posted() == 1

    async def test_in_a_batch_stands_by_itself(self, shop: Shop) -> None:
        good, wrong, other = [await shop.order(no, 1000) for no in ("good", "wrong", "other")]
        outcomes = await shop.hear(
            said(good),
            said(wrong, amount=999),
            said(good, out_trade_no="P0nobody"),
            said(other),
        )
        assert [each.state if isinstance(each, Payment) else each.code for each in outcomes] == [
            "succeeded",
            "conflicted",
            "notice_unmatched",
            "succeeded",
        ]
        assert await shop.books() == {"channel": 2000, "fee": 12, "A pending": 1988}

    async def test_about_no_order_of_ours_moves_nothing(self, shop: Shop) -> None:
        payment = await shop.order("1", 600, 400)
        (outcome,) = await shop.hear(said(payment, out_trade_no="P0nobody"))
        assert isinstance(outcome, NoticeUnmatched)
        assert await shop.books() == {}

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("amount", 999),
            ("amount", 1001),
            ("amount", None),
            ("currency", "USD"),
            ("mchid", "1900000002"),
            ("appid", "wx2"),
            ("transaction_no", None),
            ("paid_at", None),
        ],
    )
    async def test_and_differs_from_the_order_is_conflicted_and_posts_nothing(
        self, shop: Shop, field: str, value: object
    ) -> None:
        payment = await shop.order("1", 600, 400)
        (outcome,) = await shop.hear(said(payment, **{field: value}))
        assert isinstance(outcome, Payment)
        assert outcome.state is PaymentState.CONFLICTED
        assert (await shop.payment(payment)).state is PaymentState.CONFLICTED
        assert await shop.books() == {}
        # A person decides: the right word afterwards, or the same wrong one, changes nothing by itself.
        await shop.hear(said(payment), said(payment, **{field: value}))
        assert (await shop.payment(payment)).state is PaymentState.CONFLICTED
        assert await shop.books() == {}
        assert await events(shop, payment) == [PaymentEvent.CREATED, PaymentEvent.CONFLICTED]

    async def test_a_second_time_under_another_number_is_noted_and_not_posted(self, shop: Shop) -> None:
        payment = await shop.paid("1", 600, 400)
        await shop.hear(said(payment, transaction_no="T-another"))
        assert await shop.books() == PAID
        assert (await shop.payment(payment)).transaction_no == "T-1"
        assert await events(shop, payment) == [
            PaymentEvent.CREATED,
            PaymentEvent.PAID,
            PaymentEvent.PAID_TWICE,
        ]

    @pytest.mark.parametrize("ended", [PaymentState.CLOSED, PaymentState.FAILED])
    async def test_after_its_end_succeeds_because_the_money_came(
        self, shop: Shop, ended: PaymentState
    ) -> None:
        payment = await shop.order("1", 600, 400)
        if ended is PaymentState.CLOSED:
            await shop.database.run(
                lambda tx: record_closed(tx, now=NOW, attempt=payment.order, actor=Actor.PLATFORM)
            )
        else:
            await shop.database.run(
                lambda tx: record_refused(tx, now=NOW, attempt=payment.order, code="no", reason="refused")
            )
        assert (await shop.payment(payment)).state is ended
        assert await shop.books() == {}
        await shop.hear(said(payment))
        assert (await shop.payment(payment)).state is PaymentState.SUCCEEDED
        assert await shop.books() == PAID

    async def test_as_refunded_in_part_is_posted_whole(self, shop: Shop) -> None:
        payment = await shop.order("1", 600, 400)
        await shop.hear(said(payment, state=ChannelPaymentState.REFUNDED))
        assert await shop.books() == PAID


class TestASmallPayment:
    async def test_without_a_fee_goes_to_its_merchants_whole(self, shop: Shop) -> None:
        await shop.paid("1", 100, 66)
        assert await shop.books() == {"channel": 166, "A pending": 100, "B pending": 66}

    async def test_of_one_fen_is_posted(self, shop: Shop) -> None:
        await shop.paid("1", 1)
        assert await shop.books() == {"channel": 1, "A pending": 1}

    async def test_of_a_merchant_whose_lines_cancel_out_leaves_it_out(self, shop: Shop) -> None:
        await shop.paid("1", 500, 500, 0, -500)
        assert await shop.books() == {"channel": 500, "fee": 3, "B pending": 497}
