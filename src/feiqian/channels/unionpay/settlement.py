"""The settlement file (对账文件) of UnionPay: ZM holds what was settled, ZME corrections made afterwards. No I/O.

A zip with both, in GBK, of fixed width with one byte between two columns. A file is of a settlement day, 23:00 to 23:00
Beijing time. Source of widths and columns: UnionPay's demo reader and the names of its columns as published with it
(全渠道平台接入接口规范 第3部分 文件接口, 6.1 and 6.2).
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum

import msgspec

from feiqian.channels.errors import BillDamaged, BillFault
from feiqian.channels.unionpay.messages import moment_near, unpack
from feiqian.channels.unionpay.terms import DAY_TOLERANCE, SETTLEMENT_ENDS
from feiqian.kernel.calendar import local

ZIP_BYTES_MAX = 200_000_000
MEMBER_BYTES_MAX = 2_000_000_000
"""Of ZM and ZME each, unpacked: three million lines. They are read line by line."""

_ZM = (
    3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32, 13, 13,
    8, 32, 13, 13, 12, 2, 1, 32, 98,
)  # fmt: skip
_ZME = (3, 11, 11, 6, 10, 19, 12, 4, 2, 2, 6, 10, 4, 12, 13, 13, 15, 15, 1, 12, 2, 135)
_AMOUNT = re.compile(rb"[0-9]{12}")
_SIGNED = re.compile(rb"[CD][0-9]{12}")


class MovementKind(StrEnum):
    """What a settled line is, by its ``txnType``."""

    PAYMENT = "payment"
    """A buyer paid (01), or an amount that was held was captured (03)."""
    REFUND = "refund"
    """A buyer got money back: refund (04), void of a payment (31) or of a capture (33)."""
    PAYOUT = "payout"
    """We paid somebody (12), alone or in a batch."""


CAPTURE = "03"
_KINDS = {
    "01": MovementKind.PAYMENT,
    CAPTURE: MovementKind.PAYMENT,
    "04": MovementKind.REFUND,
    "31": MovementKind.REFUND,
    "33": MovementKind.REFUND,
    "12": MovementKind.PAYOUT,
}


class Movement(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of ZM. Amounts are fen."""

    kind: MovementKind
    txn_type: str
    trace_no: str
    """系统跟踪号; with the time it names the movement in corrections."""
    occurred_at: datetime
    amount: int
    fee: int
    """Negative where it is given back."""
    query_id: str
    order_no: str
    original_query_id: str
    """Of a refund, void or capture: the queryId of what it goes back to."""
    original_order_no: str
    """And its orderId; empty in files of the older form."""


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """One line of ZME: something settled before was corrected, such as a payout that came back."""

    trade_code: str
    """交易代码 of the correction, such as E74."""
    reason: str
    """差错原因代码."""
    amount: int
    settled: int
    """What the correction moves: positive to us, negative from us."""
    original_trace_no: str
    original_at: datetime
    """When the movement that is corrected was made: with its trace number it is found again."""


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """A settlement day: from 23:00 of the day before to 23:00."""

    day: date
    movements: tuple[Movement, ...]
    corrections: tuple[Correction, ...]


def read_settlement(file_content: str, *, day: date, mer_id: str) -> Settlement:
    """The settlement day in ``fileContent``. Raises: BillDamaged; then no line may be used."""
    return _Reader(day, mer_id).read(file_content)


class _Reader:
    """One pass over one file."""

    def __init__(self, day: date, mer_id: str) -> None:
        self._day = day
        self._mer_id = mer_id
        ends = local(day, SETTLEMENT_ENDS.hour)
        self._since = ends - timedelta(days=1) - DAY_TOLERANCE
        self._until = ends + DAY_TOLERANCE
        self._place = "the file"

    def read(self, file_content: str) -> Settlement:
        try:
            content = unpack(file_content, bytes_max=ZIP_BYTES_MAX)
            with zipfile.ZipFile(io.BytesIO(content)) as opened:
                movements = tuple(self._movement(each) for each in self._lines(opened, "ZM", _ZM))
                corrections = tuple(self._correction(each) for each in self._lines(opened, "ZME", _ZME))
        except (ValueError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
            # The last three are what a zip raises whose content is cut, encrypted or packed in an unknown way.
            raise self._damaged(BillFault.LINE_UNREADABLE, str(error)) from error
        return Settlement(day=self._day, movements=movements, corrections=corrections)

    def _lines(self, opened: zipfile.ZipFile, kind: str, widths: Sequence[int]) -> Iterator[list[bytes]]:
        """The columns of every line of ZM or ZME, without their padding."""
        name = self._member(opened, kind)
        if opened.getinfo(name).file_size > MEMBER_BYTES_MAX:
            raise ValueError(f"{name} holds more than {MEMBER_BYTES_MAX} bytes")
        starts = [sum(widths[:index]) + index for index in range(len(widths))]
        bounds = [(start, start + width) for start, width in zip(starts, widths, strict=True)]
        length = bounds[-1][1]
        with opened.open(name) as file:
            for number, raw in enumerate(file, start=1):
                self._place = f"{kind} line {number}"
                line = raw.rstrip(b"\r\n")
                if not line:
                    continue
                if len(line) != length:
                    raise ValueError(f"{len(line)} bytes instead of {length}")
                yield [line[start:end].strip() for start, end in bounds]

    def _member(self, opened: zipfile.ZipFile, kind: str) -> str:
        """The name of ZM or ZME: INN, year, month, day, two digits, kind, merchant."""
        self._place = kind
        pattern = re.compile(rf"INN(\d{{6}})\d\d{kind}_(\w+)")
        found = [(name, match) for name in opened.namelist() if (match := pattern.fullmatch(name))]
        if len(found) != 1:
            raise ValueError(f"the zip holds {', '.join(opened.namelist())}")
        name, match = found[0]
        if match[1] != f"{self._day:%y%m%d}":
            raise self._damaged(BillFault.OTHER_DAY, f"the file is {name}")
        if match[2] != self._mer_id:
            raise self._damaged(BillFault.OTHER_MERCHANT, f"the file is {name}")
        return name

    def _movement(self, columns: list[bytes]) -> Movement:
        self._check_merchant(columns[27])
        txn_type = columns[19].decode()
        kind = _KINDS.get(txn_type)
        if kind is None:
            raise ValueError(f"txnType is {txn_type!r}")
        order_no, query_id = columns[11].decode(), columns[9].decode()
        if not order_no or not query_id:
            raise ValueError("orderId or queryId is empty")
        return Movement(
            kind=kind,
            txn_type=txn_type,
            trace_no=columns[3].decode(),
            occurred_at=self._moment(columns[4].decode()),
            amount=_amount(columns[6]),
            # D: we are charged.
            fee=-_signed(columns[15]),
            query_id=query_id,
            order_no=order_no,
            original_query_id=columns[26].decode(),
            original_order_no=columns[40].decode("gbk"),
        )

    def _correction(self, columns: list[bytes]) -> Correction:
        self._check_merchant(columns[16])
        return Correction(
            trade_code=columns[0].decode(),
            reason=columns[12].decode(),
            amount=_amount(columns[6]),
            settled=_signed(columns[15]),
            original_trace_no=columns[10].decode(),
            # It lies up to a year back, and the year is not told.
            original_at=moment_near(columns[11].decode(), self._until - timedelta(days=180)),
        )

    def _moment(self, text: str) -> datetime:
        moment = moment_near(text, self._until)
        if not self._since <= moment < self._until:
            raise self._damaged(BillFault.OTHER_DAY, f"it happened at {text}")
        return moment

    def _check_merchant(self, column: bytes) -> None:
        if column.decode() != self._mer_id:
            raise self._damaged(BillFault.OTHER_MERCHANT, f"it belongs to {column.decode()}")

    def _damaged(self, fault: BillFault, detail: str) -> BillDamaged:
        return BillDamaged(day=self._day, fault=fault, detail=f"{self._place}: {detail}")


def _amount(column: bytes) -> int:
    """Raises: ValueError."""
    if not _AMOUNT.fullmatch(column):
        raise ValueError(f"not an amount in fen: {column!r}")
    return int(column)


def _signed(column: bytes) -> int:
    """C: to our credit, D: to our debit. Raises: ValueError."""
    if not _SIGNED.fullmatch(column):
        raise ValueError(f"not an amount with C or D: {column!r}")
    return int(column[1:]) if column[:1] == b"C" else -int(column[1:])
