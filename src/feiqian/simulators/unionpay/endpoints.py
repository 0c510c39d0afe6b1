"""The gateway's addresses for servers: back transactions, queries, batches."""

from aiohttp import web

from feiqian.simulators.unionpay import batches, payouts, reversals
from feiqian.simulators.unionpay.codes import DEFECTIVE_SUCCESS, SUCCESS, Refused
from feiqian.simulators.unionpay.context import of
from feiqian.simulators.unionpay.gate import answer, check, message, require
from feiqian.simulators.unionpay.transactions import end, keyed, outcome

REVERSALS = ("03", "04", "31", "32", "33")
FAILS_LATER = {"transaction": "30", "payout": "61"}
"""Switch -> why what was accepted fails in the end."""


async def answer_back(request: web.Request) -> web.Response:
    """POST /gateway/api/backTransReq.do: 03, 04, 31, 32, 33 and 12. An order number is accepted once: query, do not repeat."""
    simulator = of(request)
    fields = await message(request)
    check(simulator, fields)
    if fields["txnType"] in REVERSALS:
        switch, accept = "transaction", reversals.accept
    elif fields["txnType"] == "12":
        switch, accept = "payout", payouts.accept
    else:
        raise Refused("32")
    mode = simulator.take(switch)
    if mode == "not_done_03":
        return answer(simulator, fields, "03")
    transaction = accept(simulator, fields)
    if mode == "fails_later":
        end(simulator, transaction, FAILS_LATER[switch])
    elif mode != "processing":
        end(simulator, transaction, DEFECTIVE_SUCCESS if mode == "defective" else SUCCESS)
    code = mode.removeprefix("unknown_") if mode.startswith("unknown_") else SUCCESS
    more = {"queryId": transaction.query_id} if code == SUCCESS else {}
    return answer(simulator, fields, code, **more)


async def answer_query(request: web.Request) -> web.Response:
    """POST /gateway/api/queryTrans.do: respCode is the query's, origRespCode the transaction's."""
    simulator = of(request)
    fields = await message(request)
    check(simulator, fields)
    if fields["txnType"] != "00":
        raise Refused("32")
    require(fields, "orderId")
    mode = simulator.take("query")
    if mode == "too_often":
        raise Refused("37")
    transaction = keyed(simulator, fields["orderId"], fields["txnTime"])
    if transaction is None or mode == "not_found":
        raise Refused("34")
    code = "05" if mode == "lagging" else transaction.resp_code_at(simulator.now_ms())
    said = outcome(simulator, transaction, code)
    said |= {"origRespCode": said.pop("respCode"), "origRespMsg": said.pop("respMsg")}
    said["bizType"] = fields["bizType"]
    if code == "05":
        said["settleAmt"] = "0"
        said.pop("settleDate", None)
    return answer(simulator, fields, SUCCESS, **said)


async def answer_batch(request: web.Request) -> web.Response:
    """POST /gateway/api/batchTrans.do: 21 takes a batch on, 22 asks for its result."""
    simulator = of(request)
    fields = await message(request)
    check(simulator, fields)
    if fields["txnType"] == "21":
        batches.accept(simulator, fields)
        return answer(simulator, fields, SUCCESS)
    if fields["txnType"] != "22" or fields["txnSubType"] != batches.SUB_TYPE:
        raise Refused("32")
    require(fields, "batchNo")
    batch = batches.numbered(simulator, fields["batchNo"], fields["txnTime"])
    content = batches.result(simulator, batch)
    totals = {"totalQty": str(batch.lines), "totalAmt": str(batch.total)}
    return answer(simulator, fields, SUCCESS, fileContent=content, **totals)
