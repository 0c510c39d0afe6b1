"""Callbacks as they really come: twice, late, never, altered, replayed, wrong. The balances are right after each."""

import asyncio
from pathlib import Path

import pytest

from tests.loop.house import House, eventually
from tests.loop.notices import LONG_AGO, PATH, Forger, Notice, altered

pytestmark = pytest.mark.anyio

PAID = {"channel": 1000, "fee": 6, "A pending": 597, "B pending": 397}
"""The books after one payment of 600 for A and 400 for B."""

HEADERS: tuple[dict[str, str], ...] = (
    {"Wechatpay_Serial": "PUB_KEY_ID_0000000000000000000000000000000"},
    {"Wechatpay_Serial": ""},
    {"Wechatpay_Signature": ""},
    {"Wechatpay_Signature": "bm90IGEgc2lnbmF0dXJl"},
    {"Wechatpay_Signature": "金"},
    {"Wechatpay_Timestamp": ""},
    {"Wechatpay_Timestamp": "yesterday"},
    {"Wechatpay_Timestamp": "9" * 400},
    {"Wechatpay_Nonce": ""},
    {"Wechatpay_Nonce": "another"},
)
"""What makes a good notice unbelievable."""
BODIES = (
    b"",
    b"\x00\xff\xfe garbage",
    b"[]",
    b'"text"',
    b"{}",
    b'{"id": "EV-1", "event_type": "TRANSACTION.SUCCESS", "resource": {}}',
    b'{"id": "EV-1", "event_type": "TRANSACTION.SUCCESS", "resource": null}',
    b"[" * 5_000,
    b"x" * 1_000_000,
)
"""What is no notice, even when it is signed."""
CONTENTS: tuple[object, ...] = ([], {}, {"out_trade_no": 1}, "text", None)
"""What says nothing, even when it is sealed and signed."""


@pytest.fixture
def forger(channel_dir: Path, sandbox_url: str) -> Forger:
    return Forger(channel_dir)


async def waits(house: House, payment: object) -> None:
    """The payment has not moved and neither has any money."""
    assert isinstance(payment, dict)
    assert (await house.payment(payment))["state"] == "awaiting_payment"
    assert await house.books() == {}


class TestACallback:
    async def test_posts_the_payment_with_its_state(self, house: House) -> None:
        payment = await house.create("1", 600, 400)
        await waits(house, payment)
        await house.pay(payment)
        paid = await house.payment_in("succeeded", payment)
        assert paid["channel_transaction_no"].startswith("4200")
        assert await house.books() == PAID
        assert await eventually(lambda: house.attempts(payment), bool) == [("good", 204)]
        assert await house.events(payment) == ["created", "code_issued", "paid"]

    async def test_that_comes_twice_at_once_posts_once(self, house: House) -> None:
        payment = await house.create("1", 600, 400)
        await house.behave(callback="duplicated", only_next=1)
        await house.pay(payment)
        assert await eventually(lambda: house.attempts(payment), bool) == [("good", 204), ("good", 204)]
        assert await house.books() == PAID
        assert await house.posted() == 1

    async def test_that_comes_eight_times_at_once_posts_once(self, house: House, forger: Forger) -> None:
        payment = await house.create("1", 600, 400)
        notice = forger.notice(forger.paid(payment, house.clock.now()), house.clock.now())
        answers = await asyncio.gather(*(notice.send(house) for _ in range(8)))
        assert [answer.status for answer in answers] == [204] * 8
        assert await house.books() == PAID
        assert await house.posted() == 1

    async def test_of_one_order_at_once_with_that_of_another_posts_both(
        self, house: House, forger: Forger
    ) -> None:
        now = house.clock.now()
        payments = [await house.create(no, 600, 400) for no in ("1", "2")]
        notices = [
            forger.notice(forger.paid(payment, now, transaction_id=f"42000000{number}"), now)
            for number, payment in enumerate(payments)
        ]
        answers = await asyncio.gather(*(notice.send(house) for notice in notices for _ in range(3)))
        assert {answer.status for answer in answers} == {204}
        assert await house.books() == {name: 2 * amount for name, amount in PAID.items()}
        assert await house.posted() == 2

    async def test_at_once_with_a_second_payment_of_the_same_order_posts_one(
        self, house: House, forger: Forger
    ) -> None:
        payment, now = await house.create("1", 600, 400), house.clock.now()
        notices = [forger.notice(forger.paid(payment, now, transaction_id=no), now) for no in ("T1", "T2")]
        answers = await asyncio.gather(*(notice.send(house) for notice in notices))
        assert {answer.status for answer in answers} == {204}
        assert await house.books() == PAID
        assert await house.posted() == 1
        assert await house.events(payment) == ["created", "code_issued", "paid", "paid_twice"]

    async def test_before_the_channel_answered_the_order_posts_it(self, hasty_house: House) -> None:
        house = hasty_house
        await house.behave(prepay="timeout_after_success", only_next=1)
        payment = await house.create("1", 600, 400)
        assert (payment["state"], payment["code_url"]) == ("created", None)
        await house.pay_number(payment)
        await house.payment_in("succeeded", payment)
        assert await house.books() == PAID

    async def test_for_a_closed_payment_posts_it_because_the_money_came(
        self, house: House, forger: Forger
    ) -> None:
        payment = await house.create("1", 600, 400)
        closed = await house.ask("POST", f"/v1/payments/{payment['id']}/close")
        assert closed["state"] == "closed"
        assert await house.books() == {}
        notice = forger.notice(forger.paid(payment, house.clock.now()), house.clock.now())
        assert (await notice.send(house)).status == 204
        assert (await house.payment(payment))["state"] == "succeeded"
        assert await house.books() == PAID


class TestALateCallback:
    async def test_that_never_comes_is_made_up_for_by_asking(self, house: House) -> None:
        payment = await house.create("1", 600, 400)
        await house.behave(callback="lost", only_next=1)
        await house.pay(payment)
        await waits(house, payment)
        await house.later(seconds=29)
        assert await house.services.gateway.check_due() == 0
        await house.later(seconds=1)
        await house.payment_in("succeeded", payment)
        assert await house.books() == PAID
        assert await house.attempts(payment) == []

    async def test_that_never_comes_is_made_up_for_at_once_when_the_platform_asks(self, house: House) -> None:
        payment = await house.create("1", 600, 400)
        await house.behave(callback="lost", only_next=1)
        await house.pay(payment)
        await waits(house, payment)
        for _ in range(2):
            asked = await house.ask("POST", f"/v1/payments/{payment['id']}/query")
            assert asked["state"] == "succeeded"
        assert await house.books() == PAID

    async def test_after_the_question_was_answered_posts_nothing_more(self, house: House) -> None:
        payment = await house.create("1", 600, 400)
        await house.behave(callback="late", late_s=60, only_next=1)
        await house.pay(payment)
        await house.later(seconds=30)
        await house.payment_in("succeeded", payment)
        assert await house.books() == PAID
        assert await house.attempts(payment) == []
        await house.later(seconds=31)
        assert await eventually(lambda: house.attempts(payment), bool) == [("good", 204)]
        assert await house.books() == PAID
        assert await house.posted() == 1

    async def test_and_the_answer_to_a_question_at_once_post_once(self, house: House, forger: Forger) -> None:
        payment = await house.create("1", 600, 400)
        await house.behave(callback="lost", only_next=1)
        await house.pay(payment)
        order = (await house.order(payment))["order"]
        now = house.clock.now()
        notice = forger.notice(forger.paid(payment, now, transaction_id=order["transaction_id"]), now)
        query = f"/v1/payments/{payment['id']}/query"
        answers = await asyncio.gather(
            notice.send(house), house.send("POST", query), notice.send(house), house.send("POST", query)
        )
        assert [answer.status for answer in answers] == [204, 200, 204, 200]
        assert await house.books() == PAID
        assert await house.posted() == 1
        assert await house.events(payment) == ["created", "code_issued", "paid"]


class TestAnUnbelievableCallback:
    @pytest.mark.parametrize(
        ("how", "form"), [("tampered", "tampered"), ("stale", "stale"), ("signtest", "signtest")]
    )
    async def test_is_refused_and_the_good_one_after_it_is_taken(
        self, house: House, how: str, form: str
    ) -> None:
        payment = await house.create("1", 600, 400)
        await house.behave(callback=how, only_next=1)
        await house.pay(payment)
        attempts = await eventually(lambda: house.attempts(payment), bool)
        assert attempts[0] == (form, 401)
        if how != "signtest":
            assert len(attempts) == 1
            await waits(house, payment)
            await house.later(seconds=15)
        await house.payment_in("succeeded", payment)
        attempts = await eventually(lambda: house.attempts(payment), lambda seen: len(seen) == 2)
        assert attempts[1] == ("good", 204)
        assert await house.books() == PAID

    async def test_that_was_recorded_and_is_replayed_later_moves_nothing(
        self, house: House, forger: Forger
    ) -> None:
        payment = await house.create("1", 600, 400)
        notice = forger.notice(forger.paid(payment, house.clock.now()), house.clock.now())
        await house.at(house.clock.now() + LONG_AGO)
        await refused(notice, house, 401)
        await waits(house, payment)

    async def test_from_the_future_moves_nothing(self, house: House, forger: Forger) -> None:
        payment, then = await house.create("1", 600, 400), house.clock.now() + LONG_AGO
        await refused(forger.notice(forger.paid(payment, then), then), house, 401)
        await waits(house, payment)

    async def test_by_its_headers_moves_nothing(self, house: House, forger: Forger) -> None:
        payment = await house.create("1", 600, 400)
        notice = forger.notice(forger.paid(payment, house.clock.now()), house.clock.now())
        for headers in HEADERS:
            await refused(altered(notice, **headers), house, 401)
        await waits(house, payment)
        assert (await notice.send(house)).status == 204
        assert await house.books() == PAID

    async def test_sealed_with_another_key_moves_nothing(self, house: House, forger: Forger) -> None:
        payment, now = await house.create("1", 600, 400), house.clock.now()
        await refused(forger.notice(forger.paid(payment, now), now, api_v3_key=b"0" * 32), house, 401)
        await waits(house, payment)

    async def test_of_no_shape_moves_nothing_signed_or_not(self, house: House, forger: Forger) -> None:
        payment, now = await house.create("1", 600, 400), house.clock.now()
        for body in BODIES:
            await refused(forger.signed(body, now), house, 401)
            await refused(Notice({}, body), house, 401)
        for content in CONTENTS:
            await refused(forger.notice(content, now), house, 401)
        for event_type in ("TRANSACTION.FAIL", "REFUND.SUCCESS", "COUPON.USE", ""):
            await refused(forger.notice(forger.paid(payment, now), now, event_type=event_type), house, 401)
        await waits(house, payment)

    async def test_larger_than_any_request_may_be_is_refused(self, house: House, forger: Forger) -> None:
        payment = await house.create("1", 600, 400)
        notice = forger.signed(b"x" * 4_000_001, house.clock.now())
        assert await house.send_large(PATH, notice.body, notice.headers) == 413
        await waits(house, payment)

    async def test_about_an_order_that_we_never_had_is_answered_so(
        self, house: House, forger: Forger
    ) -> None:
        payment, now = await house.create("1", 600, 400), house.clock.now()
        await refused(forger.notice(forger.paid(payment, now, out_trade_no="P0nobody"), now), house, 404)
        await waits(house, payment)

    async def test_about_another_merchant_moves_nothing_and_the_payment_is_found_by_asking(
        self, house: House
    ) -> None:
        payment = await house.create("1", 600, 400)
        await house.behave(callback="wrong_mchid", only_next=1)
        await house.pay(payment)
        assert await eventually(lambda: house.attempts(payment), bool) == [("good", 401)]
        await waits(house, payment)
        await house.later(seconds=30)
        await house.payment_in("succeeded", payment)
        assert await house.books() == PAID

    async def test_is_answered_only_to_a_post(self, house: House) -> None:
        assert (await house.send("GET", PATH)).status == 405


class TestACallbackWithAnotherAmount:
    async def test_under_a_good_signature_is_conflicted_and_posts_nothing(self, house: House) -> None:
        payment = await house.create("1", 600, 400)
        await house.behave(callback="wrong_amount", only_next=1)
        await house.pay(payment)
        await house.payment_in("conflicted", payment)
        assert await house.books() == {}
        assert await house.events(payment) == ["created", "code_issued", "conflicted"]
        # Taken, so that the channel does not send it again; it is ours to look at now.
        assert await eventually(lambda: house.attempts(payment), bool) == [("good", 204)]
        asked = await house.ask("POST", f"/v1/payments/{payment['id']}/query")
        assert asked["state"] == "conflicted"
        refund = {"refund_no": "r1", "amount": 1, "reason": ""}
        answer = await house.send("POST", f"/v1/payments/{payment['id']}/refunds", refund)
        assert answer.problem == (409, "payment_not_refundable")
        assert await house.books() == {}

    async def test_after_the_right_one_changes_nothing(self, house: House, forger: Forger) -> None:
        payment, now = await house.paid("1", 600, 400), house.clock.now()
        wrong = forger.paid(
            payment, now, transaction_id=payment["channel_transaction_no"],
            amount={"total": 1, "payer_total": 1, "currency": "CNY"},
        )  # fmt: skip
        assert (await forger.notice(wrong, now).send(house)).status == 204
        assert (await house.payment(payment))["state"] == "succeeded"
        assert await house.books() == PAID


async def refused(notice: Notice, house: House, status: int) -> None:
    """The notice is answered in WeChat Pay's own shape for what it should send again."""
    answer = await notice.send(house)
    assert answer.status == status
    assert answer.json["code"] == "FAIL"
    assert answer.json["message"]
