"""A company pays by a transfer to the account that was made for its order, at a bank we talk to directly."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from feiqian.app.contracts import Contract
from feiqian.app.sandbox import SandboxPlaces, contracts_in, open_simulators
from feiqian.channels import BankConfig, ChannelKind, bank_config_from_sandbox
from tests.conftest import NOW
from tests.loop.house import House, open_house

pytestmark = pytest.mark.anyio

WECHATPAY, BANK = ChannelKind.WECHATPAY, ChannelKind.BANK


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxPlaces]:
    with open_simulators(tmp_path_factory.mktemp("bank"), [WECHATPAY, BANK]) as opened:
        yield opened


def access(places: SandboxPlaces) -> BankConfig:
    return bank_config_from_sandbox(_credentials(places.data_dir), places.url(BANK))


def _credentials(directory: Path) -> Path:
    return directory / "bank-sandbox" / "credentials.json"


@pytest.fixture
async def house(database_urls: tuple[str, str], places: SandboxPlaces) -> AsyncIterator[House]:
    """A house with an account at the bank, which tells it of every transfer."""
    only = SandboxPlaces(data_dir=places.data_dir, addresses={WECHATPAY: places.addresses[WECHATPAY]})
    bank = Contract(code="bank", kind=BANK, name="甲银行 Bank A", config=access(places))
    async with open_house(
        urls=database_urls,
        data_dir=places.data_dir,
        sandbox_url=places.url(WECHATPAY),
        now=NOW,
        places=places,
        contracts=[*contracts_in(only), bank],
    ) as opened:
        told = {"number": access(places).account_no, "notify_url": f"{opened.url}/callbacks/bank"}
        assert (await opened.sandbox("POST", "/sandbox/accounts", told, kind=BANK)).status == 200
        yield opened
        assert await opened.broken() == []


async def transfer(house: House, payment: Any, amount: int) -> None:
    """Somebody transfers to the account that the order names."""
    body = {
        "account": payment["next_step"]["account_no"],
        "amount": amount,
        "payer_name": "乙公司",
        "payer_account": "6222000000000000001",
    }
    answer = await house.sandbox("POST", "/sandbox/pay", body, kind=BANK)
    assert answer.status == 200, answer


class TestATransfer:
    async def test_of_the_amount_pays_the_order_when_the_bank_tells_of_it(self, house: House) -> None:
        payment = await house.create("1", 60_000, 40_000, method="bank_transfer")
        step = payment["next_step"]
        assert (step["kind"], bool(step["account_no"]), step["account_name"]) == (
            "transfer_money",
            True,
            access(house.places).account_name,
        )
        await transfer(house, payment, 100_000)
        await house.payment_in("succeeded", payment)
        assert await house.books() == {
            "channel": 100_000, "fee": 600, "A pending": 59_640, "B pending": 39_760,
        }  # fmt: skip

    async def test_of_another_amount_is_no_payment_but_stands_to_be_decided(self, house: House) -> None:
        payment = await house.create("1", 100_000, method="bank_transfer")
        await transfer(house, payment, 99_999)
        seen = await house.payment_in("conflicted", payment)
        assert seen["attempts"][0]["error"]["code"] == "conflicted"
        assert await house.books() == {}

    async def test_to_one_order_leaves_the_others_waiting(self, house: House) -> None:
        first = await house.create("1", 100_000, method="bank_transfer")
        second = await house.create("2", 100_000, method="bank_transfer")
        assert first["next_step"]["account_no"] != second["next_step"]["account_no"]
        await transfer(house, second, 100_000)
        await house.payment_in("succeeded", second)
        assert (await house.payment(first))["state"] == "awaiting_payment"
