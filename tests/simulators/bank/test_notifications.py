"""camt.054: what it says, how it comes back, and every way the sandbox can spoil it."""

import json
import time

import lxml.etree
import pytest
from tests.simulators.bank.platform import MAIN, SECOND, Answer, Bank, Inbox, Payout, Xml, pain001

VIRTUAL = "622848010000000042"
RETRIES_S = [30, 60, 180, 600, 1800, 3600, 7200, 21600, 43200]


def come_in(bank: Bank, amount: int = 100, account: str = VIRTUAL, **facts: str) -> str:
    """Money comes in; the bank's reference."""
    return bank.sandbox("pay", {"account": account, "amount": amount, **facts})["reference"]


def heard(bank: Bank, inbox: Inbox) -> Xml:
    """The next notification, whose signature and form must hold."""
    received = inbox.next()
    assert bank.is_signed(received)
    return received.xml


class TestANotification:
    def test_tells_who_paid_how_much_to_which_number(self, bank: Bank, inbox: Inbox) -> None:
        bank.listen(inbox)
        reference = come_in(bank, 12_345, payer_name="韩梅梅", payer_account="62260001", memo="订单 9")
        said = heard(bank, inbox)
        assert said.text("Ntfctn/Acct/Id/Othr/Id") == MAIN
        assert (said.text("Ntry/Amt"), said.text("Ntry/CdtDbtInd")) == ("123.45", "CRDT")
        assert said.text("CdtrAcct/Id/Othr/Id") == VIRTUAL
        assert (said.text("Dbtr/Pty/Nm"), said.text("DbtrAcct/Id/Othr/Id")) == ("韩梅梅", "62260001")
        assert (said.text("RmtInf/Ustrd"), said.text("Ntry/AcctSvcrRef")) == ("订单 9", reference)
        bank.wait_for(reference, state="delivered", attempts=1)

    def test_comes_for_a_return_too(self, bank: Bank, inbox: Inbox, number: str) -> None:
        bank.initiate(f"M-{number}", Payout(number))
        bank.listen(inbox)
        bank.sandbox(f"transfers/{number}", {"status": "returned", "reason": "AC04"})
        said = heard(bank, inbox)
        assert (said.text("Ntry/CdtDbtInd"), said.text("RtrInf/Rsn/Cd")) == ("CRDT", "AC04")
        assert said.text("Refs/EndToEndId") == number

    def test_does_not_come_for_money_that_goes_out(self, bank: Bank, inbox: Inbox, number: str) -> None:
        bank.listen(inbox)
        bank.initiate(f"M-{number}", Payout(number))
        reference = come_in(bank)
        assert heard(bank, inbox).text("Ntry/AcctSvcrRef") == reference
        assert inbox.received.empty()

    def test_is_repeated_until_it_is_heard(self, bank: Bank, inbox: Inbox) -> None:
        bank.listen(inbox)
        inbox.answers.put(500)
        inbox.answers.put(302)
        reference = come_in(bank)
        first = inbox.next()
        bank.wait_for(reference, state="waiting", attempts=1, next_at="2026-03-02T12:00:30+08:00")
        bank.at("2026-03-02T12:00:30+08:00")
        assert inbox.next().body == first.body
        bank.wait_for(reference, state="waiting", attempts=2, next_at="2026-03-02T12:01:30+08:00")
        bank.at("2026-03-02T12:01:30+08:00")
        assert inbox.next().body == first.body
        bank.wait_for(reference, state="delivered", attempts=3)

    def test_is_given_up_after_the_last_retry(self, bank: Bank, inbox: Inbox) -> None:
        bank.listen(inbox)
        for _ in range(len(RETRIES_S) + 1):
            inbox.answers.put(500)
        reference = come_in(bank)
        for attempt in range(1, len(RETRIES_S) + 1):
            inbox.next()
            waiting = bank.wait_for(reference, state="waiting", attempts=attempt)
            bank.at(waiting["next_at"])
        inbox.next()
        bank.wait_for(reference, state="abandoned", attempts=len(RETRIES_S) + 1)

    def test_survives_a_kill(self, own_bank: Bank, inbox: Inbox) -> None:
        own_bank.listen(inbox)
        own_bank.sandbox("behaviour", {"callback": "late", "late_s": 60})
        reference = come_in(own_bank)
        own_bank.kill()
        assert inbox.received.empty()
        own_bank.start("--clock", "2026-03-02T12:01:00+08:00")
        assert heard(own_bank, inbox).text("Ntry/AcctSvcrRef") == reference


class TestAMisbehavingBank:
    def spoil(self, bank: Bank, inbox: Inbox, mode: str) -> str:
        bank.listen(inbox)
        bank.sandbox("behaviour", {"callback": mode, "only_next": 1})
        return come_in(bank)

    def test_is_late(self, bank: Bank, inbox: Inbox) -> None:
        bank.sandbox("behaviour", {"late_s": 90})
        reference = self.spoil(bank, inbox, "late")
        bank.wait_for(reference, state="waiting", attempts=0)
        bank.at("2026-03-02T12:01:30+08:00")
        assert heard(bank, inbox).text("BookgDt/DtTm") == "2026-03-02T12:00:00+08:00"

    def test_loses_one(self, bank: Bank, inbox: Inbox) -> None:
        reference = self.spoil(bank, inbox, "lost")
        assert bank.notifications(reference)[0]["state"] == "lost"
        bank.at("2026-03-04T12:00:00+08:00")
        time.sleep(0.2)
        assert inbox.received.empty()
        assert reference in bank.statement("2026-03-02").texts("Ntry/AcctSvcrRef")

    def test_sends_one_twice(self, bank: Bank, inbox: Inbox) -> None:
        self.spoil(bank, inbox, "duplicated")
        first, second = heard(bank, inbox), heard(bank, inbox)
        assert first.text("GrpHdr/MsgId") == second.text("GrpHdr/MsgId")

    def test_lets_the_next_one_overtake(self, bank: Bank, inbox: Inbox) -> None:
        first = self.spoil(bank, inbox, "reordered")
        second = come_in(bank)
        assert [heard(bank, inbox).text("Ntry/AcctSvcrRef") for _ in range(2)] == [second, first]

    @pytest.mark.parametrize(
        ("mode", "path", "said"),
        [
            ("wrong_amount", "Ntry/Amt", "1.01"),
            ("wrong_account", "Ntfctn/Acct/Id/Othr/Id", "1100123409000012346"),
            ("wrong_currency", "Acct/Ccy", "USD"),
        ],
    )
    def test_misstates_under_a_valid_signature(
        self, bank: Bank, inbox: Inbox, mode: str, path: str, said: str
    ) -> None:
        self.spoil(bank, inbox, mode)
        assert heard(bank, inbox).text(path) == said

    @pytest.mark.parametrize("mode", ["tampered", "stale"])
    def test_sends_a_signature_that_does_not_count_and_then_a_good_one(
        self, bank: Bank, inbox: Inbox, mode: str
    ) -> None:
        inbox.answers.put(401)
        reference = self.spoil(bank, inbox, mode)
        assert not bank.is_signed(inbox.next())
        bank.wait_for(reference, state="waiting", attempts=1)
        bank.at("2026-03-02T12:00:30+08:00")
        assert heard(bank, inbox).text("Ntry/AcctSvcrRef") == reference

    def test_sends_garbage_and_then_a_good_one(self, bank: Bank, inbox: Inbox) -> None:
        inbox.answers.put(400)
        reference = self.spoil(bank, inbox, "garbage")
        with pytest.raises(lxml.etree.XMLSyntaxError):
            lxml.etree.fromstring(inbox.next().body)
        bank.wait_for(reference, state="waiting", attempts=1)
        bank.at("2026-03-02T12:00:30+08:00")
        assert heard(bank, inbox).text("Ntry/AcctSvcrRef") == reference


class TestAnAnswer:
    def test_is_lost_after_the_payout_was_made(self, bank: Bank, number: str) -> None:
        before = bank.balance()
        bank.sandbox("behaviour", {"answer": "lost", "answer_path": "pain.001", "only_next": 1})
        with pytest.raises(TimeoutError):
            self.pay(bank, number, timeout_s=0.5)
        assert bank.status(EndToEndId=number).text("TxSts") == "ACSC"
        assert bank.balance() == before - 10_000

    @pytest.mark.parametrize(("mode", "status"), [("error", 500), ("rate_limited", 429)])
    def test_refuses_before_anything_is_done(self, bank: Bank, number: str, mode: str, status: int) -> None:
        before = bank.balance()
        bank.sandbox("behaviour", {"answer": mode, "answer_path": "pain.001", "only_next": 1})
        answer = self.pay(bank, number)
        assert answer.status == status
        assert bank.is_signed(answer)
        assert bank.balance() == before

    @pytest.mark.parametrize("mode", ["garbage", "empty", "huge"])
    def test_says_nothing_useful_although_it_is_done(self, bank: Bank, number: str, mode: str) -> None:
        bank.sandbox("behaviour", {"answer": mode, "answer_path": "pain.001", "only_next": 1})
        body = self.pay(bank, number).body
        assert len(body) == {"garbage": 202, "empty": 0, "huge": 10 * 1024 * 1024}[mode]
        assert bank.status(EndToEndId=number).text("TxSts") == "ACSC"

    def test_has_a_signature_that_does_not_hold(self, bank: Bank, number: str) -> None:
        bank.sandbox("behaviour", {"answer_signature": "bad", "only_next": 1})
        answer = self.pay(bank, number)
        assert not bank.is_signed(answer)
        assert answer.xml.text("TxSts") == "ACSC"

    def test_has_no_signature(self, bank: Bank, number: str) -> None:
        bank.sandbox("behaviour", {"answer_signature": "missing", "only_next": 1})
        assert "x-signature" not in self.pay(bank, number).headers

    def pay(self, bank: Bank, number: str, timeout_s: float = 20) -> Answer:
        body = pain001(f"M-{number}", Payout(number))
        headers = bank.headers("POST", "/iso20022/pain.001", body)
        return bank.send("POST", "/iso20022/pain.001", body, headers, timeout_s)


class TestMoneyThatComesIn:
    @pytest.mark.parametrize(
        "body",
        [
            {"account": "nowhere", "amount": 1},
            {"account": MAIN, "amount": 0},
            {"account": "6222021100000000025", "amount": 1},
            {"account": "SETTLEMENT-CNY", "amount": 1},
            {"account": MAIN},
        ],
    )
    def test_needs_an_open_account_and_an_amount(self, bank: Bank, body: dict[str, object]) -> None:
        before = bank.sandbox("state")["accounts"]
        answer = bank.send("POST", "/sandbox/pay", json.dumps(body).encode())
        assert answer.status == 400
        assert bank.sandbox("state")["accounts"] == before

    def test_under_a_virtual_number_is_in_the_corporate_account(self, own_bank: Bank) -> None:
        before = own_bank.balance()
        come_in(own_bank, 700)
        come_in(own_bank, 50)
        assert (own_bank.balance(), own_bank.balance(VIRTUAL)) == (before + 750, 750)
        come_in(own_bank, 3, SECOND)
        assert own_bank.sandbox("days/2026-03-02")["sum"] == 0
