"""What the story adds up to: one JSON object for programs, one table for people. Amounts in fen."""

import msgspec

from feiqian.kernel.money import format_grouped


class ChannelCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What happened over one channel."""

    payments: int = 0
    paid: int = 0
    refunds: int = 0
    refunded: int = 0
    bill_lines: int = 0
    """Of its bills."""
    matched: int = 0
    """Lines that agreed with our books on their day."""

    def __add__(self, other: "ChannelCounts") -> "ChannelCounts":
        return ChannelCounts(
            **{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__}
        )


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in some days, counted from the server's answers; adds up day by day."""

    by_channel: dict[str, ChannelCounts] = {}
    """By the code of the connection."""
    fees: int = 0
    """Of payments, before refunds took their part back."""
    fees_returned: int = 0
    trial_balances_wrong: int = 0
    """Dates whose trial balance differs from the ledger."""
    seconds: float = 0.0

    @property
    def all_channels(self) -> ChannelCounts:
        """The sum of the channels."""
        return sum(self.by_channel.values(), start=ChannelCounts())

    def __add__(self, other: "Counts") -> "Counts":
        none = ChannelCounts()
        return Counts(
            by_channel={
                code: self.by_channel.get(code, none) + other.by_channel.get(code, none)
                for code in self.by_channel | other.by_channel
            },
            fees=self.fees + other.fees,
            fees_returned=self.fees_returned + other.fees_returned,
            trial_balances_wrong=self.trial_balances_wrong + other.trial_balances_wrong,
            seconds=self.seconds + other.seconds,
        )


def at_channel(code: str, counts: ChannelCounts) -> Counts:
    """What happened over one channel alone."""
    return Counts(by_channel={code: counts})


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What only the house itself can say at the end."""

    ledger_transactions: int
    ledger_verified: bool
    """Every balance was recomputed from the entries and agrees, and every standing invariant holds."""
    settled: int
    """What the closes made available to merchants, fen."""
    bill_lines: int
    matched: int
    carried_over: int
    """Pairs whose sides stand on two days, counted once."""
    unexplained: int
    vouchers: int


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a story. The order of the fields is the order of the keys."""

    orders: int
    """Invoices of every kind in the file's days."""
    payments: int
    paid: int
    refunds: int
    refunded: int
    rejected: int
    """Rows in the file of rejects."""
    unmatched_refund: int
    """What cancellations asked back and no earlier order could cover."""
    fees: int
    """0.6 % of each payment, floor, before refunds."""
    settled: int
    """What the closes made available to suppliers."""
    suppliers: int
    buyers: int
    """Who paid at least once; walk-ins count as one."""
    ledger_transactions: int
    ledger_verified: bool
    bill_lines: int
    matched: int
    carried_over: int
    unexplained: int
    vouchers: int
    trial_balance_ok: bool
    """On every date."""
    loans: int
    lent: int
    repaid: int
    """Principal, interest and penalty."""
    interest: int
    """Accrued; lent + interest + penalty - repaid = outstanding."""
    outstanding: int
    """Principal, interest and penalty still owed."""
    seconds: float
    """Of work on complete dates, over all runs of the story."""
    fees_returned: int
    """The part of the fees that went back with refunds."""
    penalty: int
    """Accrued on overdue loans."""
    by_channel: dict[str, ChannelCounts]
    """The same payments, refunds and bills, by the code of the connection they went over."""

    def json(self) -> str:
        """One JSON object on one line."""
        return msgspec.json.encode(self).decode()

    def table(self) -> str:
        """The same for people, in yuan."""
        rows = [
            ("orders", f"{self.orders:,}", f"{self.rejected:,} rejected"),
            ("payments", f"{self.payments:,}", yuan(self.paid)),
            ("refunds", f"{self.refunds:,}", yuan(self.refunded)),
            ("cancelled, nothing to refund", "", yuan(self.unmatched_refund)),
            ("fees", "", f"{yuan(self.fees)}, {yuan(self.fees_returned)} returned"),
            ("settled", "", yuan(self.settled)),
            ("suppliers", f"{self.suppliers:,}", ""),
            ("buyers", f"{self.buyers:,}", ""),
            ("ledger transactions", f"{self.ledger_transactions:,}", _word(self.ledger_verified, "verified")),
            ("bill lines", f"{self.bill_lines:,}", self._bill()),
            ("vouchers", f"{self.vouchers:,}", _word(self.trial_balance_ok, "in balance")),
            ("loans", f"{self.loans:,}", f"{yuan(self.lent)} lent, {yuan(self.repaid)} repaid"),
            ("interest", "", f"{yuan(self.interest)}, {yuan(self.outstanding)} outstanding in all"),
            ("seconds", f"{self.seconds:,.1f}", f"{self.payments / max(self.seconds, 0.1):,.0f} payments/s"),
        ]
        told = [f"{name:<30}{count:>10}  {note}".rstrip() for name, count, note in rows]
        return "\n".join([*told, "", *self._channels()])

    def _channels(self) -> list[str]:
        heads = ("channel", "payments", "paid", "refunds", "refunded", "bill lines", "matched")
        rows = [
            (
                code,
                f"{each.payments:,}",
                yuan(each.paid),
                f"{each.refunds:,}",
                yuan(each.refunded),
                f"{each.bill_lines:,}",
                f"{each.matched:,}",
            )
            for code, each in self.by_channel.items()
        ]
        widths = (16, 9, 16, 8, 15, 11, 9)
        return [
            f"{row[0]:<{widths[0]}}"
            + "".join(f"{text:>{width}}" for text, width in zip(row[1:], widths[1:], strict=True))
            for row in (heads, *rows)
        ]

    def _bill(self) -> str:
        return (
            f"{self.matched:,} matched, {self.carried_over:,} carried over, {self.unexplained:,} unexplained"
        )


def yuan(amount_fen: int) -> str:
    """``-123456789`` fen as ``¥-1,234,567.89``."""
    return f"¥{format_grouped(amount_fen)}"


def _word(holds: bool, word: str) -> str:
    return word if holds else f"NOT {word}"
