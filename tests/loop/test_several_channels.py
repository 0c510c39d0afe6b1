"""A house with several connections: each payment goes where routing says, and whatever one channel does, the others go on."""

from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta
from itertools import count
from typing import Any

import msgspec
import pytest

from feiqian.app.sandbox import SandboxPlaces, contracts_in, open_simulators
from feiqian.channels import ChannelKind, PaymentMethod
from feiqian.connections import Actor, Change, Limits, change_connection, pause
from feiqian.infra.database import Database
from feiqian.kernel.calendar import business_date, local
from feiqian.kernel.ids import parse_id
from feiqian.ledger import AccountCode
from feiqian.routing import Condition, Rule, decisions_of, set_rules
from tests.loop.house import House, eventually, open_house

pytestmark = pytest.mark.anyio

WECHATPAY, ALIPAY = ChannelKind.WECHATPAY, ChannelKind.ALIPAY
SECOND = "alipay-2"
CODES = frozenset({"wechatpay", "alipay", SECOND})
WHO = Actor(name="test")
_months = count()


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxPlaces]:
    """WeChat Pay and Alipay, simulated, each as a process of its own."""
    with open_simulators(tmp_path_factory.mktemp("channels"), [WECHATPAY, ALIPAY]) as opened:
        yield opened


@pytest.fixture
async def house(database_urls: tuple[str, str], places: SandboxPlaces) -> AsyncIterator[House]:
    """A house with one connection to WeChat Pay and two to Alipay, on days of its own."""
    contracts = contracts_in(places)
    (alipay,) = [each for each in contracts if each.kind is ALIPAY]
    second = msgspec.structs.replace(alipay, code=SECOND, name="Alipay, second contract")
    now = local(date(2027, 1, 4) + timedelta(days=28 * next(_months)), 12)
    async with open_house(
        urls=database_urls,
        data_dir=places.data_dir,
        sandbox_url=places.url(WECHATPAY),
        now=now,
        places=places,
        contracts=[*contracts, second],
    ) as opened:
        yield opened
        await misbehave(opened, answer="normal", bill="normal")
        assert await opened.broken() == []


async def misbehave(house: House, **how: object) -> None:
    """Tell Alipay how to answer."""
    answer = await house.sandbox("POST", "/sandbox/behaviour", how, kind=ALIPAY)
    assert answer.status == 200, answer


async def pay_by_alipay(house: House, payment: Any) -> Any:
    answer = await house.sandbox("POST", "/sandbox/pay", {"qr_code": payment["code_url"]}, kind=ALIPAY)
    assert answer.status == 200, answer
    return await house.payment_in("succeeded", payment)


def used(payment: Any) -> list[tuple[str, str]]:
    """(connection, state) of each attempt."""
    return [(each["channel"], each["state"]) for each in payment["attempts"]]


async def rules(house: House, *made: Rule) -> None:
    """Put rules into force, and wait until the house follows."""
    now = house.clock.now()
    await house.database.run(
        lambda tx: set_rules(tx, now=now, by="test", rules=made, note="test", based_on=0, known=CODES)
    )
    await house.services.router.refresh()


async def owed_by(database: Database) -> dict[str, int]:
    """What each connection owes us."""
    async with database.transaction() as tx:
        rows = await tx.connection.execute(
            "SELECT owner, debits - credits FROM ledger.account WHERE code = %s AND debits <> credits",
            (AccountCode.CHANNEL_RECEIVABLE.value,),
        )
        return dict(await rows.fetchall())


class TestAPayment:
    async def test_by_alipay_is_taken_and_refunded_there(self, house: House) -> None:
        payment = await house.create("1", 600, 400, method="alipay_qr")
        assert payment["code_url"].startswith("https://qr.alipay.com/")
        paid = await pay_by_alipay(house, payment)
        (channel, state) = used(paid)[0]
        assert (channel in ("alipay", SECOND), state) == (True, "succeeded")
        assert await owed_by(house.database) == {channel: 1000}
        await house.refunded(paid, "r1", 300)
        assert await owed_by(house.database) == {channel: 700}
        assert await house.books() == {"channel": 700, "A pending": 418, "B pending": 277, "fee": 5}

    async def test_goes_where_a_rule_sends_it_and_says_why(self, house: House) -> None:
        await rules(house, Rule(name="second first", prefer=(SECOND,)))
        payment = await house.create("1", 1000, method="alipay_qr")
        assert used(payment) == [(SECOND, "awaiting_payment")]
        async with house.database.transaction() as tx:
            (kept,) = await decisions_of(tx, parse_id("payment", payment["id"]))
        assert kept.decision.order[0] == SECOND
        assert "second first" in [step.note for step in kept.decision.steps]

    async def test_begun_at_a_connection_that_is_paused_goes_on_there(self, house: House) -> None:
        await rules(house, Rule(name="second first", prefer=(SECOND,)))
        payment = await house.create("1", 1000, method="alipay_qr")
        now = house.clock.now()
        await house.database.run(lambda tx: pause(tx, now=now, actor=WHO, code=SECOND, reason="test"))
        # No restart: within a second or two new payments go elsewhere.
        numbers = count(2)

        async def another() -> Any:
            return await house.create(str(next(numbers)), 1000, method="alipay_qr")

        await eventually(another, lambda made: used(made) == [("alipay", "awaiting_payment")])
        assert used(await pay_by_alipay(house, payment)) == [(SECOND, "succeeded")]

    async def test_beyond_what_a_connection_may_take_today_goes_elsewhere(self, house: House) -> None:
        await rules(house, Rule(name="second first", prefer=(SECOND,)))
        now = house.clock.now()
        change = Change(limits=Limits(amount_per_day=1_500))
        await house.database.run(
            lambda tx: change_connection(tx, now=now, actor=WHO, code=SECOND, change=change, reason="test")
        )
        await house.services.live.refresh()
        await pay_by_alipay(house, await house.create("1", 1000, method="alipay_qr"))
        await house.services.channels.count_today(house.database, house.clock.now())
        assert used(await house.create("2", 501, method="alipay_qr")) == [("alipay", "awaiting_payment")]
        assert used(await house.create("3", 500, method="alipay_qr")) == [(SECOND, "awaiting_payment")]


class TestAConnectionThatFails:
    async def test_is_left_out_after_five_faults_and_comes_back_when_it_is_well(self, house: House) -> None:
        by_alipay = Condition(methods=frozenset({PaymentMethod.ALIPAY_QR}))
        await rules(house, Rule(name="not the second", when=by_alipay, only=("alipay",)))
        await misbehave(house, answer="error")
        for number in range(5):
            await house.create(f"fault-{number}", 1000, method="alipay_qr")
        refused = await house.send("POST", "/v1/payments", _order("after", method="alipay_qr"))
        assert (refused.status, refused.json["code"]) == (422, "no_route")
        assert "alipay: failing" in refused.json["detail"]
        assert (await house.paid("wechat", 1000))["state"] == "succeeded"
        await misbehave(house, answer="normal")
        await house.later(seconds=31)
        numbers = count(6)

        async def another() -> int:
            order = _order(f"again-{next(numbers)}", method="alipay_qr")
            return (await house.send("POST", "/v1/payments", order)).status

        await eventually(another, lambda status: status == 201)


class TestADay:
    async def test_whose_bill_one_channel_withholds_is_reconciled_with_the_others(self, house: House) -> None:
        await house.paid("1", 1000)
        await rules(house, Rule(name="first only", only=("alipay", "wechatpay")))
        await pay_by_alipay(house, await house.create("2", 500, method="alipay_qr"))
        day = business_date(house.clock.now())
        await misbehave(house, bill="missing")
        await house.at(local(day + timedelta(days=1), 12, 5))
        refused = await house.send("POST", f"/v1/days/{day}/reconcile")
        assert (refused.status, refused.json["code"]) == (404, "bill_missing")
        assert await owed_by(house.database) == {"alipay": 500}
        await misbehave(house, bill="normal")
        done = await house.ask("POST", f"/v1/days/{day}/reconcile")
        assert {each["channel"]: each["matched"] for each in done["channels"]}["alipay"] == 1
        assert await owed_by(house.database) == {}


def _order(order_no: str, **more: object) -> dict[str, object]:
    return {
        "order_no": order_no,
        "amount": 1000,
        "currency": "CNY",
        "description": order_no,
        "lines": [{"merchant_no": "A", "amount": 1000}],
        **more,
    }
