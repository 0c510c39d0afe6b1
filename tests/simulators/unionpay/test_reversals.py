"""What follows a payment: refunds, voids, pre-authorisations and their completions."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.simulators.unionpay.conftest import NOON
from tests.simulators.unionpay.inbox import Inbox
from tests.simulators.unionpay.merchant import Sandbox

NOWHERE = "http://127.0.0.1:9/none"


def used(sandbox: Sandbox, number: str) -> int:
    """What of a payment is refunded or under refund, of a pre-authorisation completed."""
    return sandbox.sandbox(f"orders/{number}")["order"]["used"]


class TestARefund:
    def test_is_accepted_first_and_notified_when_it_has_succeeded(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        paid = sandbox.paid(number, 10000, NOWHERE)
        asked = sandbox.follow("04", f"{number}r", 4000, paid["query_id"], inbox.url)
        answer = sandbox.back(asked)
        assert (answer["respCode"], answer["origQryId"]) == ("00", paid["query_id"])
        notice = inbox.next()
        assert sandbox.holds(notice)
        expected = {
            "txnType": "04", "txnSubType": "00", "bizType": "000201", "respCode": "00", "orderId": f"{number}r",
            "txnAmt": "4000", "settleAmt": "4000", "origQryId": paid["query_id"], "queryId": answer["queryId"],
            "currencyCode": "156", "settleDate": "0302",
        }  # fmt: skip
        assert {name: notice[name] for name in expected} == expected
        assert sandbox.outcome(f"{number}r", asked["txnTime"]) == "00"
        assert used(sandbox, number) == 4000

    def test_may_be_repeated_in_parts_until_nothing_is_left(self, sandbox: Sandbox, number: str) -> None:
        paid = sandbox.paid(number, 10000, NOWHERE)
        codes = [
            sandbox.back(sandbox.follow("04", f"{number}r{part}", amount, paid["query_id"], NOWHERE))[
                "respCode"
            ]
            for part, amount in enumerate([3333, 3333, 3335, 3334, 1])
        ]
        assert codes == ["00", "00", "36", "00", "45"]
        assert used(sandbox, number) == 10000

    def test_never_takes_more_than_was_paid_however_many_come_at_once(
        self, sandbox: Sandbox, number: str
    ) -> None:
        paid = sandbox.paid(number, 1000, NOWHERE)
        asked = [
            sandbox.follow("04", f"{number}r{part}", 300, paid["query_id"], NOWHERE) for part in range(8)
        ]
        with ThreadPoolExecutor(8) as pool:
            codes = sorted(answer["respCode"] for answer in pool.map(sandbox.back, asked))
        assert codes == ["00"] * 3 + ["36"] * 5
        assert used(sandbox, number) == 900

    def test_gives_the_fee_back_to_the_last_fen(self, sandbox: Sandbox, number: str) -> None:
        paid = sandbox.paid(number, 9999, NOWHERE)
        fees = []
        for part, amount in enumerate([3333, 3333, 3333]):
            sandbox.back(sandbox.follow("04", f"{number}r{part}", amount, paid["query_id"], NOWHERE))
            fees.append(sandbox.sandbox(f"orders/{number}r{part}")["order"]["fee"])
        assert (paid["fee"], fees) == (60, [-20, -20, -20])

    def test_of_what_was_never_paid_is_refused(self, sandbox: Sandbox, number: str) -> None:
        sandbox.open(sandbox.order(number, 100, NOWHERE))
        query_id = sandbox.sandbox(f"orders/{number}")["order"]["query_id"]
        for named in (query_id, "052603021200009999999"):
            answer = sandbox.back(sandbox.follow("04", f"{number}r", 100, named, NOWHERE))
            assert answer["respCode"] == "35"
        assert used(sandbox, number) == 0

    def test_is_possible_for_eleven_months(self, sandbox: Sandbox, number: str) -> None:
        paid = sandbox.paid(number, 200, NOWHERE)
        sandbox.sandbox("clock", {"now": "2027-01-31T12:00:00+08:00"})
        assert (
            sandbox.back(sandbox.follow("04", f"{number}a", 100, paid["query_id"], NOWHERE))["respCode"]
            == "00"
        )
        sandbox.sandbox("clock", {"now": "2027-02-01T12:00:00+08:00"})
        assert (
            sandbox.back(sandbox.follow("04", f"{number}b", 100, paid["query_id"], NOWHERE))["respCode"]
            == "39"
        )

    def test_is_possible_for_as_long_as_the_sandbox_is_told(self, tmp_path: Path, number: str) -> None:
        sandbox = Sandbox(tmp_path, "--clock", NOON, "--refund-within-days", "400")
        paid = sandbox.paid(number, 200, NOWHERE)
        codes: list[str] = []
        for part, moment in (("a", "2027-04-06T11:00:00+08:00"), ("b", "2027-04-06T13:00:00+08:00")):
            sandbox.sandbox("clock", {"now": moment})
            codes.append(
                sandbox.back(sandbox.follow("04", f"{number}{part}", 100, paid["query_id"], NOWHERE))[
                    "respCode"
                ]
            )
        assert codes == ["00", "39"]
        assert sandbox.stop() == 0

    def test_sent_again_is_a_repeated_transaction_and_moves_nothing(
        self, sandbox: Sandbox, number: str
    ) -> None:
        paid = sandbox.paid(number, 1000, NOWHERE)
        asked = sandbox.follow("04", f"{number}r", 400, paid["query_id"], NOWHERE)
        assert [sandbox.back(asked)["respCode"] for _ in range(2)] == ["00", "12"]
        assert used(sandbox, number) == 400

    def test_that_fails_later_frees_what_it_held(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        paid = sandbox.paid(number, 1000, NOWHERE)
        sandbox.sandbox("behaviour", {"transaction": "fails_later", "only_next": 1})
        asked = sandbox.follow("04", f"{number}r", 1000, paid["query_id"], inbox.url)
        assert sandbox.back(asked)["respCode"] == "00"
        notice = inbox.next()
        assert (notice["respCode"], notice["settleAmt"]) == ("30", "0")
        assert used(sandbox, number) == 0

    def test_that_is_processing_holds_its_amount_until_it_is_settled(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        paid = sandbox.paid(number, 1000, NOWHERE)
        sandbox.sandbox("behaviour", {"transaction": "processing", "only_next": 1})
        asked = sandbox.follow("04", f"{number}r", 700, paid["query_id"], inbox.url)
        sandbox.back(asked)
        assert sandbox.outcome(f"{number}r", asked["txnTime"]) == "05"
        other = sandbox.follow("04", f"{number}s", 301, paid["query_id"], NOWHERE)
        assert sandbox.back(other)["respCode"] == "36"
        assert inbox.received.empty()
        sandbox.sandbox(f"orders/{number}r/settle", {"resp_code": "00"})
        assert inbox.next()["respCode"] == "00"

    @pytest.mark.parametrize("code", ["03", "04", "05"])
    def test_may_be_unknown_and_done(self, sandbox: Sandbox, number: str, code: str) -> None:
        paid = sandbox.paid(number, 1000, NOWHERE)
        sandbox.sandbox("behaviour", {"transaction": f"unknown_{code}", "only_next": 1})
        asked = sandbox.follow("04", f"{number}r", 1000, paid["query_id"], NOWHERE)
        assert sandbox.back(asked)["respCode"] == code
        assert sandbox.outcome(f"{number}r", asked["txnTime"]) == "00"

    def test_may_be_unknown_and_not_done(self, sandbox: Sandbox, number: str) -> None:
        paid = sandbox.paid(number, 1000, NOWHERE)
        sandbox.sandbox("behaviour", {"transaction": "not_done_03", "only_next": 1})
        asked = sandbox.follow("04", f"{number}r", 1000, paid["query_id"], NOWHERE)
        assert sandbox.back(asked)["respCode"] == "03"
        assert sandbox.outcome(f"{number}r", asked["txnTime"]) == "respCode 34"
        assert used(sandbox, number) == 0
        assert sandbox.back(asked)["respCode"] == "00"

    def test_may_succeed_with_a_defect(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        paid = sandbox.paid(number, 1000, NOWHERE)
        sandbox.sandbox("behaviour", {"transaction": "defective", "only_next": 1})
        sandbox.back(sandbox.follow("04", f"{number}r", 1000, paid["query_id"], inbox.url))
        assert inbox.next()["respCode"] == "A6"


class TestAVoid:
    def test_takes_the_whole_payment_back_on_its_day(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        paid = sandbox.paid(number, 1000, NOWHERE)
        part = sandbox.follow("31", f"{number}a", 999, paid["query_id"], NOWHERE)
        assert sandbox.back(part)["respCode"] == "36"
        assert (
            sandbox.back(sandbox.follow("31", f"{number}v", 1000, paid["query_id"], inbox.url))["respCode"]
            == "00"
        )
        assert inbox.next()["txnType"] == "31"
        for kind in ("31", "04"):
            again = sandbox.follow(kind, f"{number}b{kind}", 1000, paid["query_id"], NOWHERE)
            assert sandbox.back(again)["respCode"] == "45"

    def test_ends_with_the_settlement_day_at_23_00(self, sandbox: Sandbox, number: str) -> None:
        paid = sandbox.paid(number, 1000, NOWHERE)
        sandbox.sandbox("clock", {"now": "2026-03-02T23:00:00+08:00"})
        late = sandbox.follow("31", f"{number}v", 1000, paid["query_id"], NOWHERE)
        assert sandbox.back(late)["respCode"] == "39"
        sandbox.sandbox("clock", {"now": "2026-03-02T22:59:59+08:00"})
        assert sandbox.back(late)["respCode"] == "00"

    def test_is_refused_after_a_refund(self, sandbox: Sandbox, number: str) -> None:
        paid = sandbox.paid(number, 1000, NOWHERE)
        sandbox.back(sandbox.follow("04", f"{number}r", 1, paid["query_id"], NOWHERE))
        assert (
            sandbox.back(sandbox.follow("31", f"{number}v", 1000, paid["query_id"], NOWHERE))["respCode"]
            == "45"
        )


class TestAPreAuthorisation:
    def held(self, sandbox: Sandbox, number: str, amount: int = 10000) -> str:
        """The queryId of a pre-authorisation that the buyer gave."""
        paid = sandbox.paid(number, amount, NOWHERE, txnType="02")
        assert (paid["state"], paid["settled_on"], paid["fee"]) == ("succeeded", None, 0)
        return paid["query_id"]

    def follow(self, sandbox: Sandbox, kind: str, number: str, amount: int, query_id: str) -> str:
        return sandbox.back(sandbox.follow(kind, number, amount, query_id, NOWHERE))["respCode"]

    def test_is_completed_once_and_then_settled(self, sandbox: Sandbox, number: str) -> None:
        query_id = self.held(sandbox, number)
        assert self.follow(sandbox, "03", f"{number}c", 8000, query_id) == "00"
        completed = sandbox.sandbox(f"orders/{number}c")["order"]
        assert (completed["settled_on"], completed["fee"]) == ("2026-03-02", 48)
        assert self.follow(sandbox, "03", f"{number}d", 1, query_id) == "35"

    def test_may_be_completed_with_up_to_115_percent(self, sandbox: Sandbox, number: str) -> None:
        query_id = self.held(sandbox, number)
        assert self.follow(sandbox, "03", f"{number}a", 11501, query_id) == "36"
        assert self.follow(sandbox, "03", f"{number}b", 11500, query_id) == "00"

    def test_is_open_for_thirty_days(self, sandbox: Sandbox, number: str) -> None:
        query_id = self.held(sandbox, number)
        sandbox.sandbox("clock", {"now": "2026-04-01T12:00:01+08:00"})
        assert self.follow(sandbox, "03", f"{number}a", 100, query_id) == "39"
        sandbox.sandbox("clock", {"now": "2026-04-01T12:00:00+08:00"})
        assert self.follow(sandbox, "03", f"{number}b", 100, query_id) == "00"

    def test_is_cancelled_whole_and_can_then_not_be_completed(self, sandbox: Sandbox, number: str) -> None:
        query_id = self.held(sandbox, number)
        assert self.follow(sandbox, "32", f"{number}a", 9999, query_id) == "36"
        assert self.follow(sandbox, "32", f"{number}b", 10000, query_id) == "00"
        assert self.follow(sandbox, "03", f"{number}c", 100, query_id) == "35"

    def test_is_open_again_when_its_completion_was_voided(self, sandbox: Sandbox, number: str) -> None:
        query_id = self.held(sandbox, number)
        self.follow(sandbox, "03", f"{number}c", 8000, query_id)
        completion = sandbox.sandbox(f"orders/{number}c")["order"]["query_id"]
        assert self.follow(sandbox, "32", f"{number}x", 10000, query_id) == "45"
        assert self.follow(sandbox, "33", f"{number}v", 8000, completion) == "00"
        assert self.follow(sandbox, "32", f"{number}y", 10000, query_id) == "00"

    def test_completed_can_be_refunded(self, sandbox: Sandbox, number: str) -> None:
        query_id = self.held(sandbox, number)
        self.follow(sandbox, "03", f"{number}c", 8000, query_id)
        completion = sandbox.sandbox(f"orders/{number}c")["order"]["query_id"]
        assert self.follow(sandbox, "04", f"{number}r", 8000, query_id) == "35"
        assert self.follow(sandbox, "04", f"{number}s", 8000, completion) == "00"

    def test_is_no_purchase_that_could_be_voided(self, sandbox: Sandbox, number: str) -> None:
        assert self.follow(sandbox, "31", f"{number}v", 10000, self.held(sandbox, number)) == "35"
