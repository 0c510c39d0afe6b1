"""camt.052 and camt.053: every day adds up, returns are in it, and every way the sandbox can spoil it."""

import lxml.etree
import pytest
from tests.simulators.bank.platform import MAIN, OPENING, SECOND, Bank, Payout, Xml

VIRTUAL = "622848010000000007"
DAY = "2026-03-02"
AFTER = "2026-03-03T01:00:00+08:00"


def balances(document: Xml) -> dict[str, str]:
    """Code of each balance and its amount, with a minus for a debit."""
    return {
        one.text("Tp/CdOrPrtry/Cd"): ("-" if one.text("CdtDbtInd") == "DBIT" else "") + one.text("Amt")
        for one in document.all("Bal")
    }


def entries(document: Xml) -> list[tuple[str, str, str]]:
    """(direction, amount, sub-family) of each entry."""
    return [
        (
            next(node.text or "" for node in one.node if node.tag.endswith("}CdtDbtInd")),
            next(node.text or "" for node in one.node if node.tag.endswith("}Amt")),
            one.text("SubFmlyCd"),
        )
        for one in document.all("Ntry")
    ]


class TestAStatement:
    def test_begins_where_the_day_before_ended_and_adds_up(self, own_bank: Bank) -> None:
        own_bank.initiate("M1", Payout("A1", "100.10"))
        own_bank.sandbox("pay", {"account": MAIN, "amount": 25_025, "memo": "订单 7"})
        own_bank.at("2026-03-03T09:00:00+08:00")
        own_bank.initiate("M2", Payout("A2", "0.01"), day="2026-03-03")
        own_bank.at("2026-03-04T01:00:00+08:00")
        first, second = own_bank.statement("2026-03-02"), own_bank.statement("2026-03-03")
        assert balances(first) == {"OPBD": "10000000.00", "CLBD": "10000150.15"}
        assert entries(first) == [("DBIT", "100.10", "DMCT"), ("CRDT", "250.25", "DMCT")]
        assert balances(second) == {"OPBD": "10000150.15", "CLBD": "10000150.14"}
        assert first.text("TtlCdtNtries/Sum") == "250.25"
        assert first.text("TtlDbtNtries/NbOfNtries") == "1"
        assert balances(own_bank.statement("2026-03-01")) == {"OPBD": "10000000.00", "CLBD": "10000000.00"}
        for day in ("2026-03-02", "2026-03-03"):
            closed = own_bank.sandbox(f"days/{day}")
            assert closed["sum"] == 0
            for account in closed["accounts"]:
                assert account["opening"] - account["debits"] + account["credits"] == account["closing"]

    def test_tells_who_paid_what_for(self, own_bank: Bank) -> None:
        paid = own_bank.sandbox(
            "pay",
            {
                "account": VIRTUAL,
                "amount": 100,
                "payer_name": "韩梅梅",
                "payer_account": "62260001",
                "memo": "订单 8",
            },
        )
        own_bank.at(AFTER)
        entry = own_bank.statement(DAY).all("Ntry")[0]
        assert entry.text("Dbtr/Pty/Nm") == "韩梅梅"
        assert entry.text("DbtrAcct/Id/Othr/Id") == "62260001"
        assert entry.text("CdtrAcct/Id/Othr/Id") == VIRTUAL
        assert entry.text("RmtInf/Ustrd") == "订单 8"
        assert entry.text("AcctSvcrRef") == paid["reference"]
        own = own_bank.statement(DAY, VIRTUAL)
        assert (balances(own), entries(own)) == (
            {"OPBD": "0.00", "CLBD": "1.00"},
            [("CRDT", "1.00", "DMCT")],
        )

    def test_names_the_payout_by_the_platforms_numbers(self, own_bank: Bank) -> None:
        own_bank.initiate("M1", Payout("A1"))
        own_bank.at(AFTER)
        entry = own_bank.statement(DAY).all("Ntry")[0]
        assert [entry.text(f"Refs/{name}") for name in ("MsgId", "PmtInfId", "InstrId", "EndToEndId")] == [
            "M1",
            "P-M1",
            "I-A1",
            "A1",
        ]
        assert (entry.text("Cdtr/Pty/Nm"), entry.text("MmbId")) == ("李雷", "105100000017")

    def test_is_there_half_an_hour_after_midnight(self, bank: Bank) -> None:
        for moment in ("2026-03-02T23:59:59+08:00", "2026-03-03T00:29:59+08:00"):
            bank.at(moment)
            answer = bank.call("GET", f"/iso20022/camt.053?account={MAIN}&date={DAY}")
            assert (answer.status, answer.json["code"]) == (404, "STATEMENT_NOT_READY")
        bank.at("2026-03-03T00:30:00+08:00")
        assert bank.statement(DAY).text("Stmt/Id") == f"S20260302-{MAIN}"

    def test_is_not_given_of_a_strangers_account(self, bank: Bank) -> None:
        answer = bank.call("GET", f"/iso20022/camt.053?account=6222021100000000017&date={DAY}")
        assert answer.status == 404

    def test_shows_a_return_two_days_later(self, own_bank: Bank) -> None:
        own_bank.sandbox("behaviour", {"payment": "returned", "only_next": 1})
        report = own_bank.initiate("M1", Payout("A1", "30.00"))
        assert report.text("TxSts") == "ACSC"
        own_bank.at("2026-03-05T01:00:00+08:00")
        assert own_bank.balance() == OPENING
        assert entries(own_bank.statement("2026-03-03")) == []
        returned = own_bank.statement("2026-03-04").all("Ntry")[0]
        assert returned.text("CdtDbtInd") == "CRDT"
        assert (returned.text("SubFmlyCd"), returned.text("RtrInf/Rsn/Cd")) == ("RRTN", "AC01")
        assert (returned.text("Refs/EndToEndId"), returned.text("Cdtr/Pty/Nm")) == ("A1", "李雷")
        assert own_bank.status(EndToEndId="A1").text("TxSts") == "ACSC"


class TestTheDaySoFar:
    def test_tells_what_is_reserved(self, own_bank: Bank) -> None:
        own_bank.sandbox("behaviour", {"payment": "processing", "only_next": 1})
        assert own_bank.initiate("M1", Payout("A1", "50.00")).text("TxSts") == "ACSP"
        own_bank.sandbox("pay", {"account": MAIN, "amount": 1})
        report = own_bank.call("GET", f"/iso20022/camt.052?account={MAIN}").xml
        assert balances(report) == {"OPBD": "10000000.00", "ITBD": "10000000.01", "ITAV": "9999950.01"}
        assert entries(report) == [("CRDT", "0.01", "DMCT")]


class TestAPayoutThatHangs:
    @pytest.mark.parametrize(
        ("end", "status", "balance"), [("settled", "ACSC", -5000), ("rejected", "RJCT", 0)]
    )
    def test_ends_as_the_sandbox_says(
        self, bank: Bank, number: str, end: str, status: str, balance: int
    ) -> None:
        before = bank.balance()
        bank.sandbox("behaviour", {"payment": "processing", "only_next": 1})
        bank.initiate(f"M-{number}", Payout(number, "50.00"))
        bank.at("2026-03-20T12:00:00+08:00")
        assert bank.status(EndToEndId=number).text("TxSts") == "ACSP"
        bank.sandbox(f"transfers/{number}", {"status": end})
        assert bank.status(EndToEndId=number).text("TxSts") == status
        assert bank.balance() == before + balance
        main = next(one for one in bank.sandbox("state")["accounts"] if one["number"] == MAIN)
        assert main["reserved"] == 0

    def test_is_rejected_after_it_was_accepted(self, bank: Bank, number: str) -> None:
        before = bank.balance()
        bank.sandbox("behaviour", {"payment": "rejected_later", "only_next": 1, "reject_after_s": 30})
        assert bank.initiate(f"M-{number}", Payout(number)).text("TxSts") == "ACSP"
        bank.at("2026-03-02T12:00:30+08:00")
        report = bank.status(EndToEndId=number)
        assert (report.text("TxSts"), report.text("StsRsnInf/Rsn/Cd")) == ("RJCT", "AC01")
        assert bank.balance() == before


class TestASpoiledStatement:
    @pytest.fixture
    def traded(self, own_bank: Bank) -> Bank:
        own_bank.initiate("M1", Payout("A1", "100.10"))
        own_bank.sandbox("pay", {"account": MAIN, "amount": 2_000})
        own_bank.at(AFTER)
        return own_bank

    def spoiled(self, bank: Bank, mode: str) -> bytes:
        bank.sandbox("behaviour", {"statement": mode, "only_next": 1})
        return bank.call("GET", f"/iso20022/camt.053?account={MAIN}&date={DAY}").body

    def test_is_missing(self, traded: Bank) -> None:
        assert b"STATEMENT_NOT_READY" in self.spoiled(traded, "missing")
        assert len(entries(traded.statement(DAY))) == 2

    def test_is_cut_off(self, traded: Bank) -> None:
        with pytest.raises(lxml.etree.XMLSyntaxError):
            lxml.etree.fromstring(self.spoiled(traded, "truncated"))

    def test_is_of_another_day(self, traded: Bank) -> None:
        document = Xml(lxml.etree.fromstring(self.spoiled(traded, "other_day")))
        assert entries(document) == []
        assert document.text("Stmt/Id") == f"S20260302-{MAIN}"

    def test_has_an_entry_too_many(self, traded: Bank) -> None:
        document = Xml(lxml.etree.fromstring(self.spoiled(traded, "extra_entry")))
        assert len(entries(document)) == 3
        assert balances(document)["CLBD"] == "10000007.90"

    def test_does_not_add_up(self, traded: Bank) -> None:
        document = Xml(lxml.etree.fromstring(self.spoiled(traded, "amount_differs")))
        assert entries(document)[0] == ("DBIT", "100.11", "DMCT")
        assert balances(document) == balances(traded.statement(DAY))


class TestAKill:
    def test_loses_nothing_that_was_answered(self, own_bank: Bank) -> None:
        own_bank.initiate("M1", Payout("A1"), Payout("A2"))
        own_bank.sandbox("pay", {"account": SECOND, "amount": 5})
        own_bank.kill()
        own_bank.start()
        assert own_bank.status(MsgId="M1").texts("TxInfAndSts/TxSts") == ["ACSC", "ACSC"]
        assert (own_bank.balance(), own_bank.balance(SECOND)) == (OPENING - 20_000, 5)
        assert own_bank.initiate("M1", Payout("A1"), Payout("A2")).text("StsRsnInf/Rsn/Cd") == "DUPL"
