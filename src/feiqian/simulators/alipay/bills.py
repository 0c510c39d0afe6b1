"""The bills of a day: a URL that lives for 30 seconds, and behind it a zip whose names and contents are GBK.

Source: the documentation of alipay.data.dataservice.bill.downloadurl.query and samples of the files published by others:
four lines that begin with #, the titles, lines whose numbers end in tabs, an end mark, sums. Money that leaves is
negative, and so is the fee of a payment.
"""

import asyncio
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

import msgspec
from aiohttp import web

from feiqian.kernel.calendar import business_date, end_of, local, start_of
from feiqian.simulators.alipay.answers import Refused, business, parse
from feiqian.simulators.alipay.bill_text import Line, account_text, summary_text, trade_text
from feiqian.simulators.alipay.calls import Call
from feiqian.simulators.alipay.context import Simulator, of
from feiqian.simulators.kit.files import named_by, token
from feiqian.simulators.kit.moments import to_ms

READY_HOUR = 9
"""Beijing time, on the day after."""
KEPT_FOR = timedelta(days=366)
URL_LIVES_MS = 30_000

_TRADES = """
    SELECT t.paid_at, t.trade_no, t.out_trade_no, '交易', t.subject, t.created_at, t.total, -t.fee, '', t.body
    FROM trades t WHERE t.paid_at >= :start AND t.paid_at < :end
    UNION ALL
    SELECT r.succeeded_at, t.trade_no, t.out_trade_no, '退款', t.subject, r.created_at, -r.amount, r.fee,
           r.out_request_no, r.reason
    FROM refunds r JOIN trades t ON t.id = r.trade_id
    WHERE r.succeeded_at >= :start AND r.succeeded_at < :end
    ORDER BY 1, 2, 9
"""
_MOVEMENTS = """
    SELECT id, trade_no, out_no, title, at, other, amount, balance, kind FROM movements
    WHERE at >= :start AND at < :end ORDER BY id
"""


class BillName(msgspec.Struct):
    """biz_content of the call."""

    bill_type: str
    bill_date: str


class BillRequest(msgspec.Struct, frozen=True):
    """What decides a bill's content."""

    day: date
    type: Literal["trade", "signcustomer"]
    mode: str
    account: str
    """The seller's user number and 0156, as Alipay numbers its accounts."""
    now_ms: int


class GbkEntry(zipfile.ZipInfo):
    """A zip's entry with a GBK name and without the mark that says UTF-8, as Alipay writes it."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - the name that zipfile calls
        return self.filename.encode("gbk"), self.flag_bits & ~0x800


async def answer_download_url(simulator: Simulator, call: Call, origin: str) -> dict[str, Any]:
    """alipay.data.dataservice.bill.downloadurl.query. Raises: Refused isp.bill_not_exist when there is none."""
    name = parse(call.biz_content, BillName)
    if name.bill_type not in ("trade", "signcustomer"):
        raise business("TYPE_NOT_SUPPORTED", "账单类型不支持")
    day = _day(simulator, name.bill_date)
    mode = simulator.behaviour.take("bill")
    is_ready = simulator.sandbox.clock.now() >= local(day + timedelta(days=1), READY_HOUR)
    if not is_ready or mode in ("missing", "not_ready"):
        raise _no_bill()
    now_ms = simulator.now_ms()
    bill = BillRequest(
        day=day,
        type="trade" if name.bill_type == "trade" else "signcustomer",
        mode=mode,
        account=f"{simulator.keys.credentials.seller_id}0156",
        now_ms=now_ms,
    )
    await simulator.books.durable()
    path = simulator.sandbox.directory / "bills" / f"{day}-{bill.type}-{mode}.zip"
    if await asyncio.to_thread(write_bill, simulator.books.path, bill, path) == 0:
        raise _no_bill()
    until_ms = now_ms - 1 if mode == "expired" else now_ms + URL_LIVES_MS
    sealed = token(_sealing_key(simulator), path.name, until_ms)
    return {
        "bill_download_url": f"{origin}/downloadBillFile.resource?bizType={bill.type}&fileType=csv.zip&token={sealed}"
    }


async def answer_file(request: web.Request) -> web.StreamResponse:
    """GET /downloadBillFile.resource?token=…: needs no signature, lives for 30 seconds on the simulator's clock."""
    simulator = of(request)
    name = named_by(_sealing_key(simulator), request.query.get("token", ""), simulator.now_ms())
    if name is None:
        return web.Response(status=403, text="链接已失效，请重新获取")
    path = simulator.sandbox.directory / "bills" / name
    headers = {"Content-Type": "application/zip", "Content-Disposition": f'attachment; filename="{name}"'}
    return web.FileResponse(path, headers=headers)


def write_bill(database: Path, bill: BillRequest, path: Path) -> int:
    """Write the day's archive. Returns how many lines it has; 0 writes none."""
    with closing(sqlite3.connect(database)) as connection:
        texts, lines = _texts(connection, bill)
    if lines == 0:
        return 0
    path.parent.mkdir(exist_ok=True)
    title = "业务明细" if bill.type == "trade" else "账务明细"
    stem = f"{bill.account}_{bill.day:%Y%m%d}_{title}"
    unfinished = path.with_suffix(".unfinished")
    with zipfile.ZipFile(unfinished, "w") as archive:
        for name, text in zip((f"{stem}.csv", f"{stem}(汇总).csv"), texts, strict=True):
            entry = GbkEntry(name, date_time=(bill.day.year, bill.day.month, bill.day.day, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text.encode("gbk", "replace"))
    if bill.mode == "bad_zip":
        _damage(unfinished)
    unfinished.replace(path)
    return lines


def _texts(connection: sqlite3.Connection, bill: BillRequest) -> tuple[tuple[str, str], int]:
    bounds = {"start": to_ms(start_of(bill.day)), "end": to_ms(end_of(bill.day))}
    frame = (bill.account, bill.day, bill.now_ms)
    if bill.type == "signcustomer":
        rows = connection.execute(_MOVEMENTS, bounds).fetchall()
        detail = account_text(rows, *frame)
        return (_cut(detail, bill), account_text([], *frame)), len(rows)
    lines = list(_misstated((Line(*row) for row in connection.execute(_TRADES, bounds)), bill))
    return (_cut(trade_text(lines, *frame), bill), summary_text(lines, *frame)), len(lines)


def _misstated(lines: Iterator[Line], bill: BillRequest) -> Iterator[Line]:
    last = None
    for line in lines:
        if bill.mode == "other_day":
            line.at -= 24 * 3600 * 1000
            line.begun_at -= 24 * 3600 * 1000
        if bill.mode == "amount_differs" and last is None:
            line.amount += 1
        last = line
        yield line
    if bill.mode == "extra_line" and last is not None:
        yield Line(
            at=last.at,
            trade_no=f"{bill.day:%Y%m%d}22001499999999999999",
            out_trade_no=f"unknown{bill.day:%Y%m%d}",
            kind="交易",
            subject="unknown",
            begun_at=last.at,
            amount=100,
            fee=0,
            out_request_no="",
            remark="",
        )


def _cut(text: str, bill: BillRequest) -> str:
    if bill.mode != "truncated":
        return text
    return text[: text.rindex("#-") - 40]


def _damage(path: Path) -> None:
    """One byte of the first entry's compressed content, whose checksum then no longer holds."""
    with zipfile.ZipFile(path) as archive:
        first = archive.infolist()[0]
    content = bytearray(path.read_bytes())
    at = first.header_offset + 30 + len(first.orig_filename.encode("cp437")) + first.compress_size // 2
    content[at] ^= 0xFF
    path.write_bytes(content)


def _day(simulator: Simulator, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise business("invalid_arguments", "bill_date 必须形如 2016-04-05") from error
    today = business_date(simulator.sandbox.clock.now())
    if day >= today or day < today - KEPT_FOR:
        raise _no_bill()
    return day


def _no_bill() -> Refused:
    return business("isp.bill_not_exist", "账单不存在")


def _sealing_key(simulator: Simulator) -> bytes:
    return simulator.keys.credentials.alipay_private_key.encode()
