"""The error table of UnionPay: respCode in the house's vocabulary, and which codes decide nothing. Data, no I/O.

Source: the table of respCodes in the appendix of the interface specification (平台接入接口规范 第5部分), and for what decides
nothing the comments in UnionPay's demos of the gateway and of payouts.
"""

from feiqian.channels.errors import ChannelError, ChannelFailed, ChannelUnknown, Meaning
from feiqian.channels.model import ChannelOutcome

SUCCESS = frozenset({"00", "A6"})
"""Done; A6 (有缺陷的成功) takes part in settlement like any success."""
UNDECIDED = frozenset({"03", "04", "05"})
"""As an outcome of a payment or refund: ask again."""
LAPSED = frozenset({"01", "39", "42", "69"})
"""As an outcome of an order: it is over without a bank having refused it. After 42 UnionPay gives the money back itself."""
PAYOUT_UNDECIDED = UNDECIDED | {"01", "12", "60"}
"""As an outcome of a payout: ask again; where that does not end, the settlement file decides."""
PAYOUT_UNKNOWN = PAYOUT_UNDECIDED | {"34"}
"""As the answer to a payout."""

UNREACHABLE = Meaning(
    our_code="channel_unreachable",
    english="UnionPay could not be reached; nothing was sent. Try again.",
    chinese="无法连接银联，请求未发出，请重试。",
    retryable=True,
    status=503,
)
"""No connection."""
UNANSWERED = Meaning(
    our_code="channel_unanswered",
    english="UnionPay was asked but gave no full answer. Query before anything else.",
    chinese="已向银联发出请求，但未收到完整应答，请先查询结果。",
    outcome=ChannelOutcome.UNKNOWN,
    retryable=True,
    query_first=True,
    status=504,
)
"""Time-out, broken connection, endless or empty answer, a status other than 200."""
UNTRUSTED = Meaning(
    our_code="channel_untrusted",
    english="An answer came whose signature is not UnionPay's. Check the certificates, then query.",
    chinese="应答签名无法确认来自银联，请核对证书后查询结果。",
    outcome=ChannelOutcome.UNKNOWN,
    retryable=True,
    query_first=True,
)
"""Unsigned, wrongly signed, or signed under a certificate that is not of UnionPay's chain or not valid now."""
UNREADABLE = Meaning(
    our_code="channel_unreadable",
    english="UnionPay's answer is not of the documented form. Query before anything else.",
    chinese="银联的应答不符合文档格式，请先查询结果。",
    outcome=ChannelOutcome.UNKNOWN,
    query_first=True,
)
"""No list of fields, or signed but not about what was asked."""
STILL_PAYABLE = Meaning(
    our_code="channel_order_still_payable",
    english="UnionPay cannot close an order, and this one may still be paid until its time is over. Query it then.",
    chinese="银联不支持关闭订单，该订单在支付超时前仍可能被支付，请届时查询。",
    retryable=True,
    query_first=True,
    status=409,
)
"""Ours: there is no such call at UnionPay."""
ORDER_PAID = Meaning(
    our_code="channel_order_paid",
    english="The order is already paid. Query it; refund it to undo it.",
    chinese="订单已支付，请查询订单；如需撤销请退款。",
    query_first=True,
    status=409,
)
ORDER_LAPSED = Meaning(
    our_code="channel_order_closed",
    english="The order's time is over. Place a new one under a new number.",
    chinese="订单已超过支付时间，请用新的订单号重新下单。",
    status=409,
)
FILE_MISSING = Meaning(
    our_code="bill_missing",
    english="UnionPay has no settlement file for that day. It comes from 09:00 of the next day.",
    chinese="银联暂无该日对账文件，文件于次日 9:00 后提供。",
    retryable=True,
    status=404,
)
ORDER_UNKNOWN = Meaning(
    our_code="channel_order_unknown",
    english="UnionPay knows no such transaction. Check number and time.",
    chinese="银联没有该笔交易，请核对订单号与订单时间。",
    status=404,
)
RESULT_NOT_READY = Meaning(
    our_code="channel_result_not_ready",
    english="UnionPay has not finished the batch. Ask for its result later.",
    chinese="银联尚未处理完该批次，请稍后查询结果。",
    retryable=True,
    query_first=True,
    status=409,
)

_STATE_UNKNOWN = Meaning(
    our_code="channel_state_unknown",
    english="UnionPay does not know yet what became of the request ({channel_message}). Query it.",
    chinese="银联暂不能确定交易状态（{channel_message}），请查询。",
    outcome=ChannelOutcome.UNKNOWN,
    retryable=True,
    query_first=True,
)
_BUSY = Meaning(
    our_code="channel_busy",
    english="UnionPay had a fault of its own; the request may have been carried out. Query, then retry.",
    chinese="银联系统异常，请求可能已执行，请先查询，再以原参数重试。",
    outcome=ChannelOutcome.UNKNOWN,
    retryable=True,
    query_first=True,
)
_CLOSED = Meaning(
    our_code="channel_closed",
    english="UnionPay is not open for this at the moment. Try again later.",
    chinese="银联系统未开放或暂时关闭，请稍后重试。",
    retryable=True,
    switch=True,
    status=503,
)
_RATE_LIMITED = Meaning(
    our_code="channel_rate_limited",
    english="UnionPay takes no more requests for the moment. Try again in a minute.",
    chinese="请求过于频繁，请一分钟后重试。",
    retryable=True,
    status=503,
)
_NUMBER_USED = Meaning(
    our_code="channel_number_used",
    english="UnionPay has had this number before: what it was used for may be done. Query it.",
    chinese="该订单号已提交过，原请求可能已执行，请先查询。",
    outcome=ChannelOutcome.UNKNOWN,
    query_first=True,
    status=409,
)
_REFUSED = Meaning(
    our_code="channel_trade_refused",
    english="UnionPay refuses this trade: {channel_message}",
    chinese="银联拒绝该交易：{channel_message}",
    switch=True,
    status=422,
)
_REQUEST_INVALID = Meaning(
    our_code="channel_request_invalid",
    english="UnionPay refuses the request as it is: {channel_message}",
    chinese="银联拒绝该请求：{channel_message}",
    status=422,
)
_NOT_CONFIGURED = Meaning(
    our_code="channel_not_configured",
    english="UnionPay refuses this merchant ({channel_code}). Check number, certificate and the products signed for.",
    chinese="银联拒绝该商户（{channel_code}），请核对商户号、签名证书与开通的产品。",
    switch=True,
)
_STATE_INVALID = Meaning(
    our_code="channel_state_invalid",
    english="UnionPay refuses the request for the state of the transaction it is about: {channel_message}",
    chinese="原交易状态不允许该请求：{channel_message}",
    query_first=True,
    status=409,
)
_LIMIT_EXCEEDED = Meaning(
    our_code="channel_limit_exceeded",
    english="UnionPay refuses the amount: above a limit, or above what the transaction has left ({channel_message}).",
    chinese="银联拒绝该金额：超出限额，或超出原交易剩余金额（{channel_message}）。",
    status=422,
)
_ACCOUNT_REFUSED = Meaning(
    our_code="channel_account_refused",
    english="The bank refuses the account, or the name beside it: {channel_message}",
    chinese="发卡行拒绝该账户或户名：{channel_message}",
    status=422,
)
_BALANCE_LOW = Meaning(
    our_code="channel_balance_insufficient",
    english="The account that pays has too little money. Top it up, then repeat the request with the same number.",
    chinese="付款账户余额不足，请充值后用原单号重试。",
    retryable=True,
    status=409,
)

MEANINGS: dict[str, Meaning] = {
    "01": _REFUSED,
    "02": _CLOSED,
    "03": _STATE_UNKNOWN,
    "04": _STATE_UNKNOWN,
    "05": _STATE_UNKNOWN,
    "06": _BUSY,
    "10": _REQUEST_INVALID,
    "11": _NOT_CONFIGURED,
    "12": _NUMBER_USED,
    "13": _REQUEST_INVALID,
    "14": _REQUEST_INVALID,
    "30": _REFUSED,
    "31": _NOT_CONFIGURED,
    "32": _NOT_CONFIGURED,
    "33": _LIMIT_EXCEEDED,
    "34": ORDER_UNKNOWN,
    "35": _STATE_INVALID,
    "36": _LIMIT_EXCEEDED,
    "37": _RATE_LIMITED,
    "38": _REFUSED,
    "39": _STATE_INVALID,
    "40": _REFUSED,
    "41": RESULT_NOT_READY,
    "42": ORDER_LAPSED,
    "43": _NOT_CONFIGURED,
    "44": _REFUSED,
    "45": _STATE_INVALID,
    "46": _STATE_INVALID,
    "60": _REFUSED,
    "61": _ACCOUNT_REFUSED,
    "62": _REFUSED,
    "63": _ACCOUNT_REFUSED,
    "64": _BALANCE_LOW,
    "65": _ACCOUNT_REFUSED,
    "66": _ACCOUNT_REFUSED,
    "67": _ACCOUNT_REFUSED,
    "68": _REFUSED,
    "69": _REFUSED,
    "70": _STATE_UNKNOWN,
    "71": _REFUSED,
    "72": _REFUSED,
    "73": _ACCOUNT_REFUSED,
    # The bank has taken the money, and what comes after it has failed or is not known.
    "74": _STATE_UNKNOWN,
    "75": _STATE_UNKNOWN,
    "76": _REFUSED,
    "77": _REFUSED,
    "78": _REFUSED,
    "79": _REFUSED,
    "83": _STATE_UNKNOWN,
    "98": FILE_MISSING,
    "99": _BUSY,
}
"""respCode -> ours."""


def meaning_of(code: str, *, payout: bool = False) -> Meaning:
    """The row for an answer's respCode that is no success. One that is not listed may have been done."""
    if payout and code in PAYOUT_UNKNOWN:
        return _NUMBER_USED if code == "12" else _STATE_UNKNOWN
    return MEANINGS.get(code, _BUSY)


def error_of(meaning: Meaning, *, code: str = "", message: str = "") -> ChannelError:
    """The exception that fits the meaning's outcome."""
    kind = ChannelFailed if meaning.outcome is ChannelOutcome.FAILED else ChannelUnknown
    return kind(meaning, channel_code=code, channel_message=message)
