"""What a refund takes back from the fee and from each share: tables that a finance person can check, and any refunds."""

from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feiqian.channels import PaymentMethod
from feiqian.kernel.ids import derived_id
from feiqian.kernel.money import AMOUNT_MAX, apportion
from feiqian.payments import NewPayment, Payment, PaymentState, Refund, RefundState, Share
from feiqian.payments.rules import fee_of, left_to_refund, shares_of, split_refund
from tests.conftest import NOW
from tests.payments.shop import FEE_RATE, MERCHANTS, asked

IDS = {merchant_no: derived_id("merchant", merchant_no) for merchant_no in MERCHANTS}


def payment_of(order: NewPayment) -> tuple[Payment, list[Share]]:
    """A paid order and its shares, as they would be stored."""
    fee = fee_of(order.amount, FEE_RATE)
    id = derived_id("payment", order.order_no)
    payment = Payment(
        id=id,
        platform=id,
        order_no=order.order_no,
        amount=order.amount,
        currency="CNY",
        description=order.description,
        buyer=None,
        fee=fee,
        fee_rate=FEE_RATE,
        metadata={},
        method=PaymentMethod.WECHATPAY_NATIVE,
        methods=(),
        state=PaymentState.SUCCEEDED,
        created_at=NOW,
        expires_at=NOW,
        paid_at=NOW,
        attempts=1,
        current=None,
    )
    shares = [
        Share(payment=id, position=index, merchant=share.merchant, amount=share.amount, fee=share.fee)
        for index, share in enumerate(shares_of(order, fee, IDS))
    ]
    return payment, shares


def refund_of(payment: Payment, parts: list[int], state: RefundState = RefundState.SUCCEEDED) -> Refund:
    """A refund that took these parts: [from the fee, from share 0, …]."""
    id: UUID = derived_id("refund", str(parts))
    return Refund(
        id=id,
        payment=payment.id,
        attempt=1,
        channel="wechatpay",
        platform=payment.platform,
        refund_no="R1",
        out_refund_no="R1",
        amount=sum(parts),
        currency="CNY",
        reason="",
        fee=parts[0],
        parts=tuple(parts[1:]),
        state=state,
        created_at=NOW,
        succeeded_at=None,
        channel_refund_no=None,
        error=None,
        checks=0,
    )


class TestAFee:
    @pytest.mark.parametrize(
        ("amount", "fee"),
        [(1, 0), (166, 0), (167, 1), (1_000, 6), (24_999, 149), (25_000, 150), (AMOUNT_MAX, 6 * 10**12)],
    )
    def test_is_the_rate_of_the_amount_rounded_down(self, amount: int, fee: int) -> None:
        assert fee_of(amount, Decimal("0.006")) == fee

    @pytest.mark.parametrize(
        ("lines", "expected"),
        [
            # lines of A, B, C, A, B …   (share, its fee, what it is owed)
            ((1000,), [(1000, 6, 994)]),
            ((600, 400), [(600, 3, 597), (400, 3, 397)]),
            ((5000, 3000, 2000), [(5000, 30, 4970), (3000, 18, 2982), (2000, 12, 1988)]),
            ((334, 333, 333), [(334, 2, 332), (333, 1, 332), (333, 3, 330)]),
            # A discount of A's own lowers A's share only.
            ((700, 400, 500, -200), [(500, 2, 498), (400, 2, 398), (500, 4, 496)]),
            # Who gets nothing bears nothing.
            ((300, 700, 0, -300), [(700, 4, 696)]),
            # Too small for a fee.
            ((1, 1), [(1, 0, 1), (1, 0, 1)]),
        ],
    )
    def test_is_borne_by_the_shares_in_proportion_the_rest_by_the_last(
        self, lines: tuple[int, ...], expected: list[tuple[int, int, int]]
    ) -> None:
        _, shares = payment_of(asked("1", *lines))
        assert [(share.amount, share.fee, share.net) for share in shares] == expected


class TestARefund:
    @pytest.mark.parametrize(
        ("lines", "amounts", "expected"),
        [
            # Nothing is left over: all of it goes back to where it came from.
            ((1000,), [1000], [[6, 994]]),
            ((600, 400), [1000], [[6, 597, 397]]),
            # Half: 3, 298.5, 198.5 become 3, 298 and the last with the rest.
            ((600, 400), [500], [[3, 298, 199]]),
            # One fen: everybody's part is below one, the last gives it.
            ((5000, 3000, 2000), [1], [[0, 0, 0, 1]]),
            # Three parts of about a third, each of what is left then.
            (
                (5000, 3000, 2000),
                [3333, 3333, 3334],
                [[19, 1656, 993, 665], [20, 1656, 994, 663], [21, 1658, 995, 660]],
            ),
            # What the last cannot give, the one before gives: of 0+9+1, seven is 6.3 and 0.7.
            ((9, 1), [7, 2, 1], [[0, 6, 1], [0, 2, 0], [0, 1, 0]]),
        ],
    )
    def test_takes_from_fee_and_shares_in_proportion_to_what_is_left(
        self, lines: tuple[int, ...], amounts: list[int], expected: list[list[int]]
    ) -> None:
        payment, shares = payment_of(asked("1", *lines))
        refunds: list[Refund] = []
        taken: list[list[int]] = []
        for amount in amounts:
            taken.append(split_refund(amount, payment, shares, refunds))
            refunds.append(refund_of(payment, taken[-1]))
        assert taken == expected

    def test_that_failed_took_nothing(self) -> None:
        payment, shares = payment_of(asked("1", 600, 400))
        failed = refund_of(payment, [3, 298, 199], RefundState.FAILED)
        assert left_to_refund(payment, [failed]) == 1000
        assert split_refund(1000, payment, shares, [failed]) == [6, 597, 397]

    def test_under_way_counts_as_taken(self) -> None:
        payment, shares = payment_of(asked("1", 600, 400))
        under_way = refund_of(payment, [3, 298, 199], RefundState.PENDING)
        assert left_to_refund(payment, [under_way]) == 500
        assert split_refund(500, payment, shares, [under_way]) == [3, 299, 198]

    @given(data=st.data(), lines=st.lists(st.integers(1, 10**6), min_size=1, max_size=9))
    def test_repeated_until_nothing_is_left_leaves_fee_and_every_share_at_exactly_zero(
        self, data: st.DataObject, lines: list[int]
    ) -> None:
        payment, shares = payment_of(asked("1", *lines))
        left = [payment.fee, *(share.net for share in shares)]
        assert sum(left) == payment.amount
        refunds: list[Refund] = []
        while (rest := left_to_refund(payment, refunds)) and len(refunds) < 49:
            amount = data.draw(st.integers(1, rest))
            parts = split_refund(amount, payment, shares, refunds)
            state = data.draw(
                st.sampled_from((RefundState.SUCCEEDED, RefundState.PENDING, RefundState.FAILED))
            )
            refunds.append(refund_of(payment, parts, state))
            assert sum(parts) == amount
            assert all(0 <= part <= held for part, held in zip(parts, left, strict=True))
            if state is not RefundState.FAILED:
                left = [held - part for part, held in zip(parts, left, strict=True)]
        last = split_refund(rest, payment, shares, refunds)
        assert last == left


class TestApportioning:
    @given(
        parts=st.lists(st.integers(0, AMOUNT_MAX), min_size=1, max_size=20), thousandths=st.integers(0, 1000)
    )
    def test_gives_everybody_its_floor_and_nobody_more_than_it_has(
        self, parts: list[int], thousandths: int
    ) -> None:
        total = sum(parts)
        amount = total * thousandths // 1000
        taken = apportion(amount, parts)
        assert sum(taken) == amount
        for part, had in zip(taken, parts, strict=True):
            assert (amount * had // total if total else 0) <= part <= had

    @pytest.mark.parametrize(("amount", "parts"), [(11, [4, 6]), (-1, [4, 6]), (1, []), (1, [2, -1])])
    def test_refuses_what_cannot_be_divided(self, amount: int, parts: list[int]) -> None:
        with pytest.raises(ValueError, match="cannot apportion"):
            apportion(amount, parts)

    def test_is_refused_for_a_payment_only_beyond_what_is_left(self) -> None:
        payment, shares = payment_of(asked("1", 600, 400))
        taken = refund_of(payment, [3, 298, 199])
        assert sum(split_refund(500, payment, shares, [taken])) == 500
        with pytest.raises(ValueError, match="cannot apportion"):
            split_refund(501, payment, shares, [taken])
