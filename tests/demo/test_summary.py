"""The summary: the keys that programs read and the table that people read."""

import io
import json
from datetime import date

import pytest

from feiqian.demo.display import Display
from feiqian.demo.nights import draw_of
from feiqian.demo.summary import ChannelCounts, Counts, Summary, at_channel, yuan

REQUIRED_KEYS = (
    "orders, payments, paid, refunds, refunded, rejected, unmatched_refund, fees, settled, suppliers, buyers, "
    "ledger_transactions, ledger_verified, bill_lines, matched, carried_over, unexplained, vouchers, "
    "trial_balance_ok, loans, lent, repaid, interest, outstanding, seconds"
)

SUMMARY = Summary(
    orders=646,
    payments=527,
    paid=24_025_829,
    refunds=23,
    refunded=136_231,
    rejected=98,
    unmatched_refund=318_855,
    fees=143_889,
    settled=23_746_528,
    suppliers=30,
    buyers=374,
    ledger_transactions=1_100,
    ledger_verified=True,
    bill_lines=550,
    matched=550,
    carried_over=0,
    unexplained=0,
    vouchers=20,
    trial_balance_ok=False,
    loans=2,
    lent=100_000,
    repaid=40_000,
    interest=120,
    outstanding=60_120,
    seconds=21.5,
    fees_returned=819,
    penalty=0,
    by_channel={
        "alipay": ChannelCounts(payments=132, paid=4_000_000, bill_lines=132, matched=132),
        "wechatpay": ChannelCounts(
            payments=395, paid=20_025_829, refunds=23, refunded=136_231, bill_lines=418, matched=418
        ),
    },
)


class TestASummary:
    def test_is_one_line_of_json_with_the_agreed_keys_first(self) -> None:
        text = SUMMARY.json()
        keys = list(json.loads(text))
        assert "\n" not in text
        assert keys[:25] == REQUIRED_KEYS.split(", ")
        assert json.loads(text)["paid"] == 24_025_829
        assert json.loads(text)["by_channel"]["wechatpay"] == {
            "payments": 395,
            "paid": 20_025_829,
            "refunds": 23,
            "refunded": 136_231,
            "bill_lines": 418,
            "matched": 418,
        }

    def test_is_a_table_in_yuan_for_people(self) -> None:
        table = SUMMARY.table().splitlines()
        assert "payments                             527  ¥240,258.29" in table
        assert "ledger transactions                1,100  verified" in table
        assert "vouchers                              20  NOT in balance" in table
        assert "bill lines                           550  550 matched, 0 carried over, 0 unexplained" in table
        assert table[-3:] == [
            "channel          payments            paid refunds       refunded bill lines  matched",
            "alipay                132      ¥40,000.00       0          ¥0.00        132      132",
            "wechatpay             395     ¥200,258.29      23      ¥1,362.31        418      418",
        ]


class TestCounts:
    def test_add_up_day_by_day(self) -> None:
        days = Counts(fees=2, fees_returned=1, seconds=0.5) + Counts(
            fees=7, trial_balances_wrong=1, seconds=0.25
        )
        assert days == Counts(fees=9, fees_returned=1, trial_balances_wrong=1, seconds=0.75)

    def test_add_up_channel_by_channel(self) -> None:
        first = at_channel("alipay", ChannelCounts(payments=2, paid=500, bill_lines=2, matched=1))
        again = at_channel("alipay", ChannelCounts(payments=1, paid=7))
        other = at_channel("unionpay", ChannelCounts(paid=1, refunds=3, refunded=20))
        both = first + again + other
        assert both.by_channel == {
            "alipay": ChannelCounts(payments=3, paid=507, bill_lines=2, matched=1),
            "unionpay": ChannelCounts(paid=1, refunds=3, refunded=20),
        }
        assert both.all_channels == ChannelCounts(
            payments=3, paid=508, refunds=3, refunded=20, bill_lines=2, matched=1
        )


class TestAmounts:
    @pytest.mark.parametrize(
        ("fen", "text"),
        [(0, "¥0.00"), (5, "¥0.05"), (123_456_789, "¥1,234,567.89"), (-100_000, "¥-1,000.00")],
    )
    def test_are_shown_in_yuan(self, fen: int, text: str) -> None:
        assert yuan(fen) == text

    @pytest.mark.parametrize(
        ("available", "drawn"), [(0, 0), (199, 0), (200, 100), (100_001, 50_000), (100_399, 50_100)]
    )
    def test_of_loans_are_half_the_line_in_whole_yuan(self, available: int, drawn: int) -> None:
        assert draw_of(available) == drawn


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class TestProgress:
    def test_is_a_line_a_day_where_nobody_watches(self) -> None:
        stream = io.StringIO()
        display = Display(stream, dates=2)
        display.paid(date(2010, 12, 1), 1, 127)
        display.day_done(date(2010, 12, 1), 1)
        display.day_done(date(2010, 12, 2), 2)
        display.end()
        lines = stream.getvalue().splitlines()
        assert len(lines) == 2
        assert lines[0].startswith("demo: 2010-12-01, day 1 of 2, 127 payments, ")

    def test_moves_on_one_line_at_a_terminal(self) -> None:
        stream = Terminal()
        display = Display(stream, dates=2)
        display.paid(date(2010, 12, 1), 1, 127)
        display.day_done(date(2010, 12, 1), 1)
        display.day_done(date(2010, 12, 2), 2)
        display.end()
        assert stream.getvalue().count("\n") == 1
        assert stream.getvalue().endswith("\n")
