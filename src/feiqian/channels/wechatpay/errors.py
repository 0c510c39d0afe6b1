"""The error table of WeChat Pay: its codes in the house's vocabulary. Data, no I/O.

Source: the error tables of the official pages on placing, querying, closing and taking back orders, on refunds, profit
sharing, merchant transfers and bills, and the official list of questions about each. ``switch`` stands only where the call
was refused for certain and the reason is this merchant's or WeChat Pay's, not the order's.
"""

from feiqian.channels.errors import ChannelError, ChannelFailed, ChannelUnknown, Meaning
from feiqian.channels.model import ChannelOutcome

UNREACHABLE = Meaning(
    our_code="channel_unreachable",
    english="WeChat Pay could not be reached; nothing was sent. Try again.",
    chinese="无法连接微信支付，请求未发出，请重试。",
    retryable=True,
    switch=True,
    status=503,
)
"""No connection."""
UNANSWERED = Meaning(
    our_code="channel_unanswered",
    english="WeChat Pay was asked but gave no full answer. Query before anything else.",
    chinese="已向微信支付发出请求，但未收到完整应答，请先查询结果。",
    outcome=ChannelOutcome.UNKNOWN,
    retryable=True,
    query_first=True,
    status=504,
)
"""Time-out, broken connection, endless answer."""
UNTRUSTED = Meaning(
    our_code="channel_untrusted",
    english="An answer came whose signature is not WeChat Pay's. Check the keys, then query.",
    chinese="应答签名无法确认来自微信支付，请核对密钥后查询结果。",
    outcome=ChannelOutcome.UNKNOWN,
    retryable=True,
    query_first=True,
)
"""Unsigned, wrongly signed, or signed with a key that we do not have; whatever its status."""
UNREADABLE = Meaning(
    our_code="channel_unreadable",
    english="WeChat Pay's answer is not of the documented form. Query before anything else.",
    chinese="微信支付的应答不符合文档格式，请先查询结果。",
    outcome=ChannelOutcome.UNKNOWN,
    query_first=True,
)
"""Signed, but not what was asked for."""

_BUSY = Meaning(
    our_code="channel_busy",
    english="WeChat Pay had a fault of its own; the request may have been carried out. Query, then retry.",
    chinese="微信支付系统异常，请求可能已执行，请先查询，再以原参数重试。",
    outcome=ChannelOutcome.UNKNOWN,
    retryable=True,
    query_first=True,
)
_RATE_LIMITED = Meaning(
    our_code="channel_rate_limited",
    english="WeChat Pay takes no more requests for the moment. Try again in a minute.",
    chinese="请求过于频繁，请一分钟后重试。",
    retryable=True,
    switch=True,
    status=503,
)
_ORDER_UNKNOWN = Meaning(
    our_code="channel_order_unknown",
    english="WeChat Pay knows no such order or refund. Check the number.",
    chinese="微信支付没有该订单或退款单，请核对单号。",
    status=404,
)
_ORDER_PAID = Meaning(
    our_code="channel_order_paid",
    english="The order is already paid. Query it; refund it to undo it.",
    chinese="订单已支付，请查询订单；如需撤销请退款。",
    query_first=True,
    status=409,
)
ORDER_CLOSED = Meaning(
    our_code="channel_order_closed",
    english="The order is closed. Place a new one under a new number.",
    chinese="订单已关闭，请用新的订单号重新下单。",
    status=409,
)
_BUYER_PAYING = Meaning(
    our_code="channel_buyer_paying",
    english="The buyer is paying right now. Query in a few seconds.",
    chinese="用户正在支付，请几秒后查询。",
    retryable=True,
    query_first=True,
    status=409,
)
_NUMBER_USED = Meaning(
    our_code="channel_number_used",
    english="The number was used before with other content. Query it, then use a new number.",
    chinese="单号已被其他内容使用，请先查询，再更换单号。",
    query_first=True,
    status=409,
)
_REQUEST_INVALID = Meaning(
    our_code="channel_request_invalid",
    english="WeChat Pay refuses the request as it is: {channel_message}",
    chinese="微信支付拒绝该请求：{channel_message}",
    status=422,
)
_STATE_INVALID = Meaning(
    our_code="channel_state_invalid",
    english="WeChat Pay refuses the request for the state of the order or refund: {channel_message}",
    chinese="订单或退款状态不允许该请求：{channel_message}",
    query_first=True,
    status=409,
)
NOT_CONFIGURED = Meaning(
    our_code="channel_not_configured",
    english="WeChat Pay refuses this merchant ({channel_code}). Check number, application, serial and keys.",
    chinese="微信支付拒绝该商户（{channel_code}），请核对商户号、AppID、证书序列号与密钥。",
    switch=True,
)
TRADE_REFUSED = Meaning(
    our_code="channel_trade_refused",
    english="WeChat Pay refuses this trade under its rules: {channel_message}",
    chinese="微信支付依规则拒绝该交易：{channel_message}",
    switch=True,
    status=422,
)
BUYER_SHORT = Meaning(
    our_code="channel_buyer_cannot_pay",
    english="The buyer cannot pay this with WeChat Pay: {channel_message}",
    chinese="用户无法用微信支付付款：{channel_message}",
    switch=True,
    status=422,
)
_CODE_INVALID = Meaning(
    our_code="channel_auth_code_invalid",
    english="The buyer's payment code is not or no longer valid. Scan a fresh one under a new order number.",
    chinese="付款码无效或已过期，请用新的订单号重新扫码。",
    status=422,
)
_BALANCE_LOW = Meaning(
    our_code="channel_balance_insufficient",
    english="The balance at WeChat Pay is too low. Top it up, then repeat the request with the same number.",
    chinese="微信支付账户余额不足，请充值后用原单号重试。",
    retryable=True,
    status=409,
)
_BUYER_ACCOUNT = Meaning(
    our_code="channel_buyer_account_abnormal",
    english="The buyer's account cannot take the money. Pay the buyer back another way.",
    chinese="用户账户异常，无法原路退款，请以其他方式处理。",
    status=422,
)
_BILL_MISSING = Meaning(
    our_code="bill_missing",
    english="WeChat Pay has no bill for that day. Ask again after 10:00 Beijing time of the next day.",
    chinese="微信支付暂无该日账单，请于次日北京时间 10:00 之后再试。",
    retryable=True,
    status=404,
)
UNLISTED_TRANSFER = Meaning(
    our_code="channel_unlisted",
    english="WeChat Pay answered a transfer with {channel_code}, which says nothing about the money. Query before anything else.",
    chinese="微信支付对转账返回未列明的错误 {channel_code}，资金状态不明，请先查询结果。",
    outcome=ChannelOutcome.UNKNOWN,
    query_first=True,
)
"""Its pages say so: a transfer that met a new code may have been made."""
_UNLISTED_REFUSAL = Meaning(
    our_code="channel_refused",
    english="WeChat Pay refused with {channel_code}: {channel_message}",
    chinese="微信支付拒绝请求 {channel_code}：{channel_message}",
    query_first=True,
)

MEANINGS: dict[str, Meaning] = {
    "SYSTEM_ERROR": _BUSY,
    "SYSTEMERROR": _BUSY,
    "BANK_ERROR": _BUSY,
    "BANKERROR": _BUSY,
    "BIZERR_NEED_RETRY": _BUSY,
    "FREQUENCY_LIMITED": _RATE_LIMITED,
    "FREQUENCY_LIMIT_EXCEED": _RATE_LIMITED,
    "RATELIMIT_EXCEED": _RATE_LIMITED,
    "RATELIMIT_EXCEEDED": _RATE_LIMITED,
    "INVALID_REQ_TOO_MUCH": _RATE_LIMITED,
    "ORDER_NOT_EXIST": _ORDER_UNKNOWN,
    "ORDERNOTEXIST": _ORDER_UNKNOWN,
    "RESOURCE_NOT_EXISTS": _ORDER_UNKNOWN,
    "REFUND_NOT_EXISTS": _ORDER_UNKNOWN,
    "NOT_FOUND": _ORDER_UNKNOWN,
    "ORDER_PAID": _ORDER_PAID,
    "ORDERPAID": _ORDER_PAID,
    "ORDER_CLOSED": ORDER_CLOSED,
    "ORDERCLOSED": ORDER_CLOSED,
    "ORDER_REVERSED": ORDER_CLOSED,
    "ORDERREVERSED": ORDER_CLOSED,
    "USERPAYING": _BUYER_PAYING,
    "USER_PAYING": _BUYER_PAYING,
    "OUT_TRADE_NO_USED": _NUMBER_USED,
    "ALREADY_EXISTS": _NUMBER_USED,
    "RESOURCE_ALREADY_EXISTS": _NUMBER_USED,
    "PARAM_ERROR": _REQUEST_INVALID,
    "INVALID_TRANSACTIONID": _REQUEST_INVALID,
    "OPENID_MISMATCH": _REQUEST_INVALID,
    "BUYER_MISMATCH": _REQUEST_INVALID,
    "INVALID_REQUEST": _STATE_INVALID,
    "TRADE_STATE_ERROR": _STATE_INVALID,
    "TRADE_OVERDUE": _STATE_INVALID,
    "REVERSE_EXPIRE": _STATE_INVALID,
    "SIGN_ERROR": NOT_CONFIGURED,
    "SIGNERROR": NOT_CONFIGURED,
    "NO_AUTH": NOT_CONFIGURED,
    "NOAUTH": NOT_CONFIGURED,
    "MCH_NOT_EXISTS": NOT_CONFIGURED,
    "MCHID_NOT_EXIST": NOT_CONFIGURED,
    "APPID_NOT_EXIST": NOT_CONFIGURED,
    "APPID_MCHID_NOT_MATCH": NOT_CONFIGURED,
    "TRADE_ERROR": TRADE_REFUSED,
    "RULE_LIMIT": TRADE_REFUSED,
    "RULELIMIT": TRADE_REFUSED,
    "ACCOUNT_ERROR": TRADE_REFUSED,
    "ACCOUNTERROR": TRADE_REFUSED,
    "REQUEST_BLOCKED": TRADE_REFUSED,
    "AUTH_CODE_ERROR": _CODE_INVALID,
    "AUTH_CODE_INVALID": _CODE_INVALID,
    "AUTH_CODE_EXPIRE": _CODE_INVALID,
    "AUTHCODEEXPIRE": _CODE_INVALID,
    "NOTSUPORTCARD": BUYER_SHORT,
    "NOT_SUPORT_CARD": BUYER_SHORT,
    "NOT_ENOUGH": _BALANCE_LOW,
    "NOTENOUGH": _BALANCE_LOW,
    "USER_ACCOUNT_ABNORMAL": _BUYER_ACCOUNT,
    "NO_STATEMENT_EXIST": _BILL_MISSING,
    "STATEMENT_CREATING": _BILL_MISSING,
}
"""Their code -> ours. The spellings without underscore are those of older pages of the documentation."""


def meaning_of(code: str, status: int) -> Meaning:
    """The row for a code. Unlisted: 4xx is a refusal, everything else may have been done."""
    listed = MEANINGS.get(code)
    if listed is not None:
        return listed
    return _UNLISTED_REFUSAL if 400 <= status < 500 else _BUSY


def error_of(meaning: Meaning, *, code: str = "", message: str = "") -> ChannelError:
    """The exception that fits the meaning's outcome."""
    kind = ChannelFailed if meaning.outcome is ChannelOutcome.FAILED else ChannelUnknown
    return kind(meaning, channel_code=code, channel_message=message)
