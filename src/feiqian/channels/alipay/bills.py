"""The trade bill (收单业务账单, bill_type trade) of Alipay: read only when it is whole. No I/O.

Form: a zip with two files whose names and contents are GBK: ``{account}_{date}_业务明细.csv`` and ``…_业务明细(汇总).csv``.
Four lines that begin with ``#`` (kind, account, period, start of the list), a title line, the lines, the end of the list,
totals. Nothing is quoted, numbers of orders end with a tab, amounts are yuan, those of refunds negative.
Source: the official page on bills; files that merchants have published.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from feiqian.channels.alipay.wire import CURRENCY
from feiqian.channels.errors import BillDamaged, BillFault
from feiqian.channels.model import Bill, BillKind, BillLine, BillState, BillSummary
from feiqian.kernel.calendar import start_of
from feiqian.kernel.money import parse_major

ENCODING = "gbk"
UNPACKED_BYTES_MAX = 2_000_000_000
"""Far above any bill, far below where a forged zip would fill the memory."""

_FILES_MAX = 10
_PAYMENT = "交易"
_REFUND = "退款"
_SUBJECT = "商品名称"
"""The column, right before the two times, in which the merchant's own words may hold the separator."""
_AMOUNT_TITLES: tuple[str, ...] = (
    "订单金额",
    "商家实收",
    "商家优惠",
    "服务费",
    "支付宝优惠",
    "卡消费金额",
    "分润",
)
"""Columns of amounts that stand in lines and in the summary."""
_NEEDED = (
    "支付宝交易号",
    "商户订单号",
    "业务类型",
    _SUBJECT,
    "创建时间",
    "完成时间",
    "退款批次号/请求号",
    *_AMOUNT_TITLES,
)
_SUMMARY_NEEDED = ("交易订单总笔数", "退款订单总笔数", "实收净额", *_AMOUNT_TITLES)
_UNIT = re.compile(r"[（(]元[）)]$")
_ACCOUNT = re.compile(r"#账号[：:]\s*\[([0-9]+)\]\s*")
_PERIOD = re.compile(r"#起始日期[：:]\s*\[(.+?)\]\s*终止日期[：:]\s*\[(.+?)\]\s*")
_PAYMENTS_TOTAL = re.compile(r"#交易合计[：:]([0-9]+)笔，商家实收共(\S+?)元，商家优惠共(\S+?)元\s*")
_REFUNDS_TOTAL = re.compile(r"#退款合计[：:]([0-9]+)笔，商家实收退款共(\S+?)元，商家优惠退款共(\S+?)元\s*")
_AMOUNT = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,6})?")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")


def is_zip(content: bytes) -> bool:
    """Whether it is a zip at all, and not a page that says that the address has expired."""
    return content.startswith(b"PK")


def parse_bill(content: bytes, *, day: date, seller_id: str) -> Bill:
    """The bill of one day of one merchant, line by line, with its totals recomputed.

    Raises: BillDamaged naming the fault and the place; then no line may be used.
    """
    reader = _BillReader(day, seller_id)
    try:
        with zipfile.ZipFile(io.BytesIO(content), metadata_encoding=ENCODING) as archive:
            details, summary = _find_files(archive, day)
            with _open_text(archive, details) as text:
                lines = reader.read_details(text)
            with _open_text(archive, summary) as text:
                reader.read_summary(text)
    except UnicodeDecodeError as error:
        raise BillDamaged(day=day, fault=BillFault.LINE_UNREADABLE, detail="it is not GBK") from error
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError) as error:
        # Broken, packed in a way that zip files of Alipay are not, or encrypted.
        raise BillDamaged(day=day, fault=BillFault.HASH_DIFFERS, detail=f"the zip: {error}") from error
    return Bill(
        day=day,
        lines=lines,
        summary=BillSummary(
            line_count=len(lines),
            payment_amount=reader.sums[_PAYMENT]["订单金额"],
            refund_amount=-reader.sums[_REFUND]["订单金额"],
            fee=sum(line.fee for line in lines),
        ),
    )


def _find_files(archive: zipfile.ZipFile, day: date) -> tuple[zipfile.ZipInfo, zipfile.ZipInfo]:
    """The files of lines and of totals, known by how they begin."""
    files = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(files) > _FILES_MAX or sum(entry.file_size for entry in files) > UNPACKED_BYTES_MAX:
        raise BillDamaged(day=day, fault=BillFault.LINE_UNREADABLE, detail="the zip holds too much")
    broken = archive.testzip()
    if broken is not None:
        raise zipfile.BadZipFile(f"{broken} has another checksum")
    details: list[zipfile.ZipInfo] = []
    summaries: list[zipfile.ZipInfo] = []
    for entry in files:
        with _open_text(archive, entry) as text:
            first = text.readline()
        if first.startswith("#支付宝业务明细查询"):
            details.append(entry)
        elif first.startswith("#支付宝业务汇总查询"):
            summaries.append(entry)
    for found, fault, what in (
        (details, BillFault.HEADER_UNKNOWN, "files of lines"),
        (summaries, BillFault.SUMMARY_MISSING, "summaries"),
    ):
        if len(found) != 1:
            raise BillDamaged(day=day, fault=fault, detail=f"{len(found)} {what} in the zip")
    return details[0], summaries[0]


def _open_text(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> io.TextIOWrapper:
    return io.TextIOWrapper(archive.open(entry), encoding=ENCODING, newline="\n")


@lru_cache(maxsize=65_536)
def _fen(yuan: str) -> int:
    """Raises: ValueError unless it is a plain decimal of whole fen."""
    if not _AMOUNT.fullmatch(yuan):
        raise ValueError(f"not an amount in yuan: {yuan!r}")
    return parse_major(yuan, CURRENCY)


class _BillReader:
    """One pass over the two files of one bill."""

    def __init__(self, day: date, seller_id: str) -> None:
        self._day = day
        self._day_text = day.isoformat()
        self._seller_id = seller_id
        self._start = start_of(day)
        self._midnight = datetime.combine(day, datetime.min.time())
        self._file = ""
        self._line_number = 0
        self.counts = {_PAYMENT: 0, _REFUND: 0}
        self.sums = {kind: dict.fromkeys(_AMOUNT_TITLES, 0) for kind in self.counts}
        """Signed as printed: those of refunds are negative."""

    def read_details(self, text: Iterable[str]) -> tuple[BillLine, ...]:
        texts = self._open("details", text)
        columns = self._titles(next(texts, ""), _NEEDED)
        lines: list[BillLine] = []
        for line in texts:
            if line.startswith("#"):
                if "业务明细列表结束" not in line:
                    raise self._damaged(BillFault.LINE_UNREADABLE, "it begins with a #")
                self._check_totals(texts)
                return tuple(lines)
            lines.append(self._read_line(line, columns))
        raise self._damaged(BillFault.SUMMARY_MISSING, "the list has no end")

    def read_summary(self, text: Iterable[str]) -> None:
        texts = self._open("summary", text)
        columns = self._titles(next(texts, ""), _SUMMARY_NEEDED)
        total: Sequence[str] | None = None
        for line in texts:
            if line.startswith("#"):
                break
            values = [value.strip() for value in line.split(",")]
            if values[0] == "合计":
                total = values
        else:
            raise self._damaged(BillFault.SUMMARY_MISSING, "the list has no end")
        if total is None or len(total) < len(columns):
            raise self._damaged(BillFault.SUMMARY_MISSING, "it has no line of totals")
        for kind, title in ((_PAYMENT, "交易订单总笔数"), (_REFUND, "退款订单总笔数")):
            self._check_count(kind, total[columns[title]])
        net = {title: sum(self.sums[kind][title] for kind in self.sums) for title in _AMOUNT_TITLES}
        for title in _AMOUNT_TITLES:
            self._check_total(title, total[columns[title]], net[title])
        self._check_total(
            "实收净额", total[columns["实收净额"]], net["商家实收"] + net["服务费"] + net["分润"]
        )

    def _open(self, file: str, text: Iterable[str]) -> Iterator[str]:
        """The lines after the four of the head, whose account and period are checked."""
        self._file, self._line_number = file, 0
        texts = self._texts(text)
        _, account_text, period_text, _ = (next(texts, "") for _ in range(4))
        account, period = _ACCOUNT.fullmatch(account_text), _PERIOD.fullmatch(period_text)
        if account is None or period is None:
            raise self._damaged(BillFault.HEADER_UNKNOWN, "without account and period")
        if not account[1].startswith(self._seller_id):
            raise self._damaged(BillFault.OTHER_MERCHANT, f"it belongs to account {account[1]}")
        expected = tuple(
            f"{each:%Y年%m月%d日} 00:00:00" for each in (self._day, self._day + timedelta(days=1))
        )
        if period.groups() != expected:
            raise self._damaged(BillFault.OTHER_DAY, f"it is for {' to '.join(period.groups())}")
        return texts

    def _texts(self, text: Iterable[str]) -> Iterator[str]:
        """The lines without their ends and without empty ones."""
        for line in text:
            self._line_number += 1
            if line.strip():
                yield line.rstrip("\r\n")

    def _titles(self, text: str, needed: Sequence[str]) -> dict[str, int]:
        columns = {_UNIT.sub("", title.strip()): index for index, title in enumerate(text.split(","))}
        missing = [title for title in needed if title not in columns]
        if missing:
            raise self._damaged(BillFault.HEADER_UNKNOWN, f"without {', '.join(missing)}")
        return columns

    def _read_line(self, text: str, columns: dict[str, int]) -> BillLine:
        values = self._values(text, columns)
        moment = values[columns["完成时间"]]
        if moment[:10] != self._day_text:
            raise self._damaged(BillFault.OTHER_DAY, f"it happened at {moment}")
        kind = values[columns["业务类型"]]
        order_no, trade_no = values[columns["商户订单号"]], values[columns["支付宝交易号"]]
        try:
            if kind not in self.sums:
                raise ValueError(f"业务类型 is {kind!r}")
            amounts = {title: _fen(values[columns[title]]) for title in _AMOUNT_TITLES}
            occurred_at = self._start + (datetime.fromisoformat(moment) - self._midnight)
            amount = amounts["订单金额"] if kind == _PAYMENT else -amounts["订单金额"]
            if amount < 0:
                raise ValueError(f"订单金额 is {values[columns['订单金额']]} for {kind}")
        except ValueError as error:
            raise self._damaged(BillFault.LINE_UNREADABLE, str(error)) from error
        self.counts[kind] += 1
        for title, fen in amounts.items():
            self.sums[kind][title] += fen
        # The sign of the fee is the direction of the money; a payment costs it, a refund gives it back.
        fee = abs(amounts["服务费"])
        refund_no = values[columns["退款批次号/请求号"]]
        return BillLine(
            kind=BillKind.PAYMENT if kind == _PAYMENT else BillKind.REFUND,
            # A refund without a number of its own, such as that of a cancellation, bears its order's.
            out_no=order_no if kind == _PAYMENT else refund_no or order_no,
            channel_no=trade_no,
            out_trade_no=order_no,
            transaction_no=trade_no,
            amount=amount,
            currency=CURRENCY,
            state=BillState.SUCCEEDED,
            fee=fee if kind == _PAYMENT else -fee,
            rate=_rate(fee, amount),
            occurred_at=occurred_at,
        )

    def _values(self, text: str, columns: dict[str, int]) -> list[str]:
        values = [value.strip() for value in text.split(",")]
        place, width = columns[_SUBJECT], len(columns)
        # The subject ends where the two times begin, whatever separators it holds.
        for index in range(place + 1, len(values) - 1):
            if _MOMENT.fullmatch(values[index]) and _MOMENT.fullmatch(values[index + 1]):
                values[place:index] = [",".join(values[place:index])]
                break
        if len(values) < width:
            raise self._damaged(BillFault.LINE_UNREADABLE, f"{len(values)} values for {width} columns")
        # The remark, the last column, may hold separators too.
        return [*values[: width - 1], ",".join(values[width - 1 :])]

    def _check_totals(self, texts: Iterator[str]) -> None:
        found: set[str] = set()
        for text in texts:
            if not text.startswith("#"):
                raise self._damaged(BillFault.LINE_UNREADABLE, "it comes after the end of the list")
            for kind, pattern in ((_PAYMENT, _PAYMENTS_TOTAL), (_REFUND, _REFUNDS_TOTAL)):
                total = pattern.fullmatch(text)
                if total is None:
                    continue
                found.add(kind)
                self._check_count(kind, total[1])
                self._check_total(f"{kind}合计商家实收", total[2], self.sums[kind]["商家实收"])
                self._check_total(f"{kind}合计商家优惠", total[3], self.sums[kind]["商家优惠"])
        if found != set(self.sums):
            raise self._damaged(BillFault.SUMMARY_MISSING, "the totals of payments and refunds are not there")

    def _check_count(self, kind: str, printed: str) -> None:
        if not printed.isdigit() or int(printed) != self.counts[kind]:
            raise self._damaged(
                BillFault.COUNT_DIFFERS, f"{printed} of {kind} are counted, there are {self.counts[kind]}"
            )

    def _check_total(self, title: str, printed: str, summed: int) -> None:
        try:
            fen = _fen(printed)
        except ValueError as error:
            raise self._damaged(BillFault.SUMMARY_MISSING, str(error)) from error
        if fen != summed:
            raise self._damaged(BillFault.TOTAL_DIFFERS, f"{title} is {fen} fen, the lines sum to {summed}")

    def _damaged(self, fault: BillFault, detail: str) -> BillDamaged:
        return BillDamaged(
            day=self._day, fault=fault, detail=f"{self._file} line {self._line_number}: {detail}"
        )


def _rate(fee: int, amount: int) -> str:
    """The fee as a share of the amount: this bill prints no rate."""
    return f"{Decimal(fee) * 100 / Decimal(amount):.2f}%" if amount else ""
