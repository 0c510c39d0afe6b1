"""The error table of Alipay: its sub codes in the house's vocabulary. Data, no I/O.

Source: the official tables of common codes and of each method's business codes; alipay-sdk-java-all, openapi.yaml. What
is done after an unknown outcome: the guide on handling faults (query a payment, repeat a refund under its number).
"""

from feiqian.channels.errors import ChannelError, ChannelFailed, ChannelUnknown, Meaning
from feiqian.channels.model import ChannelOutcome

SUCCESS = "10000"
"""The call was carried out; what became of the money, the other fields say."""
AWAITING_BUYER = "10003"
"""alipay.trade.pay only: the buyer has to confirm on the phone."""

UNREACHABLE = Meaning(
    our_code="channel_unreachable",
    english="Alipay could not be reached; nothing was sent. Try again.",
    chinese="无法连接支付宝，请求未发出，请重试。",
    retryable=True,
    switch=True,
    status=503,
)
"""No connection."""
UNANSWERED = Meaning(
    our_code="channel_unanswered",
    english="Alipay was asked but gave no full answer. Query before anything else.",
    chinese="已向支付宝发出请求，但未收到完整应答，请先查询结果。",
    outcome=ChannelOutcome.UNKNOWN,
    retryable=True,
    query_first=True,
    status=504,
)
"""Time-out, broken connection, endless answer."""
UNTRUSTED = Meaning(
    our_code="channel_untrusted",
    english="An answer came whose signature is not Alipay's ({channel_message}). Check application and keys, then query.",
    chinese="应答签名无法确认来自支付宝（{channel_message}），请核对应用与密钥后查询结果。",
    outcome=ChannelOutcome.UNKNOWN,
    retryable=True,
    query_first=True,
)
"""Unsigned, wrongly signed, or signed with a key that we do not have. Alipay does not sign refusals of the gateway itself,
such as of an application that it does not know."""
UNREADABLE = Meaning(
    our_code="channel_unreadable",
    english="Alipay's answer is not of the documented form. Query before anything else.",
    chinese="支付宝的应答不符合文档格式，请先查询结果。",
    outcome=ChannelOutcome.UNKNOWN,
    query_first=True,
)
"""Signed, but not what was asked for."""
ORDER_PAID = Meaning(
    our_code="channel_order_paid",
    english="The order is already paid. Query it; refund it to undo it.",
    chinese="订单已支付，请查询订单；如需撤销请退款。",
    query_first=True,
    status=409,
)
UNSUPPORTED = Meaning(
    our_code="channel_unsupported",
    english="Alipay cannot do this: {channel_message}",
    chinese="支付宝不支持该操作：{channel_message}",
    status=422,
)
"""Refused by us: its API has nothing for it."""
BUSY = Meaning(
    our_code="channel_busy",
    english="Alipay had a fault of its own; the request may have been carried out. Query, then repeat it unchanged.",
    chinese="支付宝系统异常，请求可能已执行，请先查询，再以原参数重试。",
    outcome=ChannelOutcome.UNKNOWN,
    retryable=True,
    query_first=True,
)

_RATE_LIMITED = Meaning(
    our_code="channel_rate_limited",
    english="Alipay takes no more requests for the moment. Try again in a minute.",
    chinese="请求过于频繁，请一分钟后重试。",
    retryable=True,
    switch=True,
    status=503,
)
_ORDER_UNKNOWN = Meaning(
    our_code="channel_order_unknown",
    english="Alipay knows no such order. It has none before the buyer scans the code or signs in. Check the number.",
    chinese="支付宝没有该订单：买家扫码或登录前订单尚未创建。请核对单号。",
    status=404,
)
_ORDER_CLOSED = Meaning(
    our_code="channel_order_closed",
    english="The order is closed, unpaid or wholly refunded. Place a new one under a new number.",
    chinese="订单已关闭（未支付或已全额退款），请用新的订单号重新下单。",
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
    english="Alipay refuses the request as it is: {channel_message}",
    chinese="支付宝拒绝该请求：{channel_message}",
    status=422,
)
_STATE_INVALID = Meaning(
    our_code="channel_state_invalid",
    english="Alipay refuses the request for the state of the order or refund: {channel_message}",
    chinese="订单或退款状态不允许该请求：{channel_message}",
    query_first=True,
    status=409,
)
_NOT_CONFIGURED = Meaning(
    our_code="channel_not_configured",
    english="Alipay refuses this application ({channel_code}). Check app_id, keys, certificates and signed products.",
    chinese="支付宝拒绝该应用（{channel_code}），请核对 AppID、密钥、证书与签约产品。",
    switch=True,
)
_TRADE_REFUSED = Meaning(
    our_code="channel_trade_refused",
    english="Alipay refuses this trade under its rules: {channel_message}",
    chinese="支付宝依规则拒绝该交易：{channel_message}",
    switch=True,
    status=422,
)
_LIMIT_EXCEEDED = Meaning(
    our_code="channel_limit_exceeded",
    english="The amount is beyond what Alipay allows at once, a day or a month: {channel_message}",
    chinese="金额超出支付宝的单笔、日或月限额：{channel_message}",
    switch=True,
    status=422,
)
_BUYER_CANNOT_PAY = Meaning(
    our_code="channel_buyer_cannot_pay",
    english="The buyer cannot pay this with Alipay: {channel_message}",
    chinese="买家无法用支付宝支付：{channel_message}",
    switch=True,
    status=422,
)
_BUYER_ACCOUNT = Meaning(
    our_code="channel_buyer_account_abnormal",
    english="The buyer's account at Alipay neither pays nor takes money. Settle it with the buyer another way.",
    chinese="买家支付宝账户异常，无法付款或收款，请以其他方式处理。",
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
    english="The balance at Alipay is too low. Top it up, then repeat the request with the same number.",
    chinese="支付宝账户余额不足，请充值后用原单号重试。",
    retryable=True,
    status=409,
)
_PAYEE_REFUSED = Meaning(
    our_code="channel_payee_refused",
    english="The payee cannot get the money this way: {channel_message}",
    chinese="收款方无法收款：{channel_message}",
    status=422,
)
_BILL_MISSING = Meaning(
    our_code="bill_missing",
    english="Alipay has no bill for that day. Ask again after 9:00 Beijing time of the next day.",
    chinese="支付宝暂无该日账单，请于次日北京时间 9:00 之后再试。",
    retryable=True,
    status=404,
)
_UNLISTED_REFUSAL = Meaning(
    our_code="channel_refused",
    english="Alipay refused with {channel_code}: {channel_message}",
    chinese="支付宝拒绝请求 {channel_code}：{channel_message}",
    query_first=True,
)

_ROWS: tuple[tuple[Meaning, str], ...] = (
    (
        BUSY,
        "isp.unknow-error aop.unknow-error ACQ.SYSTEM_ERROR AQC.SYSTEM_ERROR aop.ACQ.SYSTEM_ERROR SYSTEM_ERROR",
    ),
    (
        _RATE_LIMITED,
        "isv.app-call-limited isv.method-call-limited app-call-limited method-call-limited SYSTEM_RATE_LIMIT"
        " USER_RATE_LIMIT",
    ),
    (
        _ORDER_UNKNOWN,
        "ACQ.TRADE_NOT_EXIST TRADE_NOT_EXIST ORDER_NOT_EXIST",
    ),
    (ORDER_PAID, "ACQ.TRADE_HAS_SUCCESS"),
    (_ORDER_CLOSED, "ACQ.TRADE_HAS_CLOSE"),
    (
        _NUMBER_USED,
        "ACQ.CONTEXT_INCONSISTENT ACQ.DISCORDANT_REPEAT_REQUEST ACQ.APPLY_PC_MERCHANT_CODE_ERROR"
        " ACQ.TRADE_BUYER_NOT_MATCH PAYMENT_INFO_INCONSISTENCY",
    ),
    (
        _REQUEST_INVALID,
        "ACQ.INVALID_PARAMETER ACQ.ILLEGAL_ARGUMENT INVALID_PARAMETER INVAILID_ARGUMENTS invalid_arguments"
        " isv.invalid-parameter isv.missing-parameter isv.illegal-json isv.suspected-attack isv.invalid-method"
        " isv.invalid-format isv.invalid-charset isv.invalid-timestamp ACQ.EXIST_FORBIDDEN_WORD"
        " ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR ACQ.BUYER_SELLER_EQUAL ACQ.SUB_GOODS_SIZE_MAX_COUNT"
        " ACQ.RISK_MERCHANT_IP_NOT_EXIST ACQ.SELLER_NOT_EXIST"
        " MEMO_REQUIRED_IN_TRANSFER_ERROR REMARK_HAS_SENSITIVE_WORD EXCEED_LIMIT_SM_MIN_AMOUNT"
        " TYPE_NOT_SUPPORTED",
    ),
    (
        _STATE_INVALID,
        "ACQ.TRADE_STATUS_ERROR ACQ.REASON_TRADE_STATUS_INVALID ACQ.REASON_ILLEGAL_STATUS ACQ.TRADE_HAS_FINISHED"
        " ACQ.TRADE_NOT_ALLOW_REFUND ACQ.NOT_ALLOW_PARTIAL_REFUND ACQ.REASON_TRADE_BEEN_FREEZEN"
        " ACQ.REASON_TRADE_REFUND_FEE_ERR ACQ.REFUND_AMT_NOT_EQUAL_TOTAL ACQ.TRADE_CANCEL_TIME_OUT"
        " ACQ.CANCEL_NOT_ALLOWED ACQ.REFUNDALLOC_UNAUTH_LIMIT ACQ.REFUND_FEE_ERROR ACQ.TRADE_SETTLE_ERROR"
        " ACQ.ALLOC_AMOUNT_VALIDATE_ERROR ACQ.ILLEGAL_SETTLE_STATE ACQ.ROYALTY_RECEIVER_INVALID ACQ.USER_NOT_MATCH_ERR"
        " ACQ.ONLINE_TRADE_VOUCHER_NOT_ALLOW_REFUND ACQ.REFUND_CHARGE_ERROR",
    ),
    (
        _NOT_CONFIGURED,
        "isv.missing-app-id isv.invalid-app-id isv.missing-signature isv.invalid-signature isv.missing-signature-type"
        " isv.invalid-signature-type isv.missing-signature-key isv.missing-signature-config isv.missing-method"
        " isv.missing-timestamp isv.missing-version isv.missing-app-cert-sn isv.missing-alipay-root-cert-sn"
        " isv.app-cert-expired app-cert-expired not-online-app invalid-auth-relations isv.forbidden-api"
        " isv.insufficient-isv-permissions isv.insufficient-user-permissions isv.self-invoke-forbidden"
        " isv.not-support-app-auth isv.ip-forbidden aop.invalid-auth-token aop.auth-token-time-out"
        " aop.invalid-app-auth-token aop.invalid-app-auth-token-no-api aop.app-auth-token-time-out"
        " aop.no-product-reg-by-partner ACQ.ACCESS_FORBIDDEN ACQ.PARTNER_ERROR ACQ.MERCHANT_AGREEMENT_NOT_EXIST"
        " ACQ.MERCHANT_STATUS_NOT_NORMAL ACQ.SELLER_BEEN_BLOCKED PERMIT_CHECK_PERM_LIMITED PAYCARD_UNABLE_PAYMENT"
        " PAYER_STATUS_ERROR PAYER_CERTIFY_CHECK_FAIL PAYER_USER_INFO_ERROR PAYER_DATA_INCOMPLETE PAYER_CERT_EXPIRED"
        " PERMIT_PAYER_FORBIDDEN PERMIT_PAYER_LOWEST_FORBIDDEN PERMIT_CHECK_PERM_IDENTITY_THEFT PRODUCT_NOT_SIGN"
        " ACQ.PRODUCT_UNSIGN INST_PAY_UNABLE",
    ),
    (
        _TRADE_REFUSED,
        "ACQ.PAYMENT_REQUEST_HAS_RISK ACQ.PAYMENT_FAIL ACQ.MERCHANT_PERM_RECEIPT_SUSPEND_LIMIT SECURITY_CHECK_FAILED",
    ),
    (
        _LIMIT_EXCEEDED,
        "ACQ.TOTAL_FEE_EXCEED ACQ.BEYOND_PAY_RESTRICTION ACQ.BEYOND_PER_RECEIPT_RESTRICTION"
        " ACQ.BEYOND_PER_RECEIPT_SINGLE_RESTRICTION ACQ.BEYOND_PER_RECEIPT_DAY_RESTRICTION"
        " ACQ.MERCHANT_PERM_RECEIPT_SINGLE_LIMIT ACQ.MERCHANT_PERM_RECEIPT_DAY_LIMIT EXCEED_LIMIT_SM_AMOUNT"
        " EXCEED_LIMIT_DM_AMOUNT EXCEED_LIMIT_MM_AMOUNT EXCEED_LIMIT_DM_MAX_AMOUNT EXCEED_LIMIT_MM_MAX_AMOUNT"
        " EXCEED_LIMIT_PERSONAL_SM_AMOUNT EXCEED_LIMIT_ENT_SM_AMOUNT EXCEED_LIMIT_UNRN_DM_AMOUNT"
        " CERT_MISS_TRANS_LIMIT CERT_MISS_ACC_LIMIT",
    ),
    (
        _BUYER_CANNOT_PAY,
        "ACQ.BUYER_BALANCE_NOT_ENOUGH ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH ACQ.BUYER_BANKCARD_BALANCE_NOT_E"
        " ACQ.ERROR_BALANCE_PAYMENT_DISABLE ACQ.BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR"
        " ACQ.BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR ACQ.ERROR_BUYER_CERTIFY_LEVEL_LIMIT"
        " ACQ.NO_PAYMENT_INSTRUMENTS_AVAILABLE ACQ.PULL_MOBILE_CASHIER_FAIL ACQ.PAYER_UNMATCHED"
        " ACQ.MOBILE_PAYMENT_SWITCH_OFF",
    ),
    (
        _BUYER_ACCOUNT,
        "ACQ.BUYER_ENABLE_STATUS_FORBID ACQ.BUYER_ERROR ACQ.BUYER_NOT_EXIST ACQ.CUSTOMER_VALIDATE_ERROR",
    ),
    (
        _CODE_INVALID,
        "ACQ.PAYMENT_AUTH_CODE_INVALID ACQ.SOUNDWAVE_PARSER_FAIL ACQ.CODE_EXPIRED",
    ),
    (
        _BALANCE_LOW,
        "ACQ.SELLER_BALANCE_NOT_ENOUGH PAYER_BALANCE_NOT_ENOUGH BALANCE_IS_NOT_ENOUGH"
        " ACQ.TXN_RESULT_ACCOUNT_BALANCE_NOT_ENOUGH",
    ),
    (
        _PAYEE_REFUSED,
        "PAYEE_NOT_EXIST PAYEE_USER_INFO_ERROR PAYEE_ACC_OCUPIED PAYEE_CARD_INFO_ERROR CARD_BIN_ERROR"
        " NO_ACCOUNT_RECEIVE_PERMISSION ACCOUNT_NOT_EXIST PERM_AML_NOT_REALNAME_REV PERMIT_NON_BANK_LIMIT_PAYEE"
        " PAYEE_USER_STATUS_ERROR ACQ.USER_NOT_EXIST ACQ.RELATION_QUANTITY_LIMIT ACQ.INVALID_RECEIVER_TYPE",
    ),
    (_BILL_MISSING, "isp.bill_not_exist isv.bill-not-exist BILL_NOT_EXIST NO_BILL_DATA"),
)

MEANINGS: dict[str, Meaning] = {code: meaning for meaning, codes in _ROWS for code in codes.split()}
"""Their sub code -> ours."""

BY_CODE: dict[str, Meaning] = {
    "20000": BUSY,
    "20001": _NOT_CONFIGURED,
    "40001": _REQUEST_INVALID,
    "40002": _REQUEST_INVALID,
    "40003": _NOT_CONFIGURED,
    "40004": _UNLISTED_REFUSAL,
    "40005": _RATE_LIMITED,
    "40006": _NOT_CONFIGURED,
}
"""Their code -> ours, for sub codes that are not listed."""


def meaning_of(code: str, sub_code: str) -> Meaning:
    """The row for an answer that is no success. A code that nobody has documented may have been carried out."""
    return MEANINGS.get(sub_code) or BY_CODE.get(code, BUSY)


def error_of(meaning: Meaning, *, code: str = "", message: str = "") -> ChannelError:
    """The exception that fits the meaning's outcome."""
    kind = ChannelFailed if meaning.outcome is ChannelOutcome.FAILED else ChannelUnknown
    return kind(meaning, channel_code=code, channel_message=message)
