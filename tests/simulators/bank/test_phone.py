"""The page on which a person pays into an account of the bank."""

from urllib.parse import urlencode

import pytest
from tests.simulators.bank.platform import MAIN, Answer, Bank

VIRTUAL = "622848010000000011"


def press(bank: Bank, **form: str) -> Answer:
    """The button, with what stands in the form."""
    body = urlencode(form).encode()
    return bank.send("POST", "/phone/pay", body, {"Content-Type": "application/x-www-form-urlencoded"})


class TestThePage:
    def test_is_filled_in_with_what_the_platform_told(self, bank: Bank) -> None:
        page = bank.send("GET", f"/phone?account={VIRTUAL}&amount=12.30&lang=en").body.decode()
        assert f'value="{VIRTUAL}"' in page
        assert 'value="12.30"' in page
        assert "Transfer" in page

    def test_pays_in(self, bank: Bank) -> None:
        before = bank.balance()
        page = press(bank, account=VIRTUAL, amount="12.30", payer_name="韩梅梅", memo="订单 5")
        assert page.status == 200
        assert "12.30" in page.body.decode()
        assert bank.balance() == before + 1230

    @pytest.mark.parametrize(
        "form",
        [
            {"account": VIRTUAL, "amount": "1.234"},
            {"account": VIRTUAL, "amount": "-1"},
            {"account": VIRTUAL, "amount": "many"},
            {"account": "nowhere", "amount": "1"},
            {"account": "6222021100000000025", "amount": "1"},
            {},
        ],
    )
    def test_says_what_to_check_and_moves_nothing(self, bank: Bank, form: dict[str, str]) -> None:
        before = bank.sandbox("state")["accounts"]
        page = press(bank, **form)
        assert page.status == 422
        assert "未能转账" in page.body.decode()
        assert bank.sandbox("state")["accounts"] == before

    def test_runs_no_script_of_what_was_typed(self, bank: Bank) -> None:
        page = press(bank, account='"><script>alert(1)</script>', amount="1", memo=MAIN).body.decode()
        assert "<script" not in page
