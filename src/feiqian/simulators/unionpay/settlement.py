"""The file download (txnType 76): a zip with the settlement file of a day, from 09:00 of the day after.

Source: the notes on the file download in UnionPay's demo projects: a settlement day ends at 23:00; 98 says that there
is no file, not yet or not for that date.
"""

import asyncio
import io
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import msgspec
from aiohttp import web

from feiqian.kernel.calendar import business_date, local
from feiqian.simulators.kit.moments import beijing
from feiqian.simulators.unionpay.batch_file import pack
from feiqian.simulators.unionpay.codes import Refused
from feiqian.simulators.unionpay.context import Simulator, of
from feiqian.simulators.unionpay.gate import answer, check, message, require
from feiqian.simulators.unionpay.settlement_file import ZERO, ZM, ZME, amount, line, signed_amount
from feiqian.simulators.unionpay.transactions import PAYMENTS, masked

READY_HOUR = 9
KEPT_FOR = timedelta(days=92)
TRADE_CODES = {"01": "S22", "03": "S24", "04": "S30", "31": "S32", "33": "S34", "12": "S50", "21": "S50"}
"""By txnType. Readers go by txnType: the gateway's own list of these is not public."""
RETURNED = "E74"
"""Trade code of a payout that came back."""

_LINES = """
    SELECT t.created_at, t.trace_no, t.account, t.account_type, t.amount, t.query_id, t.order_id, t.txn_type,
           t.txn_sub_type, t.biz_type, t.fee, t.reserved, coalesce(o.trace_no, ''), coalesce(o.created_at, 0),
           coalesce(o.query_id, ''), coalesce(o.order_id, '')
    FROM transactions t LEFT JOIN transactions o ON o.id = t.original_id
"""


class Entry(msgspec.Struct):
    """One transaction of the day, in fen."""

    at: int
    trace_no: str
    account: str
    account_type: str
    amount: int
    query_id: str
    order_id: str
    txn_type: str
    txn_sub_type: str
    biz_type: str
    fee: int
    reserved: str
    original_trace_no: str
    original_at: int
    original_query_id: str
    original_order_id: str

    @property
    def cleared(self) -> int:
        """What moves, without the fee; negative when the merchant is charged."""
        return self.amount if self.txn_type in PAYMENTS else -self.amount


async def answer_file(request: web.Request) -> web.Response:
    """POST / of the file host: txnType 76, txnSubType 01, fileType 00, settleDate MMDD."""
    simulator = of(request)
    fields = await message(request)
    check(simulator, fields)
    if (fields["txnType"], fields["txnSubType"]) != ("76", "01") or fields.get("fileType") != "00":
        raise Refused("32")
    require(fields, "settleDate")
    day = _day(simulator, fields["settleDate"])
    mode = simulator.take("settlement_file")
    is_ready = simulator.sandbox.clock.now() >= local(day + timedelta(days=1), READY_HOUR)
    if mode == "missing" or not is_ready:
        raise Refused("98")
    await simulator.books.durable()
    file = await asyncio.to_thread(_write, simulator.books.path, simulator.keys.mer_id, day, mode)
    if file is None:
        raise Refused("98")
    return answer(
        simulator,
        fields,
        "00",
        settleDate=fields["settleDate"],
        fileType="00",
        fileName=f"{simulator.keys.mer_id}_{day:%Y%m%d}.zip",
        fileContent=pack(file),
    )


def _day(simulator: Simulator, settle_date: str) -> date:
    """The latest date of that month and day that is over. Raises: Refused 10 or 98."""
    today = business_date(simulator.sandbox.clock.now())
    for year in (today.year, today.year - 1):
        try:
            day = date(year, int(settle_date[:2]), int(settle_date[2:]))
        except ValueError as error:
            if settle_date == "0229":
                continue
            raise Refused("10", "报文格式错误：settleDate") from error
        if day <= today:
            if today - day > KEPT_FOR:
                break
            return day
    raise Refused("98")


def _write(database: Path, mer_id: str, day: date, mode: str) -> bytes | None:
    """The zip of a day; None when nothing was settled on it."""
    with closing(sqlite3.connect(database)) as connection:
        entries = [
            Entry(*row)
            for row in connection.execute(f"{_LINES} WHERE t.settled_on = ? ORDER BY t.id", [str(day)])
        ]
        returned = [
            Entry(*row)
            for row in connection.execute(f"{_LINES} WHERE t.returned_on = ? ORDER BY t.id", [str(day)])
        ]
    if not entries and not returned:
        return None
    lines = [line(ZM, _values(entry, mer_id)) for entry in _misstated(entries, day, mode)]
    if lines and mode == "truncated":
        lines[-1] = lines[-1][: len(lines[-1]) // 2]
    if lines and mode == "bad_width":
        lines[0] = lines[0][:30] + lines[0][31:]
    if mode == "bad_zip":
        return b"PK\x03\x04 not a zip"
    corrections = [line(ZME, _correction(entry, mer_id)) for entry in returned]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"INN{day:%y%m%d}88ZM_{mer_id}", _joined(lines))
        archive.writestr(f"INN{day:%y%m%d}88ZME_{mer_id}", _joined(corrections))
    return packed.getvalue()


def _joined(lines: list[bytes]) -> bytes:
    return b"".join(one + b"\r\n" for one in lines)


def _misstated(entries: list[Entry], day: date, mode: str) -> Iterator[Entry]:
    for index, entry in enumerate(entries):
        if mode == "other_day":
            entry.at -= 24 * 3600 * 1000
        if mode == "amount_differs" and index == 0:
            entry.amount += 1
        yield entry
    if mode == "extra_line" and entries:
        extra = msgspec.structs.replace(entries[-1], txn_type="01", txn_sub_type="01", amount=100, fee=0)
        extra.query_id, extra.trace_no = f"05{day:%y%m%d}2200009999999", "999999"
        extra.order_id = f"unknown{day:%Y%m%d}"
        extra.original_trace_no = extra.original_query_id = extra.original_order_id = ""
        yield extra


def _values(entry: Entry, mer_id: str) -> dict[str, str]:
    values = _shared(entry, mer_id) | {
        "tradeCode": TRADE_CODES[entry.txn_type],
        "queryId": entry.query_id,
        "orderId": entry.order_id,
        "payCardType": "01",
        "payType": "0201" if entry.biz_type != "000401" else "",
        "txnType": entry.txn_type,
        "txnSubType": entry.txn_sub_type,
        "bizType": entry.biz_type,
        "accType": entry.account_type,
        "interactMode": "0",
        "origQryId": entry.original_query_id,
        "netAmt": signed_amount(entry.cleared - entry.fee),
        "termId": "01080209",
        "merReserved": entry.reserved,
        "discountAmt": ZERO,
        "invoiceAmt": ZERO,
        "instalFee": amount(0),
        "instalNum": "00",
        "tradeMedia": "0",
        "origOrderId": entry.original_order_id,
        "reserved": signed_amount(entry.cleared),
    }
    if entry.original_trace_no:
        values |= {
            "origTraceNo": entry.original_trace_no,
            "origTraceTime": beijing(entry.original_at, "%m%d%H%M%S"),
        }
    return values


def _correction(entry: Entry, mer_id: str) -> dict[str, str]:
    """A payout that came back: the merchant gets its amount again, without the fee."""
    return _shared(entry, mer_id) | {
        "tradeCode": RETURNED,
        "origTraceNo": entry.trace_no,
        "origTraceTime": beijing(entry.at, "%m%d%H%M%S"),
        "reason": "4507",
        "retrievalNo": entry.query_id[-12:],
        "fee": ZERO,
        "settleAmt": signed_amount(entry.amount),
    }


def _shared(entry: Entry, mer_id: str) -> dict[str, str]:
    return {
        "agentInsCode": "00049992",
        "sendInsCode": "00049992",
        "traceNo": entry.trace_no,
        "traceTime": beijing(entry.at, "%m%d%H%M%S"),
        "accNo": masked(entry.account),
        "txnAmt": amount(entry.amount),
        "merCatCode": "5311",
        "termType": "07",
        "fee": signed_amount(-entry.fee),
        "settleAmt": signed_amount(entry.cleared - entry.fee),
        "merId": mer_id,
        "accountType": "0",
    }
