"""The trade bill (交易账单, bill_type ALL) of WeChat Pay: read only when it is whole. No I/O.

Form: UTF-8 with BOM; a title line; a line for each movement, every value after a backtick; a second title
line; one line of totals. Amounts are yuan. Source: the official bill guide and the PHP SDK's fixture.
"""

import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache

from feiqian.channels.errors import BillDamaged, BillFault
from feiqian.channels.model import Bill, BillKind, BillLine, BillState, BillSummary
from feiqian.kernel.calendar import start_of
from feiqian.kernel.money import parse_major

CURRENCY = "CNY"
TOTALS = {
    "应结订单总金额": "应结订单金额",
    "退款总金额": "退款金额",
    "充值券退款总金额": "充值券退款金额",
    "手续费总金额": "手续费",
    "订单总金额": "订单金额",
    "申请退款总金额": "申请退款金额",
}
"""Title of a total -> title of the column that it sums."""

_COUNT = "总交易单数"
_FREE_TEXT = "商品名称"
"""The column in which a merchant's own words may hold the separator."""
_NEEDED = (
    "交易时间",
    "商户号",
    "微信订单号",
    "商户订单号",
    "交易状态",
    "货币种类",
    "微信退款单号",
    "商户退款单号",
    "退款状态",
    _FREE_TEXT,
    "费率",
    *TOTALS.values(),
)
_REFUND_STATES = {
    "SUCCESS": BillState.SUCCEEDED,
    "PROCESSING": BillState.PROCESSING,
    "FAIL": BillState.FAILED,
}
"""退款状态 -> ours."""

_AMOUNT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")


def check_hash(content: bytes, *, day: date, hash_type: str, hash_value: str) -> None:
    """Compare the file with what its signed announcement says.

    Raises: BillDamaged.
    """
    if hash_type != "SHA1":
        raise BillDamaged(day=day, fault=BillFault.HASH_DIFFERS, detail=f"hash type {hash_type} is not SHA1")
    found = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    if found != hash_value.lower():
        raise BillDamaged(
            day=day, fault=BillFault.HASH_DIFFERS, detail=f"SHA1 {found}, announced {hash_value}"
        )


def parse_bill(content: bytes, *, day: date, mchid: str) -> Bill:
    """The bill of one day of one merchant, line by line, with its totals recomputed.

    Raises: BillDamaged naming the fault and the place; then no line may be used.
    """
    return _BillReader(day, mchid).read(content)


@lru_cache(maxsize=65_536)
def fen_of(yuan: str) -> int:
    """An amount as bills print it. Raises: ValueError unless it is a plain decimal of whole fen."""
    if not _AMOUNT.fullmatch(yuan):
        raise ValueError(f"not an amount in yuan: {yuan!r}")
    return parse_major(yuan, CURRENCY)


class _BillReader:
    """One pass over one file."""

    def __init__(self, day: date, mchid: str) -> None:
        self._day = day
        self._day_text = day.isoformat()
        self._mchid = mchid
        self._start = start_of(day)
        self._midnight = datetime.combine(day, datetime.min.time())
        self._columns: dict[str, int] = {}
        self._width = 0
        self._sums = dict.fromkeys(TOTALS, 0)
        self._line_number = 0

    def read(self, content: bytes) -> Bill:
        texts = self._texts(content)
        self._read_titles(next(texts, ""))
        lines: list[BillLine] = []
        for text in texts:
            if text.startswith("`"):
                lines.append(self._read_line(text))
            elif text.startswith(_COUNT):
                return self._finish(tuple(lines), titles=text, values=next(texts, ""), rest=texts)
            else:
                raise self._damaged(BillFault.LINE_UNREADABLE, "it begins with no backtick")
        raise self._damaged(BillFault.SUMMARY_MISSING, "the file ends without its totals")

    def _texts(self, content: bytes) -> Iterator[str]:
        """The lines without their ends, the byte order mark and empty lines."""
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

    def _read_titles(self, text: str) -> None:
        titles = text.split(",")
        self._width = len(titles)
        self._columns = {title: index for index, title in enumerate(titles)}
        missing = [title for title in _NEEDED if title not in self._columns]
        if missing:
            raise self._damaged(BillFault.HEADER_UNKNOWN, f"without {', '.join(missing)}")

    def _read_line(self, text: str) -> BillLine:
        values = self._values(text)
        at = self._columns
        moment = values[at["交易时间"]]
        if moment[:10] != self._day_text:
            raise self._damaged(BillFault.OTHER_DAY, f"it happened at {moment}")
        if values[at["商户号"]] != self._mchid:
            raise self._damaged(BillFault.OTHER_MERCHANT, f"it belongs to {values[at['商户号']]}")
        if values[at["货币种类"]] != CURRENCY:
            raise self._damaged(BillFault.LINE_UNREADABLE, f"its currency is {values[at['货币种类']]}")
        state = values[at["交易状态"]]
        order_no, transaction_no = values[at["商户订单号"]], values[at["微信订单号"]]
        try:
            amounts = {title: fen_of(values[at[column]]) for title, column in TOTALS.items()}
            occurred_at = self._start + self._since_midnight(moment)
            if state == "SUCCESS":
                kind, bill_state = BillKind.PAYMENT, BillState.SUCCEEDED
                out_no, channel_no = order_no, transaction_no
                amount = amounts["订单总金额"]
            elif state in ("REFUND", "REVOKED"):
                kind, bill_state = BillKind.REFUND, _REFUND_STATES[values[at["退款状态"]]]
                out_no, channel_no = values[at["商户退款单号"]], values[at["微信退款单号"]]
                amount = amounts["申请退款总金额"]
            else:
                raise ValueError(f"交易状态 is {state!r}")
        except (ValueError, KeyError) as error:
            raise self._damaged(BillFault.LINE_UNREADABLE, str(error)) from error
        sums = self._sums
        for title, fen in amounts.items():
            sums[title] += fen
        return BillLine(
            kind=kind,
            out_no=out_no,
            channel_no=channel_no,
            out_trade_no=order_no,
            transaction_no=transaction_no,
            amount=amount,
            currency=CURRENCY,
            state=bill_state,
            fee=amounts["手续费总金额"],
            rate=values[at["费率"]],
            occurred_at=occurred_at,
        )

    def _values(self, text: str) -> Sequence[str]:
        values = text[1:].split(",`")
        extra = len(values) - self._width
        if extra > 0:
            # The merchant's own words hold the separator: they end where the columns on their right begin.
            place = self._columns[_FREE_TEXT]
            values[place : place + extra + 1] = [",`".join(values[place : place + extra + 1])]
        elif extra < 0:
            raise self._damaged(BillFault.LINE_UNREADABLE, f"{len(values)} values for {self._width} columns")
        return values

    def _since_midnight(self, moment: str) -> timedelta:
        if len(moment) != 19:
            raise ValueError(f"交易时间 is {moment!r}")
        return datetime.fromisoformat(moment) - self._midnight

    def _finish(self, lines: tuple[BillLine, ...], *, titles: str, values: str, rest: Iterator[str]) -> Bill:
        found = dict(zip(titles.split(","), values.removeprefix("`").split(",`"), strict=False))
        missing = [title for title in (_COUNT, *TOTALS) if title not in found]
        if missing:
            raise self._damaged(BillFault.SUMMARY_MISSING, f"without {', '.join(missing)}")
        if next(rest, None) is not None:
            raise self._damaged(BillFault.LINE_UNREADABLE, "it comes after the totals")
        try:
            printed = {title: fen_of(found[title]) for title in TOTALS}
            # The count is written like a number of yuan: 45.0.
            count, parts = divmod(fen_of(found[_COUNT]), 100)
        except ValueError as error:
            raise self._damaged(BillFault.SUMMARY_MISSING, str(error)) from error
        if parts or count != len(lines):
            raise self._damaged(
                BillFault.COUNT_DIFFERS, f"the summary counts {found[_COUNT]}, there are {len(lines)}"
            )
        for title, fen in printed.items():
            if fen != self._sums[title]:
                raise self._damaged(
                    BillFault.TOTAL_DIFFERS, f"{title} is {fen} fen, the lines sum to {self._sums[title]}"
                )
        summary = BillSummary(
            line_count=count,
            payment_amount=printed["订单总金额"],
            refund_amount=printed["申请退款总金额"],
            fee=printed["手续费总金额"],
        )
        return Bill(day=self._day, lines=lines, summary=summary)

    def _damaged(self, fault: BillFault, detail: str) -> BillDamaged:
        return BillDamaged(day=self._day, fault=fault, detail=f"line {self._line_number}: {detail}")
