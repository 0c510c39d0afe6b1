"""Batch payouts (txnType 21, result by 22): accepted as a whole, decided line by line. There is no notice.

Source: UnionPay's payout product: a batch is known by its number and the merchant's time, its number is used once a day.
"""

from typing import Any

import msgspec

from feiqian.simulators.kit.moments import beijing
from feiqian.simulators.unionpay.batch_file import BatchFile, pack, parse, unpack, write_result
from feiqian.simulators.unionpay.codes import SUCCESS, TEXTS, Refused
from feiqian.simulators.unionpay.context import PAYOUT_FEE, Simulator, settlement_day
from feiqian.simulators.unionpay.gate import require
from feiqian.simulators.unionpay.messages import Fields
from feiqian.simulators.unionpay.payouts import PAYOUT
from feiqian.simulators.unionpay.transactions import (
    Transaction,
    canonical,
    find_all,
    next_id,
    numbering,
    write,
)

SUB_TYPE = "03"
"""Payouts; 01 would be refunds and 02 collections, which this sandbox does not have."""
FAILURES = {
    "part_fails": ("CASE line_no % 9 WHEN 3 THEN '61' WHEN 6 THEN '66' ELSE '60' END", "line_no % 3 = 0"),
    "all_fail": ("'61'", "TRUE"),
}
"""Mode -> the code that failing lines get, and which lines fail, in SQL."""


class Batch(msgspec.Struct, frozen=True):
    """A row of ``batches``; its columns are explained there."""

    id: int
    batch_no: str
    day: str
    txn_time: str
    titles: str
    header: str
    total: int
    lines: int
    mode: str
    state: str
    created_at: int


COLUMNS = ", ".join(Batch.__struct_fields__)


def accept(simulator: Simulator, fields: Fields) -> Batch:
    """Take on a batch. Raises: Refused; then no line of it was taken on."""
    if fields["txnSubType"] != SUB_TYPE or fields["bizType"] != PAYOUT:
        raise Refused("32")
    require(fields, "batchNo", "totalQty", "totalAmt", "fileContent", "channelType")
    day = fields["txnTime"][:8]
    if _one(simulator, "batch_no = ? AND day = ?", fields["batchNo"], day) is not None:
        raise Refused("12")
    file = parse(unpack(fields["fileContent"]))
    if int(fields["totalQty"]) != len(file.lines) or int(fields["totalAmt"]) != file.total:
        raise Refused("14", "批量文件格式错误：总金额或总笔数与报文不符")
    mode = simulator.take("batch")
    state = mode if mode in ("processing", "not_ready") else "done"
    with simulator.books.atomically():
        batch_id = simulator.books.write(
            "INSERT INTO batches (batch_no, day, txn_time, titles, header, total, lines, mode, state, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            fields["batchNo"],
            day,
            fields["txnTime"],
            "|".join(file.titles),
            file.header,
            file.total,
            len(file.lines),
            mode,
            state,
            simulator.now_ms(),
        )
        _take_lines(simulator, fields, file, batch_id, day)
        if mode != "processing":
            _decide(simulator, batch_id, mode)
    batch = _one(simulator, "id = ?", batch_id)
    assert batch is not None, "it was just written"
    return batch


def numbered(simulator: Simulator, batch_no: str, txn_time: str) -> Batch:
    """By the merchant's number and time. Raises: Refused 34."""
    batch = _one(simulator, "batch_no = ? AND txn_time = ?", batch_no, txn_time)
    if batch is None:
        raise Refused("34", f"批次（{batch_no}）不存在")
    return batch


def latest(simulator: Simulator, batch_no: str) -> Batch | None:
    """The newest of that number, for the sandbox's own calls."""
    return _one(simulator, "batch_no = ?", batch_no)


def settle(simulator: Simulator, batch: Batch) -> None:
    """End a batch that the sandbox keeps back. Raises: Refused when it has ended."""
    if batch.state == "done":
        raise Refused("35", "批次已处理完成")
    with simulator.books.atomically():
        if batch.state == "processing":
            _decide(simulator, batch.id, "normal")
        simulator.books.write("UPDATE batches SET state = 'done' WHERE id = ?", batch.id)


def lines_of(simulator: Simulator, batch: Batch) -> list[Transaction]:
    """The lines of a batch in the file's order."""
    return find_all(simulator, "batch_id = ?", batch.id)


def result(simulator: Simulator, batch: Batch) -> str:
    """``fileContent`` of a batch's result. Raises: Refused 05 or 41 while there is none."""
    if batch.state != "done":
        raise Refused("05" if batch.state == "processing" else "41")
    lines = lines_of(simulator, batch)
    succeeded = [line.amount for line in lines if line.has_succeeded]
    results = [_result_line(line) for line in lines]
    if batch.mode == "result_short":
        results.pop()
    file = write_result(batch.header, batch.titles.split("|"), results, succeeded)
    return "bm90IGEgemxpYiBzdHJlYW0=" if batch.mode == "result_garbled" else pack(file)


def _take_lines(simulator: Simulator, fields: Fields, file: BatchFile, batch_id: int, day: str) -> None:
    """Keep every line, processing; one whose order number was used that day has failed already."""
    known = {
        row[0]
        for row in simulator.books.rows(
            "SELECT order_id FROM transactions WHERE substr(txn_time, 1, 8) = ?", day
        )
    }
    first, now_ms = next_id(simulator), simulator.now_ms()
    stamp = beijing(now_ms, "%y%m%d%H%M%S")
    for line_no, line in enumerate(file.lines, start=1):
        number = first + line_no - 1
        code = _refusal(line, known)
        row = Transaction(
            id=number,
            order_id=line["orderId"],
            txn_time=fields["txnTime"],
            txn_type="21",
            txn_sub_type=SUB_TYPE,
            biz_type=PAYOUT,
            request=canonical(line),
            amount=int(line["txnAmt"]),
            state="failed" if code else "processing",
            resp_code=code or "05",
            query_id=f"05{stamp}{numbering(number)}",
            trace_no=f"{number % 10**6:06d}",
            created_at=now_ms,
            ended_at=now_ms if code else None,
            account=line["accNo"],
            account_type=line["accType"],
            batch_id=batch_id,
            line_no=line_no,
        )
        write(simulator, row)


def _refusal(line: dict[str, str], known: set[str]) -> str:
    """Why a line fails by itself; empty when nothing is wrong with it."""
    if line["orderId"] in known:
        return "12"
    if not line["accNo"].isdigit() or line["accType"] not in ("01", "02", "04"):
        return "61"
    return "" if line["customerNm"] else "66"


def _decide(simulator: Simulator, batch_id: int, mode: str) -> None:
    """End every line that is processing."""
    now_ms = simulator.now_ms()
    if mode in FAILURES:
        code, condition = FAILURES[mode]
        simulator.books.write(
            f"UPDATE transactions SET state = 'failed', resp_code = {code}, ended_at = ?"
            f" WHERE batch_id = ? AND state = 'processing' AND {condition}",
            now_ms,
            batch_id,
        )
    simulator.books.write(
        "UPDATE transactions SET state = 'succeeded', resp_code = ?, ended_at = ?, settled_on = ?, fee = ?"
        " WHERE batch_id = ? AND state = 'processing'",
        SUCCESS,
        now_ms,
        settlement_day(now_ms).isoformat(),
        PAYOUT_FEE,
        batch_id,
    )


def _result_line(line: Transaction) -> dict[str, str]:
    shown = msgspec.json.decode(line.request, type=dict[str, str])
    shown |= {"respCode": line.resp_code, "respMsg": TEXTS[line.resp_code].split("[", maxsplit=1)[0]}
    if line.has_succeeded:
        shown |= {
            "queryId": line.query_id,
            "sysTraNo": line.trace_no,
            "sysTm": beijing(line.created_at, "%m%d%H%M%S"),
            "settleDate": (line.settled_on or "")[5:].replace("-", ""),
        }
    return shown


def _one(simulator: Simulator, condition: str, *values: Any) -> Batch | None:
    row = simulator.books.row(
        f"SELECT {COLUMNS} FROM batches WHERE {condition} ORDER BY id DESC LIMIT 1", *values
    )
    return None if row is None else Batch(*row)
