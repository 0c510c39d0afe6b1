"""All fronts at once, behaving badly: at the end every account adds up, and so does the whole bank."""

import random

from tests.simulators.bank.line import Line
from tests.simulators.bank.platform import MAIN, SECOND, SOMEBODY, Bank, Payout

OURS, ELSEWHERE = "313100000013", "105100000017"
ACCOUNTS = [
    (SECOND, OURS),
    (SOMEBODY, OURS),
    ("622848010000000077", OURS),
    ("6217000010000000001", ELSEWHERE),
]
FATES = ["normal", "normal", "rejected", "processing", "rejected_later", "returned"]


def play(bank: Bank, line: Line, chance: random.Random, step: int) -> None:
    """One thing that somebody does at one of the fronts."""
    account, its_bank = chance.choice(ACCOUNTS)
    bank.sandbox("behaviour", {"payment": chance.choice(FATES), "only_next": 1})
    action = chance.randrange(4)
    if action == 0:
        amount = f"{chance.randrange(1, 80_000)}.{chance.randrange(100):02d}"
        day = bank.now().date().isoformat()
        bank.initiate(f"M{step}", Payout(f"P{step}", amount, account, bank=its_bank), day=day)
    elif action == 1:
        fields = line.transfer(f"{step:06d}", chance.randrange(1, 9_000_000), credit=account, bank=its_bank)
        line.ask(fields | {"13": f"{bank.now():%m%d}"})
    elif action == 2:
        original = f"{chance.randrange(max(1, step)):06d}"
        line.ask(line.about(original, f"8{step:05d}"))
    else:
        bank.sandbox(
            "pay",
            {"account": chance.choice([MAIN, account]) if its_bank == OURS else MAIN, "amount": step + 1},
        )


class TestABankThatWasUsedHard:
    def test_adds_up(self, own_bank: Bank) -> None:
        chance = random.Random(20260302)
        line = Line(own_bank)
        line.sign_on()
        for step in range(120):
            if step % 30 == 29:
                own_bank.at(f"2026-03-0{3 + step // 30}T20:00:00+08:00")
            play(own_bank, line, chance, step)
        line.close()
        own_bank.at("2026-03-20T12:00:00+08:00")
        state = own_bank.sandbox("state")
        days = own_bank.sandbox("days/2026-03-19")
        assert days["sum"] == 0
        closing = {one["account"]: one["closing"] for one in days["accounts"]}
        for account in state["accounts"]:
            assert account["balance"] >= account["reserved"] >= 0
            if account["kind"] == "corporate":
                assert closing[account["number"]] == account["balance"]
                statement = own_bank.statement("2026-03-19", account["number"])
                assert statement.texts("Bal/Amt")[1] == f"{account['balance'] / 100:.2f}"
        assert {"settled", "rejected", "returned", "reversed", "accepted"} <= set(state["transfers"])
