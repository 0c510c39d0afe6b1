"""Placing, closing and expiring orders at a channel that answers late, not at all, or with an error."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from feiqian.channels import PaymentMethod, WechatPay
from feiqian.kernel.ids import new_id
from feiqian.members import platform_id
from feiqian.payments import NewLine, NewPayment
from feiqian.payments.model import Route
from feiqian.payments.operations import create_payment
from tests.conftest import NOW
from tests.loop.house import House, eventually, open_house

pytestmark = pytest.mark.anyio

PAID = {"channel": 1000, "fee": 6, "A pending": 597, "B pending": 397}


async def intend(house: House, order_no: str, currency: str = "CNY") -> dict[str, str]:
    """What a process leaves that was killed after recording a payment and before calling the channel."""
    asked = NewPayment(
        order_no=order_no,
        amount=1000,
        currency=currency,
        description=f"Order {order_no}",
        lines=[NewLine(merchant_no="A", amount=600), NewLine(merchant_no="B", amount=400)],
    )
    route = Route(
        method=PaymentMethod.WECHATPAY_NATIVE,
        channels=("wechatpay",),
        notify_url=f"{house.url}/callbacks/wechatpay",
        lifetime_max=timedelta(days=7),
    )
    payment = await house.database.run(
        lambda tx: create_payment(
            tx,
            now=house.clock.now(),
            id=new_id(house.clock.now()),
            platform=platform_id("mall"),
            fee_rate=Decimal("0.006"),
            asked=asked,
            route=route,
        )
    )
    return {"id": payment.shown_id, "order_no": order_no}


class TestAnOrder:
    async def test_whose_answer_is_lost_gets_its_code_by_asking(self, hasty_house: House) -> None:
        house = hasty_house
        await house.behave(prepay="timeout_after_success", only_next=1)
        payment = await house.create("1", 600, 400)
        assert (payment["state"], payment["code_url"]) == ("created", None)
        assert (await house.order(payment))["order"]["trade_state"] == "NOTPAY"
        await house.later(seconds=30)
        payment = await house.payment_in("awaiting_payment", payment)
        await house.pay(payment)
        await house.payment_in("succeeded", payment)
        assert await house.books() == PAID
        assert await house.events(payment) == ["created", "channel_unanswered", "code_issued", "paid"]

    @pytest.mark.parametrize("trouble", ["error", "rate_limited"])
    async def test_that_the_channel_did_not_take_is_placed_again(self, house: House, trouble: str) -> None:
        await house.behave(prepay=trouble, only_next=1)
        payment = await house.create("1", 600, 400)
        assert (payment["state"], payment["code_url"]) == ("created", None)
        await house.later(seconds=30)
        await house.pay(await house.payment_in("awaiting_payment", payment))
        await house.payment_in("succeeded", payment)
        assert await house.books() == PAID

    async def test_that_the_platform_sends_again_is_placed_at_once(self, house: House) -> None:
        await house.behave(prepay="error", only_next=1)
        first = await house.create("1", 600, 400)
        again = await house.create("1", 600, 400)
        assert (first["state"], again["state"]) == ("created", "awaiting_payment")
        assert first["id"] == again["id"]
        await house.pay(again)
        await house.payment_in("succeeded", again)
        assert await house.books() == PAID

    async def test_whose_process_died_before_calling_is_placed_by_the_schedule(self, house: House) -> None:
        payment = await intend(house, "1")
        assert (await house.sandbox("GET", f"/sandbox/orders/P{payment['id'][8:]}")).status == 404
        await house.later(seconds=30)
        await house.pay(await house.payment_in("awaiting_payment", payment))
        await house.payment_in("succeeded", payment)
        assert await house.books() == PAID

    async def test_whose_process_died_is_placed_again_though_our_address_has_changed(
        self,
        database_urls: tuple[str, str],
        channel_dir: Path,
        sandbox_url: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("feiqian.channels.kinds.wechatpay.WechatPay", partial(WechatPay, timeout_s=2.0))
        open_next = partial(open_house, urls=database_urls, data_dir=channel_dir, sandbox_url=sandbox_url)
        async with open_next(now=NOW) as house:
            await house.behave(prepay="timeout_after_success", only_next=1)
            payment = await house.create("1", 600, 400)
            assert payment["state"] == "created"
        async with open_next(now=NOW) as house:
            await house.later(seconds=30)
            await house.pay(await house.payment_in("awaiting_payment", payment))
            # The callback goes to where the order said: nobody lives there any more.
            await house.later(seconds=60)
            await house.payment_in("succeeded", payment)
            assert await house.books() == PAID
            assert await house.broken() == []

    async def test_that_can_never_be_placed_keeps_no_other_from_being_asked_about(self, house: House) -> None:
        impossible = [await intend(house, f"impossible-{number}", "USD") for number in range(3)]
        payment = await house.create("1", 600, 400)
        await house.behave(callback="lost", only_next=1)
        await house.pay(payment)
        await house.later(seconds=30)
        await house.payment_in("succeeded", payment)
        for each in impossible:
            assert (await house.payment(each))["state"] == "created"
        # They are asked about less and less often, and end with their time.
        assert await eventually(house.services.gateway.check_due, lambda asked: asked == 0) == 0
        await house.later(hours=2)
        for each in impossible:
            await house.payment_in("closed", each)
        assert await house.books() == PAID


class TestAnOrderThatIsCalledOff:
    async def test_cannot_be_paid_any_more(self, house: House) -> None:
        payment = await house.create("1", 600, 400)
        path = f"/v1/payments/{payment['id']}/close"
        for _ in range(2):
            assert (await house.ask("POST", path))["state"] == "closed"
        answer = await house.sandbox("POST", "/sandbox/pay", {"code_url": payment["code_url"]})
        assert answer.problem == (400, "ORDER_CLOSED")
        assert (await house.payment(payment))["state"] == "closed"
        assert await house.books() == {}
        assert await house.events(payment) == ["created", "code_issued", "closed"]

    async def test_after_it_was_paid_is_refused(self, house: House) -> None:
        payment = await house.paid("1", 600, 400)
        answer = await house.send("POST", f"/v1/payments/{payment['id']}/close")
        assert answer.problem == (409, "payment_not_closable")
        assert await house.books() == PAID

    async def test_after_it_was_paid_unheard_succeeds_instead(self, house: House) -> None:
        payment = await house.create("1", 600, 400)
        await house.behave(callback="lost", only_next=1)
        await house.pay(payment)
        assert await house.books() == {}
        answer = await house.send("POST", f"/v1/payments/{payment['id']}/close")
        assert answer.problem == (409, "payment_not_closable")
        assert (await house.payment(payment))["state"] == "succeeded"
        assert await house.books() == PAID

    async def test_while_the_buyer_pays_is_either_paid_or_closed(self, house: House) -> None:
        for number in range(6):
            payment = await house.create(str(number), 600, 400)
            paying = house.sandbox("POST", "/sandbox/pay", {"code_url": payment["code_url"]})
            closing = house.send("POST", f"/v1/payments/{payment['id']}/close")
            both = (paying, closing) if number % 2 else (closing, paying)
            await asyncio.gather(*both)
            order = (await house.order(payment))["order"]["trade_state"]
            await house.payment_in("succeeded" if order == "SUCCESS" else "closed", payment)
        states = [row["state"] for row in (await house.ask("GET", "/v1/payments"))["items"]]
        assert len(states) == 6
        assert (await house.books()).get("channel", 0) == 1000 * states.count("succeeded")


class TestAnOrderThatExpires:
    async def test_is_closed_on_both_sides(self, house: House) -> None:
        payment = await house.create("1", 600, 400, expires_in_s=300)
        await house.later(seconds=299)
        assert (await house.payment(payment))["state"] == "awaiting_payment"
        await house.later(seconds=1)
        await house.payment_in("closed", payment)
        answer = await house.sandbox("POST", "/sandbox/pay", {"code_url": payment["code_url"]})
        assert answer.problem == (400, "ORDER_CLOSED")
        assert await house.books() == {}

    async def test_after_it_was_paid_unheard_succeeds(self, house: House) -> None:
        payment = await house.create("1", 600, 400, expires_in_s=300)
        await house.behave(callback="lost", only_next=1)
        await house.pay(payment)
        await house.later(hours=1)
        await house.payment_in("succeeded", payment)
        assert await house.books() == PAID

    async def test_that_the_channel_never_had_is_closed(self, house: House) -> None:
        await house.behave(prepay="error")
        payment = await house.create("1", 600, 400, expires_in_s=300)
        await house.later(seconds=300)
        await house.payment_in("closed", payment)
        assert await house.books() == {}
        await house.behave(prepay="normal")
        assert (await house.create("1", 600, 400, expires_in_s=300))["state"] == "closed"
