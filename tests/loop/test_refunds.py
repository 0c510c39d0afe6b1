"""Refunds over a channel that answers late, not at all, with an error, or with a refusal: the buyer is paid back once."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from feiqian.channels import OrderKey, PaymentMethod, RefundRequest, WechatPay, config_from_sandbox
from feiqian.infra.http import HttpClient
from feiqian.kernel.ids import parse_id
from tests.conftest import NOW
from tests.loop.house import House, eventually, open_house, out_trade_no
from tests.loop.notices import Forger

pytestmark = pytest.mark.anyio

PAID = {"channel": 1000, "fee": 6, "A pending": 597, "B pending": 397}
ASKED = {"channel": 1000, "transit": 500, "fee": 3, "A pending": 299, "B pending": 198}
"""The books while a refund of 500 is under way."""
REFUNDED = {"channel": 500, "fee": 3, "A pending": 299, "B pending": 198}


async def refunds_at_channel(house: House, payment: dict[str, Any]) -> list[tuple[int, str]]:
    """(amount, status) of every refund that the channel has of a payment."""
    return [(each["amount"]["refund"], each["status"]) for each in (await house.order(payment))["refunds"]]


class TestARefund:
    async def test_reaches_the_buyer_and_comes_out_of_the_channel(self, house: House) -> None:
        payment = await house.paid("1", 600, 400)
        assert await house.books() == PAID
        refund = await house.refunded(payment, "r1", 500)
        assert (refund["fee_returned"], refund["shares"]) == (
            3,
            [{"merchant_no": "A", "amount": 298}, {"merchant_no": "B", "amount": 199}],
        )
        assert await house.books() == REFUNDED
        assert await refunds_at_channel(house, payment) == [(500, "SUCCESS")]
        assert (
            await eventually(lambda: house.attempts(payment), lambda seen: len(seen) == 2)
            == [("good", 204)] * 2
        )
        assert (await house.payment(payment))["refunded"] == 500
        assert await house.posted() == 3

    async def test_in_parts_until_nothing_is_left_ends_at_exactly_zero(self, house: House) -> None:
        payment = await house.paid("1", 334, 333, 333)
        for number, amount in enumerate((1, 332, 334, 333)):
            await house.refunded(payment, f"r{number}", amount)
        assert await house.books() == {}
        body = {"refund_no": "r9", "amount": 1, "reason": ""}
        answer = await house.send("POST", f"/v1/payments/{payment['id']}/refunds", body)
        assert answer.problem == (409, "refund_exceeds_payment")
        assert sum(amount for amount, _ in await refunds_at_channel(house, payment)) == 1000

    async def test_asked_for_by_ten_at_once_never_exceeds_the_payment(self, house: House) -> None:
        payment = await house.paid("1", 600, 400)
        path = f"/v1/payments/{payment['id']}/refunds"
        answers = await asyncio.gather(
            *(
                house.send("POST", path, {"refund_no": f"r{number}", "amount": 300, "reason": ""})
                for number in range(10)
            )
        )
        taken = [answer.json for answer in answers if answer.status == 201]
        assert len(taken) == 3
        assert {answer.problem for answer in answers if answer.status != 201} == {
            (409, "refund_exceeds_payment")
        }
        for refund in taken:
            await house.refund_in("succeeded", refund)
        assert (await house.books())["channel"] == 100
        assert await refunds_at_channel(house, payment) == [(300, "SUCCESS")] * 3

    async def test_asked_for_under_one_number_by_ten_at_once_is_made_once(self, house: House) -> None:
        payment = await house.paid("1", 600, 400)
        refunds = await asyncio.gather(*(house.refund(payment, "r1", 500) for _ in range(10)))
        assert len({refund["id"] for refund in refunds}) == 1
        await house.refund_in("succeeded", refunds[0])
        assert await house.books() == REFUNDED
        assert await refunds_at_channel(house, payment) == [(500, "SUCCESS")]


class TestARefundWithoutAnAnswer:
    async def test_is_found_by_asking_and_made_once(self, hasty_house: House) -> None:
        house = hasty_house
        payment = await house.paid("1", 600, 400)
        await house.behave(refund="timeout_after_success", callback="lost", only_next=1)
        refund = await house.refund(payment, "r1", 500)
        await eventually(lambda: _checks(house), lambda checks: checks == 1)
        assert await house.books() == ASKED
        assert await refunds_at_channel(house, payment) == [(500, "SUCCESS")]
        await house.later(seconds=60)
        await house.refund_in("succeeded", refund)
        assert await house.books() == REFUNDED
        assert await refunds_at_channel(house, payment) == [(500, "SUCCESS")]

    async def test_is_known_by_its_callback_before_anybody_asks(self, hasty_house: House) -> None:
        house = hasty_house
        payment = await house.paid("1", 600, 400)
        await house.behave(refund="timeout_after_success", only_next=1)
        await house.refunded(payment, "r1", 500)
        assert await house.books() == REFUNDED
        assert await house.posted() == 3

    async def test_because_the_channel_failed_is_made_when_it_is_well_again(self, house: House) -> None:
        payment = await house.paid("1", 600, 400)
        await house.behave(refund="error", only_next=1)
        refund = await house.refund(payment, "r1", 500)
        await eventually(lambda: _checks(house), lambda checks: checks == 1)
        assert await house.books() == ASKED
        assert await refunds_at_channel(house, payment) == []
        await house.later(seconds=60)
        await house.refund_in("succeeded", refund)
        assert await house.books() == REFUNDED
        assert await refunds_at_channel(house, payment) == [(500, "SUCCESS")]

    async def test_because_its_worker_died_is_made_by_the_schedule(
        self, database_urls: tuple[str, str], channel_dir: Path, sandbox_url: str
    ) -> None:
        async with open_house(
            urls=database_urls, data_dir=channel_dir, sandbox_url=sandbox_url, now=NOW, working=False
        ) as house:
            payment = await house.paid("1", 600, 400)
            refund = await house.refund(payment, "r1", 500)
            assert await house.services.gateway.check_due() == 0
            assert await house.books() == ASKED
            assert await refunds_at_channel(house, payment) == []
            await house.later(seconds=30)
            assert await house.services.gateway.check_due() == 1
            await house.refund_in("succeeded", refund)
            assert await house.books() == REFUNDED
        # The next worker finds the job still waiting, and that it is done.
        async with open_house(
            urls=database_urls, data_dir=channel_dir, sandbox_url=sandbox_url, now=house.clock.now()
        ) as house:
            await eventually(lambda: _jobs(house), lambda jobs: jobs == 0)
            assert await house.books() == REFUNDED
            assert await refunds_at_channel(house, payment) == [(500, "SUCCESS")]
            assert await house.broken() == []

    async def test_asked_about_and_reported_at_once_is_posted_once(self, house: House) -> None:
        payment = await house.paid("1", 600, 400)
        await house.behave(refund="processing", only_next=1)
        refund = await house.refund_in("processing", await house.refund(payment, "r1", 500))
        assert await house.books() == ASKED
        await house.behave(callback="duplicated", only_next=1)
        await house.later(seconds=61)
        number = "R" + refund["id"].removeprefix("refund_")
        settling = house.sandbox("POST", f"/sandbox/refunds/{number}", {"status": "SUCCESS"})
        await asyncio.gather(settling, *(house.services.gateway.check_due() for _ in range(4)))
        await house.refund_in("succeeded", refund)
        await eventually(lambda: house.attempts(payment), lambda seen: len(seen) == 3)
        assert await house.books() == REFUNDED
        assert await house.posted() == 3


class TestARefundThatDoesNotHappen:
    async def test_because_the_channel_gave_it_up_puts_the_money_back(self, house: House) -> None:
        payment = await house.paid("1", 600, 400)
        await house.behave(refund="processing", only_next=1)
        refund = await house.refund_in("processing", await house.refund(payment, "r1", 500))
        assert await house.books() == ASKED
        number = "R" + refund["id"].removeprefix("refund_")
        assert (await house.sandbox("POST", f"/sandbox/refunds/{number}", {"status": "CLOSED"})).status == 200
        assert (await house.refund_in("failed", refund))["error"]
        assert await house.books() == PAID
        # What went back may be refunded again.
        await house.refunded(payment, "r2", 1000)
        assert await house.books() == {}

    async def test_because_the_channel_has_no_such_payment_puts_the_money_back(
        self, house: House, channel_dir: Path
    ) -> None:
        payment, now = await house.create("1", 600, 400), house.clock.now()
        forger = Forger(channel_dir)
        assert (await forger.notice(forger.paid(payment, now), now).send(house)).status == 204
        assert await house.books() == PAID
        await house.refund_in("failed", await house.refund(payment, "r1", 500))
        assert await house.books() == PAID

    async def test_because_the_channel_has_not_so_much_left_puts_the_money_back(
        self, house: House, channel_dir: Path, sandbox_url: str
    ) -> None:
        payment = await house.paid("1", 600, 400)
        await _refund_behind_our_back(house, payment, 800, channel_dir, sandbox_url)
        refund = await house.refund(payment, "r1", 500)
        # The channel's refusal may be an echo of our own first try, so it is asked before it is believed.
        await eventually(lambda: _checks(house), lambda checks: checks == 1)
        assert await house.books() == ASKED
        await house.later(seconds=60)
        assert (await house.refund_in("failed", refund))["error"]
        assert await house.books() == PAID
        assert await refunds_at_channel(house, payment) == [(800, "SUCCESS")]

    async def test_because_the_buyers_account_is_gone_keeps_the_money_in_transit_and_says_so(
        self, house: House
    ) -> None:
        payment = await house.paid("1", 600, 400)
        await house.behave(refund="abnormal", only_next=1)
        refund = await house.refund(payment, "r1", 500)
        await eventually(lambda: _state(house, refund), lambda state: state == "abnormal")
        assert await house.books() == ASKED
        assert "refund_abnormal" in await house.events(payment)
        await house.later(hours=2)
        await eventually(house.services.gateway.check_due, lambda asked: asked == 0)
        assert await _state(house, refund) == "abnormal"
        assert await house.books() == ASKED

    async def test_with_another_amount_than_was_asked_for_is_not_posted(self, house: House) -> None:
        payment = await house.paid("1", 600, 400)
        await house.behave(refund="processing", callback="wrong_amount", only_next=1)
        refund = await house.refund_in("processing", await house.refund(payment, "r1", 500))
        number = "R" + refund["id"].removeprefix("refund_")
        await house.sandbox("POST", f"/sandbox/refunds/{number}", {"status": "SUCCESS"})
        await eventually(lambda: _state(house, refund), lambda state: state == "abnormal")
        assert await house.books() == ASKED


async def _refund_behind_our_back(
    house: House, payment: dict[str, Any], amount: int, channel_dir: Path, sandbox_url: str
) -> None:
    """Somebody refunds by hand in the channel's own back office."""
    async with HttpClient() as http:
        channel = WechatPay(
            config=config_from_sandbox(channel_dir / "wechatpay-sandbox" / "credentials.json", sandbox_url),
            http=http,
        )
        request = RefundRequest(
            order=OrderKey(
                out_trade_no=out_trade_no(payment),
                method=PaymentMethod.WECHATPAY_NATIVE,
                placed_at=NOW,
            ),
            requested_at=NOW,
            out_refund_no=f"by-hand-{payment['id']}",
            amount=amount,
            total=payment["amount"],
            currency="CNY",
        )
        await channel.refund(request, now=house.clock.now())


async def _checks(house: House) -> int:
    """How often the newest refund's channel was called without a final answer."""
    async with house.database.transaction() as tx:
        return await tx.one(int, "SELECT max(checks) FROM payments.refund")


async def _state(house: House, refund: dict[str, Any]) -> str:
    async with house.database.transaction() as tx:
        return await tx.one(
            str, "SELECT state FROM payments.refund WHERE id = %s", (parse_id("refund", refund["id"]),)
        )


async def _jobs(house: House) -> int:
    async with house.database.transaction() as tx:
        return await tx.one(int, "SELECT count(*)::int FROM jobs.procrastinate_jobs")
