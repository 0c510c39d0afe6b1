"""The settlement file: what stands in it, when it is there, and every way the sandbox can spoil it."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.simulators.unionpay.merchant import Sandbox, archive, settlement
from tests.vectors import unionpay as vectors

from feiqian.simulators.unionpay.settlement_file import ZM, ZME, line

NOWHERE = "http://127.0.0.1:9/none"
NOON = "2026-03-02T12:00:00+08:00"
NEXT_MORNING = "2026-03-03T09:00:00+08:00"


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A day with one transaction of each kind that is settled; the names are the order numbers."""
    sandbox = Sandbox(tmp_path_factory.mktemp("settlement"), "--clock", NOON)
    paid = sandbox.paid("purchase1", 10000, NOWHERE, reqReserved="备注|A1")
    sandbox.back(sandbox.follow("04", "refund01", 4000, paid["query_id"], NOWHERE))
    voided = sandbox.paid("purchase2", 500, NOWHERE)
    sandbox.back(sandbox.follow("31", "voided01", 500, voided["query_id"], NOWHERE))
    sandbox.open(sandbox.order("company1", 1000000, NOWHERE, bizType="000202"))
    sandbox.sandbox("pay", {"order_id": "company1"})
    held = sandbox.paid("holding1", 9000, NOWHERE, txnType="02")
    sandbox.back(sandbox.follow("03", "capture1", 8000, held["query_id"], NOWHERE))
    sandbox.back(sandbox.payout("payout01", 7000, NOWHERE))
    sandbox.open(sandbox.order("unpaid01", 1, NOWHERE))
    yield sandbox
    assert sandbox.stop() == 0


@pytest.fixture
def after(traded: Sandbox) -> Sandbox:
    """That day's merchant, on the next morning."""
    traded.sandbox("clock", {"now": NEXT_MORNING})
    traded.sandbox("behaviour", {"settlement_file": "normal"})
    return traded


class TestALine:
    def test_is_as_wide_as_published(self) -> None:
        assert tuple(width for _, width in ZM) == vectors.ZM_WIDTHS
        assert tuple(width for _, width in ZME) == vectors.ZME_WIDTHS

    @pytest.mark.parametrize("name", list(vectors.ZM_OFFSETS))
    def test_has_its_columns_where_they_are_published(self, name: str) -> None:
        start = vectors.ZM_OFFSETS[name]
        assert line(ZM, {name: "12345"})[start : start + 5] == b"12345"

    def test_never_cuts_a_character_in_two(self) -> None:
        cut = line(ZM, {"merReserved": "a" + "汉" * 16})
        assert len(cut) == sum(vectors.ZM_WIDTHS) + 41
        assert ("a" + "汉" * 15).encode("gbk") + b" " in cut


class TestTheSettlementFile:
    def test_holds_every_transaction_that_moved_money(self, after: Sandbox) -> None:
        said = after.file("0302")
        assert said["respCode"] == "00"
        assert said["fileName"] == f"{after.mer_id}_20260302.zip"
        assert archive(said).namelist() == [f"INN26030288ZM_{after.mer_id}", f"INN26030288ZME_{after.mer_id}"]
        shown = [
            (c[11].strip(), c[19], c[20], c[21], c[6], c[15], c[16], c[40].strip()) for c in settlement(said)
        ]
        assert shown == [
            ("purchase1", "01", "01", "000201", "000000010000", "D000000000060", "C000000009940", ""),
            ("refund01", "04", "00", "000201", "000000004000", "C000000000024", "D000000003976", "purchase1"),
            ("purchase2", "01", "01", "000201", "000000000500", "D000000000003", "C000000000497", ""),
            ("voided01", "31", "00", "000201", "000000000500", "C000000000003", "D000000000497", "purchase2"),
            ("company1", "01", "01", "000202", "000001000000", "D000000006000", "C000000994000", ""),
            ("capture1", "03", "00", "000201", "000000008000", "D000000000048", "C000000007952", "holding1"),
            ("payout01", "12", "00", "000401", "000000007000", "D000000000100", "D000000007100", ""),
        ]
        assert settlement(said, "ZME_") == []

    def test_agrees_with_notices_and_queries(self, after: Sandbox) -> None:
        purchase, refund = settlement(after.file("0302"))[:2]
        known = after.sandbox("orders/purchase1")["order"]["outcome"]
        assert (purchase[3], purchase[4], purchase[9]) == (
            known["traceNo"],
            known["traceTime"],
            known["queryId"],
        )
        assert (purchase[27], purchase[34].strip()) == (after.mer_id, "备注|A1")
        assert (refund[13], refund[14], refund[26]) == (
            known["traceNo"],
            known["traceTime"],
            known["queryId"],
        )

    def test_is_there_from_nine_on_the_next_day(self, after: Sandbox) -> None:
        after.sandbox("clock", {"now": "2026-03-03T08:59:59+08:00"})
        assert after.file("0302")["respCode"] == "98"
        after.sandbox("clock", {"now": NEXT_MORNING})
        assert after.file("0302")["respCode"] == "00"

    @pytest.mark.parametrize(
        ("settle_date", "code"), [("0301", "98"), ("0229", "98"), ("1301", "10"), ("31", "10")]
    )
    def test_is_not_there_for_other_days(self, after: Sandbox, settle_date: str, code: str) -> None:
        assert after.file(settle_date)["respCode"] == code

    @pytest.mark.parametrize(
        ("mode", "amounts"),
        [("amount_differs", ["000000010001", 7]), ("extra_line", ["000000010000", 8])],
    )
    def test_may_differ_by_a_line_or_a_fen(self, after: Sandbox, mode: str, amounts: list[object]) -> None:
        after.sandbox("behaviour", {"settlement_file": mode, "only_next": 1})
        lines = settlement(after.file("0302"))
        assert [lines[0][6], len(lines)] == amounts

    def test_may_be_of_another_day(self, after: Sandbox) -> None:
        after.sandbox("behaviour", {"settlement_file": "other_day", "only_next": 1})
        assert {columns[4][:4] for columns in settlement(after.file("0302"))} == {"0301"}

    @pytest.mark.parametrize(("mode", "which"), [("truncated", -1), ("bad_width", 0)])
    def test_may_have_a_line_that_is_too_short(self, after: Sandbox, mode: str, which: int) -> None:
        after.sandbox("behaviour", {"settlement_file": mode, "only_next": 1})
        opened = archive(after.file("0302"))
        lines = opened.read(opened.namelist()[0]).split(b"\r\n")[:-1]
        right = sum(vectors.ZM_WIDTHS) + 41
        assert len(lines[which]) < right
        assert {len(one) for place, one in enumerate(lines) if place != which % len(lines)} == {right}

    def test_may_be_no_zip(self, after: Sandbox) -> None:
        after.sandbox("behaviour", {"settlement_file": "bad_zip", "only_next": 1})
        said = after.file("0302")
        with pytest.raises(zipfile.BadZipFile):
            archive(said)

    def test_may_be_missing(self, after: Sandbox) -> None:
        after.sandbox("behaviour", {"settlement_file": "missing", "only_next": 1})
        assert after.file("0302")["respCode"] == "98"


class TestASettlementDay:
    def test_ends_at_23_00(self, own_sandbox: Sandbox) -> None:
        for order_id, moment in (("before23", "22:59:59"), ("after023", "23:00:00")):
            own_sandbox.sandbox("clock", {"now": f"2026-03-02T{moment}+08:00"})
            own_sandbox.paid(order_id, 100, NOWHERE)
        own_sandbox.sandbox("clock", {"now": "2026-03-04T09:00:00+08:00"})
        for settle_date, order_id in (("0302", "before23"), ("0303", "after023")):
            assert [c[11].strip() for c in settlement(own_sandbox.file(settle_date))] == [order_id]

    def test_that_a_payout_came_back_on_says_so_in_zme(self, own_sandbox: Sandbox, tmp_path: Path) -> None:
        own_sandbox.back(own_sandbox.payout("payout01", 7000, NOWHERE))
        own_sandbox.sandbox("clock", {"now": "2026-03-04T12:00:00+08:00"})
        own_sandbox.sandbox("orders/payout01/return", {})
        own_sandbox.sandbox("clock", {"now": "2026-03-05T09:00:00+08:00"})
        said = own_sandbox.file("0304")
        assert settlement(said) == []
        [correction] = settlement(said, "ZME_")
        assert (correction[6], correction[15], correction[16]) == (
            "000000007000",
            "C000000007000",
            own_sandbox.mer_id,
        )
        assert own_sandbox.outcome("payout01", "20260302120000") == "00"
