"""Refunds against a payment: never more than was paid, once each, and nothing is lost on the way."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import TypeVar

import pytest

from feiqian.channels import ChannelRefundState
from feiqian.kernel.errors import InvalidRequest, NotFound, Refusal, ReplayAltered
from feiqian.kernel.ids import derived_id
from feiqian.payments import Actor, Refund, RefundState
from feiqian.payments.model import NotRefundable, RefundExceedsPayment, RefundTooLate, TooManyRefunds
from feiqian.payments.refunds import record_refund_refused
from tests.conftest import NOW
from tests.payments.shop import Shop, said

pytestmark = pytest.mark.anyio

PAID = {"channel": 1000, "fee": 6, "A pending": 597, "B pending": 397}
T = TypeVar("T")


def of_kind(kind: type[T], outcomes: Sequence[object]) -> list[T]:
    return [each for each in outcomes if isinstance(each, kind)]


class TestARefund:
    async def test_sets_its_money_aside_until_the_buyer_has_it(self, shop: Shop) -> None:
        payment = await shop.paid("1", 600, 400)
        assert await shop.books() == PAID
        refund = await shop.refund(payment, "r1", 500)
        assert await shop.books() == {
            "channel": 1000, "transit": 500, "fee": 3, "A pending": 299, "B pending": 198,
        }  # fmt: skip
        await shop.settle(refund)
        assert await shop.books() == {"channel": 500, "fee": 3, "A pending": 299, "B pending": 198}

    async def test_of_everything_in_parts_leaves_nothing_anywhere(self, shop: Shop) -> None:
        payment = await shop.paid("1", 333, 333, 334)
        for number, amount in enumerate((1, 332, 333, 333, 1)):
            await shop.settle(await shop.refund(payment, f"r{number}", amount))
        assert await shop.books() == {}
        with pytest.raises(RefundExceedsPayment):
            await shop.refund(payment, "r9", 1)

    async def test_asked_for_again_is_the_first_and_moves_nothing(self, shop: Shop) -> None:
        payment = await shop.paid("1", 600, 400)
        first = await shop.refund(payment, "r1", 1000)
        after = await shop.books()
        assert await shop.refund(payment, "r1", 1000) == first
        assert await shop.books() == after

    @pytest.mark.parametrize(
        ("field", "amount", "reason"), [("amount", 499, "returned"), ("reason", 500, "broken")]
    )
    async def test_asked_for_again_otherwise_is_refused_by_field(
        self, shop: Shop, field: str, amount: int, reason: str
    ) -> None:
        payment = await shop.paid("1", 600, 400)
        await shop.refund(payment, "r1", 500)
        after = await shop.books()
        with pytest.raises(ReplayAltered) as refused:
            await shop.refund(payment, "r1", amount, reason=reason)
        assert refused.value.facts["field"] == field
        assert await shop.books() == after

    async def test_under_a_number_of_another_payment_is_refused(self, shop: Shop) -> None:
        first, second = await shop.paid("1", 600, 400), await shop.paid("2", 600, 400)
        await shop.refund(first, "r1", 500)
        after = await shop.books()
        with pytest.raises(ReplayAltered) as refused:
            await shop.refund(second, "r1", 500)
        assert refused.value.facts["field"] == "payment"
        assert await shop.books() == after

    async def test_under_one_number_of_two_payments_at_once_is_taken_once(self, shop: Shop) -> None:
        first, second = await shop.paid("1", 600, 400), await shop.paid("2", 600, 400)
        outcomes = await asyncio.gather(
            shop.refund(first, "r1", 500), shop.refund(second, "r1", 500), return_exceptions=True
        )
        assert len(of_kind(Refund, outcomes)) == len(of_kind(ReplayAltered, outcomes)) == 1
        assert (await shop.books())["transit"] == 500

    @pytest.mark.parametrize("amount", [1001, 10**15])
    async def test_above_what_was_paid_is_refused(self, shop: Shop, amount: int) -> None:
        payment = await shop.paid("1", 600, 400)
        with pytest.raises(RefundExceedsPayment) as refused:
            await shop.refund(payment, "r1", amount)
        assert refused.value.facts == {"amount": amount, "left": 1000}
        assert await shop.books() == PAID

    async def test_above_what_others_left_is_refused_whether_or_not_they_have_arrived(
        self, shop: Shop
    ) -> None:
        payment = await shop.paid("1", 600, 400)
        await shop.settle(await shop.refund(payment, "r1", 300))
        await shop.refund(payment, "r2", 300)
        after = await shop.books()
        with pytest.raises(RefundExceedsPayment) as refused:
            await shop.refund(payment, "r3", 401)
        assert refused.value.facts["left"] == 400
        assert await shop.books() == after

    @pytest.mark.parametrize("amount", [0, -1, 10**15 + 1])
    async def test_of_no_possible_amount_is_refused(self, shop: Shop, amount: int) -> None:
        payment = await shop.paid("1", 600, 400)
        with pytest.raises(InvalidRequest):
            await shop.refund(payment, "r1", amount)
        assert await shop.books() == PAID

    async def test_of_what_nobody_paid_is_refused(self, shop: Shop) -> None:
        payment = await shop.order("1", 600, 400)
        with pytest.raises(NotRefundable):
            await shop.refund(payment, "r1", 1)
        assert await shop.books() == {}

    async def test_of_a_conflicted_payment_is_refused(self, shop: Shop) -> None:
        payment = await shop.order("1", 600, 400)
        await shop.hear(said(payment, amount=1))
        with pytest.raises(NotRefundable):
            await shop.refund(payment, "r1", 1)
        assert await shop.books() == {}

    async def test_of_another_platforms_payment_is_not_found(self, shop: Shop) -> None:
        payment = await shop.paid("1", 600, 400)
        with pytest.raises(NotFound):
            await shop.refund(payment, "r1", 1, platform=derived_id("platform", "another"))
        assert await shop.books() == PAID

    async def test_is_refused_a_year_later_and_taken_on_the_last_day(self, shop: Shop) -> None:
        payment = await shop.paid("1", 600, 400)
        with pytest.raises(RefundTooLate):
            await shop.refund(payment, "r1", 1, now=NOW + timedelta(days=365, seconds=1))
        assert await shop.books() == PAID
        await shop.refund(payment, "r1", 1, now=NOW + timedelta(days=365))
        assert (await shop.books())["transit"] == 1

    async def test_is_the_last_when_there_have_been_fifty(self, shop: Shop) -> None:
        payment = await shop.paid("1", 600, 400)
        for number in range(50):
            await shop.refund(payment, f"r{number}", 1)
        after = await shop.books()
        assert after["transit"] == 50
        with pytest.raises(TooManyRefunds):
            await shop.refund(payment, "r50", 1)
        assert await shop.books() == after


class TestRefundsAtOnce:
    async def test_never_exceed_the_payment(self, shop: Shop) -> None:
        payment = await shop.paid("1", 600, 400)
        outcomes = await asyncio.gather(
            *(shop.refund(payment, f"r{number}", 300) for number in range(10)), return_exceptions=True
        )
        assert len(of_kind(Refund, outcomes)) == 3
        assert len(of_kind(RefundExceedsPayment, outcomes)) == 7
        books = await shop.books()
        assert books["transit"] == 900
        assert sum(books.values()) - books["channel"] == books["channel"] == 1000

    async def test_of_the_whole_let_one_win(self, shop: Shop) -> None:
        payment = await shop.paid("1", 600, 400)
        outcomes = await asyncio.gather(
            shop.refund(payment, "r1", 1000), shop.refund(payment, "r2", 1000), return_exceptions=True
        )
        assert len(of_kind(Refund, outcomes)) == len(of_kind(RefundExceedsPayment, outcomes)) == 1
        assert await shop.books() == {"channel": 1000, "transit": 1000}

    async def test_under_the_same_number_are_one(self, shop: Shop) -> None:
        payment = await shop.paid("1", 600, 400)
        outcomes = await asyncio.gather(*(shop.refund(payment, "r1", 600) for _ in range(8)))
        assert len({refund.id for refund in outcomes}) == 1
        assert (await shop.books())["transit"] == 600

    async def test_and_their_outcomes_at_once_settle_each_once(self, shop: Shop) -> None:
        payment = await shop.paid("1", 600, 400)
        first = await shop.refund(payment, "r1", 300)
        await asyncio.gather(
            *(shop.settle(first) for _ in range(4)), *(shop.refund(payment, f"x{n}", 100) for n in range(4))
        )
        books = await shop.books()
        assert (books["channel"], books["transit"]) == (700, 400)


class TestWhatTheChannelSaysOfARefund:
    async def test_that_it_failed_puts_the_money_back_where_it_was(self, shop: Shop) -> None:
        payment = await shop.paid("1", 600, 400)
        refund = await shop.refund(payment, "r1", 500)
        assert (await shop.settle(refund, ChannelRefundState.CLOSED)).state is RefundState.FAILED
        assert await shop.books() == PAID
        # Success after that would be money that left twice: it is not believed.
        assert (await shop.settle(refund)).state is RefundState.FAILED
        assert await shop.books() == PAID
        await shop.settle(await shop.refund(payment, "r2", 1000))
        assert await shop.books() == {}

    async def test_that_it_refuses_puts_the_money_back_once(self, shop: Shop) -> None:
        payment = await shop.paid("1", 600, 400)
        refund = await shop.refund(payment, "r1", 500)
        for _ in range(2):
            await shop.database.run(
                lambda tx: record_refund_refused(tx, now=NOW, refund_id=refund.id, reason="no")
            )
        assert (await shop.refund_now(refund)).state is RefundState.FAILED
        assert await shop.books() == PAID

    async def test_that_the_buyers_account_does_not_take_it_keeps_it_in_transit(self, shop: Shop) -> None:
        payment = await shop.paid("1", 600, 400)
        refund = await shop.refund(payment, "r1", 500)
        in_transit = await shop.books()
        assert (await shop.settle(refund, ChannelRefundState.ABNORMAL)).state is RefundState.ABNORMAL
        assert await shop.books() == in_transit
        with pytest.raises(Refusal):
            await shop.refund(payment, "r2", 501)
        # A person sent the money another way, and the channel says so.
        assert (await shop.settle(refund)).state is RefundState.SUCCEEDED
        assert await shop.books() == {"channel": 500, "fee": 3, "A pending": 299, "B pending": 198}

    async def test_as_an_answer_that_its_notice_overtook_is_out_of_date(self, shop: Shop) -> None:
        refund = await shop.refund(await shop.paid("1", 600, 400), "r1", 500)
        await shop.settle(refund, ChannelRefundState.ABNORMAL)
        late = await shop.settle(refund, ChannelRefundState.PROCESSING, actor=Actor.SCHEDULE)
        assert late.state is RefundState.ABNORMAL
        assert (await shop.refund_now(refund)).state is RefundState.ABNORMAL

    async def test_with_another_amount_is_not_posted(self, shop: Shop) -> None:
        payment = await shop.paid("1", 600, 400)
        refund = await shop.refund(payment, "r1", 500)
        in_transit = await shop.books()
        assert (await shop.settle(refund, amount=501)).state is RefundState.ABNORMAL
        assert await shop.books() == in_transit

    async def test_twice_and_in_any_order_moves_it_once(self, shop: Shop) -> None:
        payment = await shop.paid("1", 600, 400)
        refund = await shop.refund(payment, "r1", 500)
        for state in (
            ChannelRefundState.PROCESSING,
            ChannelRefundState.SUCCEEDED,
            ChannelRefundState.PROCESSING,
        ):
            await shop.settle(refund, state)
        await shop.settle(refund)
        assert (await shop.refund_now(refund)).state is RefundState.SUCCEEDED
        assert await shop.books() == {"channel": 500, "fee": 3, "A pending": 299, "B pending": 198}
        assert await shop.posted() == 3
