"""The trade bill: the published one, whole ones and every kind of damaged one."""

import hashlib
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.channels.bill_texts import PAYMENT, REFUND, TITLES, TOTAL_TITLES, TOTALS, WHOLE, bill

from feiqian.channels import Bill, BillDamaged, BillFault, BillKind, BillLine, BillState, BillSummary
from feiqian.channels.wechatpay.bills import check_hash, parse_bill

DAY = date(2026, 3, 1)
MCHID = "1900000109"
PUBLISHED = Path(__file__).parents[2].parent / "shared/data/wechatpay-tradebill-sample.csv"


def parse(content: bytes) -> Bill:
    return parse_bill(content, day=DAY, mchid=MCHID)


def fault_of(content: bytes) -> BillFault:
    with pytest.raises(BillDamaged) as damage:
        parse(content)
    assert damage.value.day == DAY
    assert "line " in damage.value.sentence("en")
    return damage.value.fault


class TestABill:
    def test_says_what_moved_in_fen_and_utc(self) -> None:
        assert parse(WHOLE) == Bill(
            day=DAY,
            lines=(
                BillLine(
                    kind=BillKind.PAYMENT,
                    out_no="order-1",
                    channel_no="4200000001",
                    out_trade_no="order-1",
                    transaction_no="4200000001",
                    amount=10_000,
                    currency="CNY",
                    state=BillState.SUCCEEDED,
                    fee=60,
                    rate="0.60%",
                    occurred_at=datetime(2026, 3, 1, 15, 59, 59, tzinfo=UTC),
                ),
                BillLine(
                    kind=BillKind.REFUND,
                    out_no="refund-1",
                    channel_no="5000000001",
                    out_trade_no="order-0",
                    transaction_no="4200000000",
                    amount=3_334,
                    currency="CNY",
                    state=BillState.SUCCEEDED,
                    fee=-20,
                    rate="0.60%",
                    occurred_at=datetime(2026, 2, 28, 16, 0, tzinfo=UTC),
                ),
            ),
            summary=BillSummary(line_count=2, payment_amount=10_000, refund_amount=3_334, fee=40),
        )

    @pytest.mark.parametrize("count", ["2", "2.0", "2.00"])
    def test_may_write_its_count_like_an_amount(self, count: str) -> None:
        assert parse(WHOLE.replace(b"`2.0,", f"`{count},".encode())).summary.line_count == 2

    def test_may_come_without_byte_order_mark_and_with_plain_line_ends(self) -> None:
        assert parse(WHOLE.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")) == parse(WHOLE)

    def test_of_a_day_without_trade_is_empty(self) -> None:
        nothing = "`0,`0.00,`0.00,`0.00,`0.00000,`0.00,`0.00"
        assert parse(bill(TITLES, TOTAL_TITLES, nothing)).lines == ()

    @pytest.mark.parametrize("name", ["口红,茶", "口红,`茶", "`,`,`", "a,`0.01,`b"])
    def test_survives_a_merchants_own_words(self, name: str) -> None:
        assert parse(WHOLE.replace("口红".encode(), name.encode())) == parse(WHOLE)

    @pytest.mark.parametrize(
        ("word", "state"),
        [
            ("SUCCESS", BillState.SUCCEEDED),
            ("PROCESSING", BillState.PROCESSING),
            ("FAIL", BillState.FAILED),
        ],
    )
    def test_says_how_a_refund_ended(self, word: str, state: BillState) -> None:
        content = WHOLE.replace(b"`ORIGINAL,`SUCCESS", f"`ORIGINAL,`{word}".encode())
        assert [line.state for line in parse(content).lines] == [BillState.SUCCEEDED, state]

    def test_may_have_columns_that_we_do_not_know(self) -> None:
        lines = [PAYMENT + ",`new", REFUND + ",`new"]
        assert parse(bill(TITLES + ",新列", *lines, TOTAL_TITLES, TOTALS)) == parse(WHOLE)

    @settings(max_examples=30, deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.booleans(), st.integers(1, 10**15), st.integers(-(10**9), 10**9), st.integers(0, 86_399)
            ),
            max_size=8,
        )
    )
    def test_reads_back_what_was_written(self, movements: list[tuple[bool, int, int, int]]) -> None:
        content = rendered(movements)
        read = parse(content)
        midnight = datetime(2026, 2, 28, 16, 0, tzinfo=UTC)
        assert [
            (line.kind is BillKind.REFUND, line.amount, line.fee, (line.occurred_at - midnight).seconds)
            for line in read.lines
        ] == movements
        assert read.summary.payment_amount == sum(m[1] for m in movements if not m[0])
        assert read.summary.refund_amount == sum(m[1] for m in movements if m[0])


def yuan(fen: int, places: int = 2) -> str:
    return f"{Decimal(fen) / 100:.{places}f}"


def rendered(movements: list[tuple[bool, int, int, int]]) -> bytes:
    """A bill of (is a refund, amount, fee, second of the day), totals included."""
    texts = [TITLES]
    for number, (refund, amount, fee, second) in enumerate(movements):
        time = f"2026-03-01 {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
        paid, back = (0, amount) if refund else (amount, 0)
        values = [
            *(time, "wx", MCHID, "0", "", f"42{number}", f"order-{number}", "o", "NATIVE"),
            *("REFUND" if refund else "SUCCESS", "OTHERS", "CNY", yuan(paid), "0.00"),
            *((f"50{number}", f"refund-{number}") if refund else ("0", "0")),
            *(yuan(back), "0.00", "ORIGINAL" if refund else "", "SUCCESS" if refund else ""),
            *("茶", "", yuan(fee, 5), "0.60%", yuan(paid), yuan(back), ""),
        ]
        texts.append("`" + ",`".join(values))
    paid = sum(m[1] for m in movements if not m[0])
    back = sum(m[1] for m in movements if m[0])
    fees = sum(m[2] for m in movements)
    totals = [f"{len(movements)}.0", yuan(paid), yuan(back), "0.0", yuan(fees), yuan(paid), yuan(back)]
    return bill(*texts, TOTAL_TITLES, "`" + ",`".join(totals))


class TestABillIsRefused:
    @pytest.mark.parametrize(
        ("damage", "fault"),
        [
            (lambda c: b"", BillFault.HEADER_UNKNOWN),
            (lambda c: b"<html>502 Bad Gateway</html>", BillFault.HEADER_UNKNOWN),
            (lambda c: c.replace("费率,".encode(), "率,".encode()), BillFault.HEADER_UNKNOWN),
            (lambda c: c[: c.index(b"`2.0")], BillFault.SUMMARY_MISSING),
            (lambda c: c[: c.index("总交易单数".encode())], BillFault.SUMMARY_MISSING),
            (lambda c: c[: c.index(b"order-0")], BillFault.LINE_UNREADABLE),
            (lambda c: c[: -len("00,`33.34\r\n")], BillFault.SUMMARY_MISSING),
            (lambda c: c.replace(REFUND.encode() + b"\r\n", b""), BillFault.COUNT_DIFFERS),
            (lambda c: c.replace(b"`2.0", b"`3.0"), BillFault.COUNT_DIFFERS),
            (lambda c: c.replace(b"`2.0", b"`2.5"), BillFault.COUNT_DIFFERS),
            (lambda c: c.replace(b"`2.0", b"`two"), BillFault.SUMMARY_MISSING),
            (lambda c: c.replace(b"`2.0,`100.00", b"`2.0,`100.01"), BillFault.TOTAL_DIFFERS),
            (lambda c: c.replace(b"`0.40000,", b"`0.41000,"), BillFault.TOTAL_DIFFERS),
            (lambda c: c.replace(b"`0.60%,`100.00", b"`0.60%,`100.01"), BillFault.TOTAL_DIFFERS),
            (lambda c: c.replace(b"-0.20000", b"0.20000"), BillFault.TOTAL_DIFFERS),
            (lambda c: c.replace(b"2026-03-01 00", b"2026-03-02 00"), BillFault.OTHER_DAY),
            (lambda c: c.replace(b"2026-03-01", b"2026-02-28"), BillFault.OTHER_DAY),
            (lambda c: c.replace(b"23:59:59", b"25:59:59"), BillFault.LINE_UNREADABLE),
            (lambda c: c.replace(b"23:59:59", b"23:59"), BillFault.LINE_UNREADABLE),
            (lambda c: c.replace(b"`1900000109,`0,`,`4200000001", b"`1,`0,`,`42"), BillFault.OTHER_MERCHANT),
            (lambda c: c.replace(b"`CNY", b"`USD"), BillFault.LINE_UNREADABLE),
            (lambda c: c.replace(b"`NATIVE,`SUCCESS", b"`NATIVE,`MAYBE"), BillFault.LINE_UNREADABLE),
            (lambda c: c.replace(b"`ORIGINAL,`SUCCESS", b"`ORIGINAL,`"), BillFault.LINE_UNREADABLE),
            (lambda c: c.replace(b"`100.00", b"`1e400"), BillFault.LINE_UNREADABLE),
            (lambda c: c.replace(b"`100.00", b"`NaN"), BillFault.LINE_UNREADABLE),
            (lambda c: c.replace(b"`100.00", b"`100.001"), BillFault.LINE_UNREADABLE),
            (lambda c: c.replace(b"`0.60000", b"`0.60010"), BillFault.LINE_UNREADABLE),
            (lambda c: c.replace(b"`0.60000", b"`"), BillFault.LINE_UNREADABLE),
            (lambda c: c.replace("口红".encode(), "口红".encode("gbk")), BillFault.LINE_UNREADABLE),
            (lambda c: c.replace("口红".encode(), "口\n红".encode()), BillFault.LINE_UNREADABLE),
            (lambda c: c + PAYMENT.encode(), BillFault.LINE_UNREADABLE),
            (lambda c: c + c, BillFault.LINE_UNREADABLE),
        ],
    )
    def test_when_damaged(self, damage: Callable[[bytes], bytes], fault: BillFault) -> None:
        damaged = damage(WHOLE)
        assert damaged != WHOLE
        assert fault_of(damaged) is fault

    def test_wherever_it_is_cut_off(self) -> None:
        whole = parse(WHOLE)
        for length in range(len(WHOLE)):
            try:
                cut = parse(WHOLE[:length])
            except BillDamaged:
                continue
            # Only line ends and zeros after the point may be missing.
            assert cut == whole

    def test_when_it_is_not_the_announced_file(self) -> None:
        announced = hashlib.sha1(WHOLE).hexdigest()
        check_hash(WHOLE, day=DAY, hash_type="SHA1", hash_value=announced)
        check_hash(WHOLE, day=DAY, hash_type="SHA1", hash_value=announced.upper())
        for content, kind in ((WHOLE + b" ", "SHA1"), (WHOLE[:-1], "SHA1"), (WHOLE, "MD5")):
            with pytest.raises(BillDamaged) as damage:
                check_hash(content, day=DAY, hash_type=kind, hash_value=announced)
            assert damage.value.fault is BillFault.HASH_DIFFERS


@pytest.mark.skipif(not PUBLISHED.exists(), reason="the published bill is not at ../shared/data")
class TestThePublishedBill:
    def read(self, **changes: object) -> Bill:
        arguments: dict[str, object] = {"day": date(2019, 2, 19), "mchid": "1921000401", **changes}
        return parse_bill(PUBLISHED.read_bytes(), **arguments)  # pyright: ignore[reportArgumentType]

    def test_adds_up(self) -> None:
        read = self.read()
        assert read.summary == BillSummary(line_count=45, payment_amount=47, refund_amount=14, fee=8)
        payments = [line for line in read.lines if line.kind is BillKind.PAYMENT]
        refunds = [line for line in read.lines if line.kind is BillKind.REFUND]
        assert (len(payments), sum(line.amount for line in payments)) == (31, 47)
        assert (len(refunds), sum(line.amount for line in refunds)) == (14, 14)
        assert sum(line.fee for line in read.lines) == 8

    def test_names_a_refund_and_its_order(self) -> None:
        first = self.read().lines[0]
        assert (first.out_no, first.channel_no) == (
            "REF4200000263201902167700963919",
            "50000709672019011908420787722",
        )
        assert (first.out_trade_no, first.transaction_no) == (
            "autotest_20190216081946_82335",
            "4200000263201902167700134212",
        )
        assert first.occurred_at == datetime(2019, 2, 18, 21, 1, 46, tzinfo=UTC)
        assert first.rate == "39.00%"

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            ({"day": date(2019, 2, 20)}, BillFault.OTHER_DAY),
            ({"mchid": "1921000402"}, BillFault.OTHER_MERCHANT),
        ],
    )
    def test_is_nobody_elses(self, change: dict[str, object], fault: BillFault) -> None:
        with pytest.raises(BillDamaged) as damage:
            self.read(**change)
        assert damage.value.fault is fault

    def test_loses_no_line_unseen(self) -> None:
        texts = PUBLISHED.read_bytes().splitlines(keepends=True)
        for number in range(1, len(texts) - 2):
            with pytest.raises(BillDamaged):
                parse_bill(
                    b"".join(texts[:number] + texts[number + 1 :]), day=date(2019, 2, 19), mchid="1921000401"
                )


class TestALargeBill:
    def test_is_read_line_by_line(self) -> None:
        read = parse(rendered([(number % 9 == 0, number, number // 100, 7) for number in range(1, 20_001)]))
        assert read.summary.line_count == 20_000
        assert msgspec.structs.asdict(read.lines[8])["kind"] is BillKind.REFUND
