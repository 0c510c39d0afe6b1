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
    "expired_link",
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
    "sharing": {
        NORMAL: "accepted as PROCESSING, FINISHED by the next query",
        "timeout_after_success": "as normal, but the answer never comes",
        "processing": "stays PROCESSING until POST /sandbox/sharings/{out_order_no} ends it",
        "part_fails": "FINISHED, but the last receiver's part is CLOSED",
        "error": "500 SYSTEM_ERROR, nothing done",
    },
    "sharing_return": {
        NORMAL: "succeeds at once, or fails where the receiver's balance is short",
        "timeout_after_success": "as normal, but the answer never comes",
        "processing": "stays PROCESSING until POST /sandbox/sharing-returns/{out_return_no} ends it",
        "fails": "FAILED with ACCOUNT_ABNORMAL",
        "error": "500 SYSTEM_ERROR, nothing done",
    },
    "transfer": {
        NORMAL: "WAIT_USER_CONFIRM until POST /sandbox/transfers/{out_bill_no} plays the user, or a day has gone",
        "timeout_after_success": "as normal, but the answer never comes",
        "confirmed_at_once": "as normal, and the user confirms before the merchant looks",
        "accepted": "stays ACCEPTED until POST /sandbox/transfers/{out_bill_no} brings it on",
        "processing": "stays PROCESSING for ever, or until POST /sandbox/transfers/{out_bill_no}",
        "fails_after_accepted": "is answered with ACCEPTED, then FAIL",
        "error": "500 SYSTEM_ERROR, nothing done",
    },
    "batch": {
        NORMAL: "accepted, FINISHED by the next query",
        "timeout_after_success": "as normal, but the answer never comes",
        "processing": "stays ACCEPTED until POST /sandbox/batches/{out_batch_no} ends it",
        "part_fails": "FINISHED, but the last detail has failed",
        "all_fail": "FINISHED, and every detail has failed",
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
        "expired_link": "the download's address has expired when it is given",
    },
}

SETTINGS = {**CALLBACK_SETTINGS, **ANSWER_SETTINGS}
