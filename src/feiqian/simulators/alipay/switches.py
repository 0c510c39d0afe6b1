"""What the sandbox can be told to do wrong, beyond what every simulator can."""

from collections.abc import Mapping

from feiqian.simulators.kit.behaviour import ANSWER_MODES, CALLBACK_MODES, NORMAL, Switches

CALL_MODES: Mapping[str, str] = {
    NORMAL: "as the channel should",
    "timeout_after_success": "done, but the answer never comes",
    "error": "20000 isp.unknow-error, nothing done",
    "system_error": "40004 ACQ.SYSTEM_ERROR, nothing done",
    "system_error_after": "40004 ACQ.SYSTEM_ERROR although it was done",
}
"""Of one call; the documentation says that ACQ.SYSTEM_ERROR may mean either."""

CALLS: Mapping[str, str] = {
    "alipay.trade.precreate": "place",
    "alipay.trade.create": "place",
    "alipay.trade.pay": "barcode",
    "alipay.trade.query": "query",
    "alipay.trade.close": "close",
    "alipay.trade.cancel": "close",
    "alipay.trade.refund": "refund",
    "alipay.trade.order.settle": "settle",
    "alipay.fund.trans.uni.transfer": "transfer",
}
"""Methods whose calls have a switch."""

SWITCHES: Switches = {
    "callback": {
        **CALLBACK_MODES,
        "wrong_amount": "says 0.01 more than was paid or refunded, validly signed",
        "wrong_app": "says another app_id, validly signed",
        "wrong_seller": "says another seller_id, validly signed",
    },
    "answer": ANSWER_MODES,
    "signature": {
        NORMAL: "as the channel should",
        "tampered": "the answer was altered after it was signed",
        "missing": "the answer has no signature",
    },
    "place": CALL_MODES,
    "query": CALL_MODES,
    "close": CALL_MODES,
    "barcode": {
        **CALL_MODES,
        "waiting": "10003: the buyer must confirm on the phone; POST /sandbox/pay does so",
        "unknown": "20000 although the buyer has paid",
        "refused": "40004 ACQ.BUYER_BALANCE_NOT_ENOUGH; another code may be tried",
    },
    "refund": {
        **CALL_MODES,
        "processing": "fund_change N until POST /sandbox/refunds/{out_request_no} settles it",
        "short_of_funds": "40004 ACQ.SELLER_BALANCE_NOT_ENOUGH, nothing done",
    },
    "settle": {
        **CALL_MODES,
        "processing": "PROCESSING until POST /sandbox/settlements/{settle_no} ends it",
        "part_fails": "accepted, but the last receiver gets nothing",
    },
    "transfer": {
        **CALL_MODES,
        "without_certificate": "taken in key mode too, which Alipay refuses with isv.missing-app-cert-sn",
        "processing": "DEALING until POST /sandbox/transfers/{out_biz_no} ends it",
        "fails": "DEALING, and FAIL after late_s seconds: the money comes back",
        "returned": "SUCCESS, and REFUND after late_s seconds: the bank sent it back",
        "payee_not_exist": "40004 PAYEE_NOT_EXIST, nothing done",
        "name_differs": "40004 PAYEE_USER_INFO_ERROR, nothing done",
    },
    "bill": {
        NORMAL: "as the channel should",
        "missing": "40004 isp.bill_not_exist although there was trade",
        "not_ready": "the same, as before nine o'clock on the day after",
        "truncated": "ends in the middle of its lines, without an end mark",
        "other_day": "every line is of the day before",
        "extra_line": "one more payment, which the merchant never made",
        "amount_differs": "the first line is 0.01 more",
        "expired": "the download URL's 30 seconds are over when it is answered",
        "bad_zip": "the archive's checksum does not hold",
    },
}
"""Kind, mode, meaning: GET and POST /sandbox/behaviour."""
