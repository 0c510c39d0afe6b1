"""Choosing how to pay, and choosing again, over the API while a buyer pays on the phone."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from tests.loop.house import Answer, House

pytestmark = pytest.mark.anyio

PAID = {"channel": 1000, "fee": 6, "A pending": 597, "B pending": 397}
METHOD = "wechatpay_native"


async def choose(house: House, payment: Mapping[str, Any], key: str | None = None) -> Answer:
    body = {"method": METHOD} if key is None else {"method": METHOD, "key": key}
    return await house.send("POST", f"/v1/payments/{payment['id']}/attempts", body)


def states(payment: Mapping[str, Any]) -> list[str]:
    return [attempt["state"] for attempt in payment["attempts"]]


async def pay_code(house: House, code_url: str) -> Answer:
    return await house.sandbox("POST", "/sandbox/pay", {"code_url": code_url})


class TestAPaymentByAnybody:
    async def test_shows_its_attempt_and_what_to_do_next(self, house: House) -> None:
        payment = await house.create("1", 600, 400)
        assert payment["next_step"] == {"kind": "show_code", "code_url": payment["code_url"]}
        (attempt,) = payment["attempts"]
        assert (attempt["position"], attempt["state"], attempt["channel"], attempt["method"]) == (
            1,
            "awaiting_payment",
            "wechatpay",
            METHOD,
        )
        assert attempt["error"] is None
        await house.pay(payment)
        paid = await house.payment_in("succeeded", payment)
        assert (paid["next_step"], paid["code_url"], states(paid)) == (None, None, ["succeeded"])
        assert paid["attempts"][0]["channel_transaction_no"] == paid["channel_transaction_no"]

    async def test_that_its_channel_refuses_says_why(self, house: House) -> None:
        payment = await house.create("1", 600, 400, description="x" * 127)
        assert payment["attempts"][0]["error"] is None
        await house.behave(prepay="error", only_next=1)
        waiting = await house.create("2", 600, 400)
        assert waiting["attempts"][0]["error"]["code"].startswith("channel_")
        assert waiting["attempts"][0]["error"]["message"]


class TestABuyerWhoChoosesLater:
    async def test_has_no_order_before_and_one_after(self, house: House) -> None:
        payment = await house.create("1", 600, 400, methods=[METHOD])
        assert (payment["state"], payment["method"], payment["methods"]) == (
            "requires_method",
            None,
            [METHOD],
        )
        assert (payment["next_step"], payment["code_url"], payment["attempts"]) == (None, None, [])
        assert (await house.sandbox("GET", f"/sandbox/orders/P{payment['id'][8:]}")).status == 404
        chosen = payment
        for _ in range(3):
            chosen = (await choose(house, payment)).json
            assert (chosen["state"], states(chosen)) == ("awaiting_payment", ["awaiting_payment"])
        await house.pay(chosen)
        await house.payment_in("succeeded", chosen)
        assert await house.books() == PAID

    async def test_who_wants_a_fresh_order_gets_it_once_the_old_one_is_closed(self, house: House) -> None:
        payment = await house.create("1", 600, 400)
        chosen = (await choose(house, payment, "fresh")).json
        assert states(chosen) == ["closed", "awaiting_payment"]
        assert chosen["attempts"][1]["out_trade_no"] == payment["attempts"][0]["out_trade_no"] + "2"
        assert (await choose(house, payment, "fresh")).json == chosen
        assert (await pay_code(house, payment["code_url"])).problem == (400, "ORDER_CLOSED")
        await house.pay(chosen)
        paid = await house.payment_in("succeeded", chosen)
        assert states(paid) == ["closed", "succeeded"]
        assert await house.books() == PAID
        assert (await choose(house, payment, "again")).problem == (409, "payment_ended")
        assert await house.books() == PAID
        assert (await house.refunded(paid, "r1", 1000))["state"] == "succeeded"
        assert await house.books() == {}

    async def test_may_not_choose_what_is_not_allowed_or_not_a_method(self, house: House) -> None:
        payment = await house.create("1", 600, 400, methods=[METHOD, "alipay_qr"])
        path = f"/v1/payments/{payment['id']}/attempts"
        for body, status in (
            ({"method": "unionpay_b2b"}, 422),
            ({"method": "cash"}, 400),
            ({}, 400),
            ({"method": METHOD, "payer": {"return_url": "ftp://x"}}, 400),
        ):
            assert (await house.send("POST", path, body)).status == status, body
        assert (await house.payment(payment))["attempts"] == []
        other = "payment_" + "0" * 26
        assert (await house.send("POST", f"/v1/payments/{other}/attempts", {"method": METHOD})).status == 404


class TestASwitchWhileTheBuyerPays:
    async def test_ends_with_one_payment_and_the_money_of_all_orders_in_the_books(self, house: House) -> None:
        collected = 0
        for number in range(6):
            payment = await house.create(str(number), 600, 400)
            paying, switching = pay_code(house, payment["code_url"]), choose(house, payment, "k")
            both = (paying, switching) if number % 2 else (switching, paying)
            await asyncio.gather(*both)
            old = (await house.order(payment))["order"]["trade_state"]
            if old == "SUCCESS":
                paid = await house.payment_in("succeeded", payment)
            else:
                fresh = await house.payment(payment)
                assert states(fresh) == ["closed", "awaiting_payment"]
                await house.pay(fresh)
                paid = await house.payment_in("succeeded", fresh)
            assert states(paid).count("succeeded") == 1
            collected += 1000
        assert (await house.books())["channel"] == collected

    async def test_after_it_was_paid_unheard_is_refused_and_the_payment_has_succeeded(
        self, house: House
    ) -> None:
        payment = await house.create("1", 600, 400)
        await house.behave(callback="lost", only_next=1)
        await house.pay(payment)
        assert (await choose(house, payment, "k")).problem == (409, "payment_ended")
        assert (await house.payment(payment))["state"] == "succeeded"
        assert await house.books() == PAID


class TestWhatIsSaidAtOnce:
    async def test_by_two_notices_and_questions_is_posted_once(self, house: House) -> None:
        payment = await house.create("1", 600, 400)
        await house.behave(callback="duplicated", only_next=1)
        paying = house.pay(payment)
        asking = [house.send("POST", f"/v1/payments/{payment['id']}/query") for _ in range(5)]
        answers = (await asyncio.gather(paying, *asking))[1:]
        assert {answer.status for answer in answers if answer is not None} == {200}
        await house.payment_in("succeeded", payment)
        assert (await house.books(), await house.posted()) == (PAID, 1)

    async def test_at_an_address_of_no_connection_is_not_found(self, house: House) -> None:
        answer = await house.send("POST", "/callbacks/nobody", raw=b"{}")
        assert answer.status == 404
        metrics = await house.send("GET", "/metrics")
        assert metrics.status == 200
