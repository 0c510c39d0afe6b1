"""The switches of POST /sandbox/behaviour."""

from typing import Literal

from feiqian.simulators.kit.behaviour import (
    ANSWER_MODES,
    ANSWER_SETTINGS,
    CALLBACK_MODES,
    CALLBACK_SETTINGS,
    NORMAL,
    Switches,
)

BillMode = Literal[
    "normal",
    "missing",
    "truncated",
    "other_day",
    "extra_line",
    "amount_differs",
    "bad_hash",
    "not_ready",
]

SWITCHES: Switches = {
    "answer": ANSWER_MODES,
    "callback": {
        **CALLBACK_MODES,
        "wrong_amount": "says one fen more than was paid or refunded, validly signed",
        "wrong_mchid": "says another merchant's number, validly signed",
        "wrong_appid": "says another application, validly signed",
        "signtest": "a probe with a WECHATPAY/SIGNTEST/ signature comes first, then the good one",
        "stale": "the first attempt has a valid signature ten minutes old; retries are good",
    },
    "prepay": {
        NORMAL: "as the channel should",
        "timeout_after_success": "the order exists, the answer never comes",
        "error": "500 SYSTEM_ERROR, nothing done",
        "rate_limited": "429 FREQUENCY_LIMITED, nothing done",
    },
    "refund": {
        NORMAL: "accepted, then succeeds at once",
        "timeout_after_success": "as normal, but the answer never comes",
        "processing": "stays PROCESSING until POST /sandbox/refunds/{out_refund_no} settles it",
        "abnormal": "turns ABNORMAL: the buyer's account cannot take it",
        "error": "500 SYSTEM_ERROR, nothing done",
    },
    "bill": {
        NORMAL: "as the channel should",
        "missing": "NO_STATEMENT_EXIST although there was trade",
        "truncated": "ends in the middle of its lines, without a summary; the hash is that of the short file",
        "other_day": "every line is of the day before",
        "extra_line": "one more payment, which the merchant never made",
        "amount_differs": "the first line is one fen more, and so is the summary",
        "bad_hash": "the file is good, the hash is not its",
        "not_ready": "STATEMENT_CREATING",
    },
}

SETTINGS = {**CALLBACK_SETTINGS, **ANSWER_SETTINGS}
