"""The fund flow bill (资金账单, account BASIC) of WeChat Pay: read only when it is whole. No I/O.

Form: as the trade bill's (UTF-8 with BOM, values after a backtick, yuan), with eleven columns and a second title line over
five totals. Source: the official bill guide.
"""

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from enum import StrEnum

import msgspec

from feiqian.channels.errors import BillDamaged, BillFault
from feiqian.channels.wechatpay.bills import fen_of
from feiqian.kernel.calendar import ZONE

_COUNT = "资金流水总笔数"
_SUMS = {
    "收入": ("收入笔数", "收入金额"),
    "支出": ("支出笔数", "支出金额"),
}
"""收支类型 -> the titles of its count and of its sum."""
_COLUMNS = (
    "记账时间",
    "微信支付业务单号",
    "资金流水单号",
    "业务名称",
    "业务类型",
    "收支类型",
    "收支金额(元)",
    "账户结余(元)",
    "资金变更提交申请人",
    "备注",
    "业务凭证号",
)
"""Brackets are printed in either width."""


class FlowDirection(StrEnum):
    """Which way money went, as the account sees it."""

    IN = "in"
    """收入."""
    OUT = "out"
    """支出."""


_DIRECTIONS = {"收入": FlowDirection.IN, "支出": FlowDirection.OUT}


class FlowLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One movement of our money at WeChat Pay."""

    booked_at: datetime
    channel_no: str
    """WeChat Pay's number of the payment, refund, share or transfer behind it."""
    flow_no: str
    """WeChat Pay's number of the movement itself."""
    business: str
    """业务名称, in WeChat Pay's words."""
    kind: str
    """业务类型, such as 交易, 扣除交易手续费, 退款, 分账, 提现."""
    direction: FlowDirection
    amount: int
    """Fen; above zero in both directions."""
    balance: int
    """Fen; what was left after it."""
    memo: str
    voucher_no: str
    """Our number, where the movement has one."""


class FundFlow(msgspec.Struct, frozen=True, kw_only=True):
    """What moved on one day; the printed totals have been found equal to the sums of the lines."""

    day: date
    lines: tuple[FlowLine, ...]


def parse_fund_flow(content: bytes, *, day: date) -> FundFlow:
    """Raises: BillDamaged naming the fault and the place; then no line may be used."""
    return _FlowReader(day).read(content)


class _FlowReader:
    """One pass over one file."""

    def __init__(self, day: date) -> None:
        self._day = day
        self._line_number = 0
        self._columns: dict[str, int] = {}

    def read(self, content: bytes) -> FundFlow:
        texts = self._texts(content)
        self._columns = {_plain(title): place for place, title in enumerate(next(texts, "").split(","))}
        missing = [title for title in _COLUMNS if title not in self._columns]
        if missing:
            raise self._damaged(BillFault.HEADER_UNKNOWN, f"without {', '.join(missing)}")
        lines: list[FlowLine] = []
        for text in texts:
            if text.startswith("`"):
                lines.append(self._line(text))
            elif text.startswith(_COUNT):
                self._check_totals(lines, titles=text, values=next(texts, ""))
                if next(texts, None) is not None:
                    raise self._damaged(BillFault.LINE_UNREADABLE, "it comes after the totals")
                return FundFlow(day=self._day, lines=tuple(lines))
            else:
                raise self._damaged(BillFault.LINE_UNREADABLE, "it begins with no backtick")
        raise self._damaged(BillFault.SUMMARY_MISSING, "the file ends without its totals")

    def _texts(self, content: bytes) -> Iterator[str]:
        encoding = "utf-8-sig"
        for raw in io.BytesIO(content):
            self._line_number += 1
            try:
                text = raw.decode(encoding).rstrip("\r\n")
            except UnicodeDecodeError as error:
                raise self._damaged(BillFault.LINE_UNREADABLE, "it is not UTF-8") from error
            encoding = "utf-8"
            if text:
                yield text

    def _line(self, text: str) -> FlowLine:
        values = text[1:].split(",`")
        at = self._columns
        extra = len(values) - len(at)
        if extra > 0:
            # The memo may hold the separator: it ends where the columns on its right begin.
            place = at["备注"]
            values[place : place + extra + 1] = [",`".join(values[place : place + extra + 1])]
        elif extra < 0:
            raise self._damaged(BillFault.LINE_UNREADABLE, f"{len(values)} values for {len(at)} columns")
        try:
            booked_at = datetime.strptime(values[at["记账时间"]], "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZONE)
            line = FlowLine(
                booked_at=booked_at.astimezone(UTC),
                channel_no=values[at["微信支付业务单号"]],
                flow_no=values[at["资金流水单号"]],
                business=values[at["业务名称"]],
                kind=values[at["业务类型"]],
                direction=_DIRECTIONS[values[at["收支类型"]]],
                amount=fen_of(values[at["收支金额(元)"]]),
                balance=fen_of(values[at["账户结余(元)"]]),
                memo=values[at["备注"]],
                voucher_no=values[at["业务凭证号"]],
            )
        except (ValueError, KeyError) as error:
            raise self._damaged(BillFault.LINE_UNREADABLE, str(error)) from error
        if booked_at.date() != self._day:
            raise self._damaged(BillFault.OTHER_DAY, f"it happened at {booked_at}")
        return line

    def _check_totals(self, lines: list[FlowLine], *, titles: str, values: str) -> None:
        found = dict(zip(map(_plain, titles.split(",")), values.removeprefix("`").split(",`"), strict=False))
        try:
            counted = [(len(lines), _count(found[_COUNT]))]
            for name, (count, total) in _SUMS.items():
                amounts = [line.amount for line in lines if line.direction is _DIRECTIONS[name]]
                counted.append((len(amounts), _count(found[count])))
                if sum(amounts) != fen_of(found[total]):
                    raise self._damaged(
                        BillFault.TOTAL_DIFFERS,
                        f"{total} is {found[total]}, the lines sum to {sum(amounts)} fen",
                    )
        except (ValueError, KeyError) as error:
            raise self._damaged(BillFault.SUMMARY_MISSING, str(error)) from error
        for there, printed in counted:
            if there != printed:
                raise self._damaged(
                    BillFault.COUNT_DIFFERS, f"the summary counts {printed}, there are {there}"
                )

    def _damaged(self, fault: BillFault, detail: str) -> BillDamaged:
        return BillDamaged(day=self._day, fault=fault, detail=f"line {self._line_number}: {detail}")


def _count(text: str) -> int:
    """Written like a number of yuan: 7.0."""
    count, rest = divmod(fen_of(text), 100)
    if rest:
        raise ValueError(f"not a count: {text!r}")
    return count


def _plain(title: str) -> str:
    """Without unit and width of brackets that differ between files."""
    plain = title.strip().replace("（", "(").replace("）", ")")
    return plain.removesuffix("(元)") if plain.endswith("金额(元)") and plain != "收支金额(元)" else plain
