"""pain.001 and pain.002: what is paid, what is refused with which reason, and that a number is paid once."""

import re
import time

import pytest
from tests.simulators.bank.platform import (
    CLOSED,
    FROZEN,
    MAIN,
    OPENING,
    PATIENCE_S,
    SECOND,
    SOMEBODY,
    Bank,
    Payout,
    Xml,
    pain001,
)
from tests.vectors.bank import CHEQUE, SAMPLES, sample

OURS = "313100000013"


def verdict(report: Xml) -> tuple[str, str]:
    """(status, reason) of the only transaction."""
    return report.text("TxInfAndSts/TxSts"), report.text("TxInfAndSts/StsRsnInf/Rsn/Cd")


class TestAPayout:
    def test_is_paid_at_once_and_says_so(self, bank: Bank, number: str) -> None:
        before = bank.balance()
        report = bank.initiate(f"M-{number}", Payout(number, "123.45"))
        assert report.text("OrgnlGrpInfAndSts/OrgnlMsgId") == f"M-{number}"
        assert report.text("OrgnlGrpInfAndSts/GrpSts") == "ACSC"
        assert verdict(report) == ("ACSC", "")
        assert report.text("TxInfAndSts/OrgnlInstrId") == f"I-{number}"
        assert bank.balance() == before - 12_345
        assert verdict(bank.status(EndToEndId=number)) == ("ACSC", "")

    def test_to_somebody_at_this_bank_moves_both_balances(self, own_bank: Bank, number: str) -> None:
        own_bank.initiate(f"M-{number}", Payout(number, "10.00", account=SECOND, bank=OURS))
        assert (own_bank.balance(MAIN), own_bank.balance(SECOND)) == (OPENING - 1000, 1000)
        day = own_bank.sandbox("days/2026-03-02")
        assert day["sum"] == 0

    @pytest.mark.parametrize(
        ("payout", "changes", "reason"),
        [
            (Payout("x", account="12"), {}, "AC01"),
            (Payout("x", account="6222999999999999999", bank=OURS), {}, "AC01"),
            (Payout("x"), {"debit": "1100999999999999999"}, "AC01"),
            (Payout("x", account=CLOSED, bank=OURS), {}, "AC04"),
            (Payout("x", account=FROZEN, bank=OURS), {}, "AC06"),
            (Payout("x"), {"debit": SOMEBODY}, "AG01"),
            (Payout("x", "5000000000.01"), {}, "AM02"),
            (Payout("x", currency="USD"), {}, "AM03"),
            (Payout("x", "10000001.00"), {}, "AM04"),
            (Payout("x"), {"day": "2026-03-01"}, "DT01"),
        ],
    )
    def test_is_refused_with_its_reason_and_nothing_moves(
        self, bank: Bank, number: str, payout: Payout, changes: dict[str, str], reason: str
    ) -> None:
        before = bank.sandbox("state")["accounts"]
        refused = Payout(number, payout.amount, payout.account, bank=payout.bank, currency=payout.currency)
        report = bank.initiate(f"M-{number}", refused, **changes)
        assert verdict(report) == ("RJCT", reason)
        assert report.text("GrpSts") == "RJCT"
        assert bank.sandbox("state")["accounts"] == before

    def test_may_be_sent_again_under_its_number_after_a_refusal(self, bank: Bank, number: str) -> None:
        assert verdict(bank.initiate(f"M1-{number}", Payout(number, account="12")))[0] == "RJCT"
        assert verdict(bank.initiate(f"M2-{number}", Payout(number)))[0] == "ACSC"
        assert verdict(bank.status(EndToEndId=number))[0] == "ACSC"

    def test_is_not_made_twice_under_its_number(self, bank: Bank, number: str) -> None:
        bank.initiate(f"M1-{number}", Payout(number))
        before = bank.balance()
        assert verdict(bank.initiate(f"M2-{number}", Payout(number))) == ("RJCT", "DUPL")
        assert verdict(bank.status(EndToEndId=number)) == ("ACSC", "")
        assert bank.balance() == before

    def test_of_a_large_amount_waits_for_the_bank_to_open(self, own_bank: Bank, number: str) -> None:
        own_bank.at("2026-03-06T18:00:00+08:00")  # Friday
        report = own_bank.initiate(f"M-{number}", Payout(number, "50000.00"), day="2026-03-06")
        assert verdict(report) == ("ACSP", "")
        assert own_bank.balance() == OPENING
        assert verdict(
            own_bank.initiate(f"N-{number}", Payout(f"{number}N", "9950000.01"), day="2026-03-06")
        ) == (
            "RJCT",
            "AM04",
        )
        own_bank.at("2026-03-09T08:29:59+08:00")  # Monday
        assert verdict(own_bank.status(EndToEndId=number))[0] == "ACSP"
        own_bank.at("2026-03-09T08:30:00+08:00")
        assert verdict(own_bank.status(EndToEndId=number))[0] == "ACSC"
        assert own_bank.balance() == OPENING - 5_000_000

    def test_for_a_later_day_is_paid_on_it(self, own_bank: Bank, number: str) -> None:
        assert verdict(own_bank.initiate(f"M-{number}", Payout(number), day="2026-03-04"))[0] == "ACSP"
        own_bank.at("2026-03-04T00:00:00+08:00")
        assert verdict(own_bank.status(EndToEndId=number))[0] == "ACSC"


class TestAMessage:
    def test_of_many_is_reported_one_by_one(self, bank: Bank, number: str) -> None:
        report = bank.initiate(
            f"M-{number}", Payout(f"{number}a"), Payout(f"{number}b", account="1"), Payout(f"{number}c")
        )
        assert report.text("GrpSts") == "PART"
        assert report.texts("TxInfAndSts/OrgnlEndToEndId") == [f"{number}{letter}" for letter in "abc"]
        assert report.texts("TxInfAndSts/TxSts") == ["ACSC", "RJCT", "ACSC"]

    def test_of_very_many_is_checked_first_and_worked_on_then(self, bank: Bank, number: str) -> None:
        before = bank.balance()
        payouts = [Payout(f"{number}-{index}", "1.00") for index in range(50)]
        report = bank.initiate(f"M-{number}", *payouts)
        assert set(report.texts("TxInfAndSts/TxSts")) == {"ACTC"}
        assert set(bank.status(MsgId=f"M-{number}").texts("TxInfAndSts/TxSts")) == {"ACSC"}
        assert bank.balance() == before - 5000

    def test_of_thousands_is_worked_off_while_others_are_served(self, own_bank: Bank) -> None:
        report = own_bank.initiate("M1", *[Payout(f"T{index}", "1.00") for index in range(2000)])
        assert report.text("GrpSts") == "ACTC"
        assert own_bank.initiate("M2", Payout("A1", "2.00")).text("TxSts") == "ACSC"
        deadline = time.monotonic() + PATIENCE_S
        while own_bank.status(MsgId="M1").text("GrpSts") != "ACSC":
            assert time.monotonic() < deadline
        assert own_bank.balance() == OPENING - 200_200

    def test_that_came_before_is_refused_whole(self, bank: Bank, number: str) -> None:
        bank.initiate(f"M-{number}", Payout(number))
        before = bank.balance()
        again = bank.initiate(f"M-{number}", Payout(number))
        assert (again.text("GrpSts"), again.text("OrgnlGrpInfAndSts/StsRsnInf/Rsn/Cd")) == ("RJCT", "DUPL")
        assert again.texts("TxInfAndSts") == []
        assert bank.balance() == before

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            (b"not xml", "FF01"),
            (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "FF01"),
            (pain001("M-x", Payout("x")).replace(b"pain.001.001.09", b"pain.001.001.03"), "FF01"),
            (pain001("M-x", Payout("x")).replace(b"<EndToEndId>x</EndToEndId>", b""), "FF01"),
            (pain001("M-x", Payout("x")).replace(b'"CNY"', b'"yuan"'), "FF01"),
            (pain001("M-x", Payout("x"), day="12026-03-02"), "DT01"),
            (pain001("M-x", Payout("x"), count="2"), "AM18"),
            (pain001("M-x", Payout("x"), total="99.99"), "AM10"),
            (pain001("M-x", Payout("x"), method="CHK"), "AG01"),
            (pain001("M-x", Payout("x", currency="XTS")), "AM03"),
            (sample(CHEQUE), "AG01"),
        ],
    )
    def test_that_is_wrong_is_refused_whole_and_says_why(self, bank: Bank, body: bytes, reason: str) -> None:
        before = bank.sandbox("state")
        report = bank.call("POST", "/iso20022/pain.001", body).xml
        assert (report.text("GrpSts"), report.text("StsRsnInf/Rsn/Cd")) == ("RJCT", reason)
        assert report.text("StsRsnInf/AddtlInf")
        assert bank.sandbox("state")["transfers"] == before["transfers"]
        assert bank.sandbox("state")["accounts"] == before["accounts"]

    def test_that_never_came_is_not_found(self, bank: Bank) -> None:
        answer = bank.call("GET", "/iso20022/pain.002?MsgId=M-nowhere")
        assert (answer.status, answer.xml.text("StsRsnInf/Rsn/Cd")) == (404, "NOOR")


class TestAPublicSample:
    @pytest.mark.parametrize("name", SAMPLES)
    def test_is_read_as_it_is_meant(self, bank: Bank, name: str) -> None:
        answer = bank.call("POST", "/iso20022/pain.001", sample(name))
        report = answer.xml
        expected = SAMPLES[name]
        assert report.texts("TxInfAndSts/OrgnlEndToEndId") == [one.end_to_end_id for one in expected]
        for payment in expected:
            shown = bank.sandbox(f"orders/{payment.end_to_end_id}")["transfers"][-1]
            for fact in ("amount", "currency", "creditor_name", "creditor_account"):
                assert shown[fact] == getattr(payment, fact)

    def test_is_paid_when_it_names_our_account_and_currency(self, bank: Bank) -> None:
        body = sample("us.ach.ppd-payroll.pain.001.001.09.xml").replace(b'"USD"', b'"CNY"')
        payer = re.compile(rb"(<DbtrAcct>.*?<Id>)[0-9A-Z]+(</Id>)", re.DOTALL)
        body = payer.sub(rb"\g<1>" + MAIN.encode() + rb"\g<2>", body).replace(b"PAY-2026", b"RMB-2026")
        body = body.replace(b"<MsgId>", b"<MsgId>R")
        before = bank.balance()
        report = bank.call("POST", "/iso20022/pain.001", body).xml
        assert set(report.texts("TxInfAndSts/TxSts")) <= {"ACSC", "ACSP"}
        paid = sum(
            bank.sandbox(f"orders/RMB-2026-09-000{index}")["transfers"][0]["amount"] for index in (1, 2)
        )
        assert paid == 599_565
        bank.at("2026-10-08T09:00:00+08:00")
        assert bank.balance() == before - 599_565


class TestASignature:
    @pytest.mark.parametrize(
        "changes",
        [
            {"customer": "0000000000"},
            {"certificate": "00"},
            {"timestamp": "1772423699"},  # 301 s before
            {"timestamp": "soon"},
            {"signature": "AAAA"},
        ],
    )
    def test_that_does_not_count_moves_nothing(
        self, bank: Bank, number: str, changes: dict[str, str]
    ) -> None:
        body = pain001(f"M-{number}", Payout(number))
        before = bank.balance()
        answer = bank.send(
            "POST", "/iso20022/pain.001", body, bank.headers("POST", "/iso20022/pain.001", body, **changes)
        )
        assert (answer.status, answer.json["code"]) == (401, "SIGNATURE_INVALID")
        assert bank.is_signed(answer)
        assert bank.balance() == before

    def test_covers_the_query(self, bank: Bank) -> None:
        headers = bank.headers("GET", f"/iso20022/camt.052?account={MAIN}", b"")
        answer = bank.send("GET", f"/iso20022/camt.052?account={SECOND}", b"", headers)
        assert answer.status == 401

    def test_of_the_bank_goes_on_after_a_rotation(self, own_bank: Bank) -> None:
        serial = own_bank.sandbox("rotate", {})["serial"]
        own_bank.read_credentials()
        answer = own_bank.call("GET", "/iso20022/certificates")
        assert answer.headers["x-certificate"] == serial
        assert [one["serial"] for one in answer.json["certificates"]][-1] == serial
        assert len(answer.json["certificates"]) == 2
