"""What attempts come to, what a channel's word makes of one, and when it is asked, as tables."""

from datetime import timedelta
from itertools import product

import msgspec
import pytest

from feiqian.channels import (
    METHODS,
    BuyerHints,
    ChannelIdentity,
    ChannelPayment,
    ChannelPaymentState,
    PaymentMethod,
)
from feiqian.kernel.ids import derived_id
from feiqian.payments import Attempt, AttemptState, PaymentEvent, PaymentState
from feiqian.payments.model import OPEN, Standing
from feiqian.payments.rules import (
    attempt_pace,
    judge,
    next_check,
    payment_state,
    refund_pace,
    trade_no,
)
from tests.conftest import NOW

CREATED, UNKNOWN, AWAITING, SUCCEEDED, CLOSED, FAILED, CONFLICTED, DUPLICATE = AttemptState
ORDER = Attempt(
    payment=derived_id("payment"),
    position=2,
    channel="alipay",
    method=PaymentMethod.ALIPAY_QR,
    out_trade_no="P12",
    amount=1000,
    currency="CNY",
    state=AWAITING,
    next_step=None,
    hints=BuyerHints(),
    key=None,
    notify_url="https://feiqian.test/callbacks/alipay",
    next_channels=(),
    decision=None,
    placed_at=NOW,
    expires_at=NOW + timedelta(hours=2),
    paid_at=None,
    transaction_no=None,
    payer=None,
    error_code=None,
    error=None,
    checks=0,
)
WORD = ChannelPayment(
    out_trade_no="P12",
    state=ChannelPaymentState.PAID,
    transaction_no="T1",
    amount=1000,
    currency="CNY",
    mchid="2088",
    appid="A1",
    paid_at=NOW,
)
US = ChannelIdentity("2088", "A1")


class TestAPayment:
    @pytest.mark.parametrize(
        ("attempts", "open_", "fixed", "ended"),
        [
            ([], "requires_method", "requires_method", "closed"),
            ([CREATED], "created", "created", "closed"),
            ([UNKNOWN], "created", "created", "closed"),
            ([AWAITING], "awaiting_payment", "awaiting_payment", "closed"),
            ([FAILED], "requires_method", "failed", "closed"),
            ([CLOSED], "requires_method", "closed", "closed"),
            ([FAILED, CREATED], "created", "created", "closed"),
            ([CLOSED, AWAITING], "awaiting_payment", "awaiting_payment", "closed"),
            ([FAILED, FAILED], "requires_method", "failed", "closed"),
            ([CLOSED, FAILED], "requires_method", "failed", "closed"),
            ([SUCCEEDED], "succeeded", "succeeded", "succeeded"),
            ([CLOSED, SUCCEEDED], "succeeded", "succeeded", "succeeded"),
            ([SUCCEEDED, AWAITING], "succeeded", "succeeded", "succeeded"),
            ([SUCCEEDED, CONFLICTED], "succeeded", "succeeded", "succeeded"),
            ([DUPLICATE, SUCCEEDED], "succeeded", "succeeded", "succeeded"),
            ([CONFLICTED], "conflicted", "conflicted", "conflicted"),
            ([CONFLICTED, AWAITING], "conflicted", "conflicted", "conflicted"),
            ([CLOSED, CONFLICTED], "conflicted", "conflicted", "conflicted"),
        ],
    )
    def test_stands_where_its_attempts_have_brought_it(
        self, attempts: list[AttemptState], open_: str, fixed: str, ended: str
    ) -> None:
        states = [payment_state(attempts, standing).value for standing in Standing]
        assert states == [open_, fixed, ended]


class TestAChannelsWord:
    @pytest.mark.parametrize(
        ("state", "before", "after", "payment", "event"),
        [
            *(
                (state, PaymentState.AWAITING_PAYMENT, SUCCEEDED, PaymentState.SUCCEEDED, PaymentEvent.PAID)
                for state in (CREATED, UNKNOWN, AWAITING, CLOSED, FAILED)
            ),
            (CLOSED, PaymentState.CLOSED, SUCCEEDED, PaymentState.SUCCEEDED, PaymentEvent.PAID),
            (CLOSED, PaymentState.CONFLICTED, SUCCEEDED, PaymentState.SUCCEEDED, PaymentEvent.PAID),
            *(
                (state, PaymentState.SUCCEEDED, DUPLICATE, PaymentState.SUCCEEDED, PaymentEvent.PAID_AGAIN)
                for state in (CREATED, UNKNOWN, AWAITING, CLOSED, FAILED)
            ),
            (CONFLICTED, PaymentState.CONFLICTED, CONFLICTED, PaymentState.CONFLICTED, None),
            (CONFLICTED, PaymentState.SUCCEEDED, CONFLICTED, PaymentState.SUCCEEDED, None),
        ],
    )
    def test_that_all_is_as_ordered_makes_of_it(
        self,
        state: AttemptState,
        before: PaymentState,
        after: AttemptState,
        payment: PaymentState,
        event: PaymentEvent | None,
    ) -> None:
        verdict = judge(msgspec.structs.replace(ORDER, state=state), before, WORD, US)
        assert (verdict.attempt.state, verdict.state, verdict.event) == (after, payment, event)

    @pytest.mark.parametrize("state", [SUCCEEDED, DUPLICATE])
    def test_said_again_is_nothing_new_but_under_another_number_it_is(self, state: AttemptState) -> None:
        paid = msgspec.structs.replace(ORDER, state=state, transaction_no="T1")
        assert judge(paid, PaymentState.SUCCEEDED, WORD, US).event is None
        other = msgspec.structs.replace(WORD, transaction_no="T2")
        verdict = judge(paid, PaymentState.SUCCEEDED, other, US)
        assert (verdict.attempt, verdict.event) == (paid, PaymentEvent.PAID_TWICE)

    @pytest.mark.parametrize(
        ("field", "value", "why"),
        [
            ("amount", 999, "amount: asked 1000, paid 999"),
            ("amount", None, "amount: asked 1000, paid None"),
            ("currency", "USD", "currency: asked CNY, paid USD"),
            ("mchid", "2089", "mchid: asked 2088, paid 2089"),
            ("appid", "A2", "appid: asked A1, paid A2"),
            ("paid_at", None, "paid_at: not said"),
            ("transaction_no", None, "transaction_no: not said"),
        ],
    )
    def test_that_differs_conflicts(self, field: str, value: object, why: str) -> None:
        said = msgspec.structs.replace(WORD, **{field: value})
        for before in (PaymentState.AWAITING_PAYMENT, PaymentState.CLOSED, PaymentState.SUCCEEDED):
            verdict = judge(ORDER, before, said, US)
            assert (verdict.attempt.state, verdict.attempt.error) == (CONFLICTED, why)
            succeeded = before is PaymentState.SUCCEEDED
            assert verdict.state is (PaymentState.SUCCEEDED if succeeded else PaymentState.CONFLICTED)

    @pytest.mark.parametrize(
        ("field", "identity"),
        [("mchid", US), ("appid", US), ("appid", ChannelIdentity("2088", None))],
    )
    def test_may_leave_out_as_whom_we_asked(self, field: str, identity: ChannelIdentity) -> None:
        said = msgspec.structs.replace(WORD, **{field: None})
        assert judge(ORDER, PaymentState.CREATED, said, identity).event is PaymentEvent.PAID

    def test_leads_to_what_all_attempts_together_come_to(self) -> None:
        for state, other in product(AttemptState, AttemptState):
            if other is DUPLICATE or state in (SUCCEEDED, DUPLICATE):
                continue
            before = payment_state([other, state], Standing.FIXED)
            verdict = judge(msgspec.structs.replace(ORDER, state=state), before, WORD, US)
            assert verdict.state is payment_state([other, verdict.attempt.state], Standing.FIXED)


class TestANumberAtAChannel:
    def test_is_that_of_the_payment_first_and_never_the_same_again(self) -> None:
        numbers = [trade_no(ORDER.payment, position) for position in range(1, 31)]
        assert len(numbers[0]) == 27
        assert numbers[1] == numbers[0] + "2"
        assert len(set(numbers)) == 30
        assert all(number.isalnum() and len(number) <= 32 for number in numbers)


class TestAQuestionToTheChannel:
    @pytest.mark.parametrize(
        ("method", "state", "waits"),
        [
            (PaymentMethod.WECHATPAY_NATIVE, AWAITING, [30, 60, 180, 600, 1800, 3600, 3600]),
            (PaymentMethod.WECHATPAY_NATIVE, UNKNOWN, [30, 60, 180, 600, 1800, 3600, 3600]),
            (PaymentMethod.ALIPAY_PAGE, AWAITING, [30, 60, 180, 600, 1800, 3600, 3600]),
            (PaymentMethod.UNIONPAY_B2C, AWAITING, [30, 60, 180, 600, 1800, 3600, 3600]),
            (PaymentMethod.WECHATPAY_BARCODE, UNKNOWN, [3, 5, 5, 10, 10, 15, 30]),
            (PaymentMethod.ALIPAY_BARCODE, AWAITING, [3, 5, 5, 10, 10, 15, 30]),
            (PaymentMethod.UNIONPAY_B2B, CREATED, [30, 60, 180, 600, 1800, 3600, 3600]),
            (PaymentMethod.UNIONPAY_B2B, AWAITING, [300, 600, 1800, 3600, 3600, 3600, 3600]),
            (PaymentMethod.BANK_TRANSFER, CREATED, [30, 60, 180, 600, 1800, 3600, 3600]),
            (PaymentMethod.BANK_TRANSFER, AWAITING, [600, 1800, 3600, 7200, 7200, 7200, 7200]),
            (PaymentMethod.BALANCE, UNKNOWN, [5, 10, 30, 60, 60, 60, 60]),
        ],
    )
    def test_about_an_order_is_put_as_its_method_and_state_ask(
        self, method: PaymentMethod, state: AttemptState, waits: list[int]
    ) -> None:
        pace = attempt_pace(method, state)
        assert [int((next_check(NOW, n, pace) - NOW).total_seconds()) for n in range(7)] == waits

    @pytest.mark.parametrize(
        ("method", "waits"),
        [
            (PaymentMethod.WECHATPAY_NATIVE, [30, 60, 180, 600, 1800, 3600, 3600]),
            (PaymentMethod.ALIPAY_QR, [10, 30, 60, 300, 1800, 3600, 3600]),
            (PaymentMethod.UNIONPAY_B2B, [300, 600, 1800, 3600, 3600, 3600, 3600]),
            (PaymentMethod.BANK_TRANSFER, [600, 1800, 3600, 7200, 7200, 7200, 7200]),
        ],
    )
    def test_about_a_refund_is_put_as_its_channel_asks(self, method: PaymentMethod, waits: list[int]) -> None:
        pace = refund_pace(method)
        assert [int((next_check(NOW, n, pace) - NOW).total_seconds()) for n in range(7)] == waits

    def test_is_put_less_and_less_often_for_every_method_and_open_state(self) -> None:
        for method, state in product(METHODS, OPEN):
            for pace in (attempt_pace(method, state), refund_pace(method)):
                assert list(pace) == sorted(pace)
                assert pace[-1] >= 60
