"""What this sandbox can be told to do wrong, beside what every sandbox can."""

from feiqian.simulators.kit.behaviour import ANSWER_MODES, ANSWER_SETTINGS, CALLBACK_MODES, Switches

SWITCHES: Switches = {
    "callback": {
        **CALLBACK_MODES,
        "wrong_amount": "txnAmt and settleAmt are one fen more, validly signed",
        "wrong_merid": "another merchant's number, validly signed",
        "wrong_currency": "currencyCode 840, validly signed",
        "expired_certificate": "the first attempt comes with an expired signPubKeyCert; retries are good",
        "foreign_certificate": "the first attempt's signPubKeyCert is of another root; retries are good",
    },
    "answer": ANSWER_MODES,
    "certificate": {
        "normal": "answers come with the certificate in use",
        "expired": "with one of the right chain that has expired",
        "foreign": "with one in UnionPay's name of another root",
    },
    "payment": {
        "normal": "the buyer's payment succeeds at once",
        "processing": "the bank has not answered: 05 until POST /sandbox/orders/{orderId}/settle",
        "declined": "the bank refuses; there is no notice, a query says 30",
        "late_charge": "the bank charged too late: 42, no notice, the money goes back",
    },
    "transaction": {
        "normal": "accepted with 00, succeeds at once",
        "defective": "accepted with 00, succeeds with A6",
        "processing": "accepted with 00, 05 until POST /sandbox/orders/{orderId}/settle",
        "fails_later": "accepted with 00, then fails with 30, and the notice says so",
        "unknown_03": "answered 03, and done",
        "unknown_04": "answered 04, and done",
        "unknown_05": "answered 05, and done",
        "not_done_03": "answered 03, and nothing was done: a query says 34",
    },
    "payout": {
        "normal": "accepted with 00, succeeds at once",
        "defective": "accepted with 00, succeeds with A6",
        "processing": "accepted with 00, 05 until POST /sandbox/orders/{orderId}/settle",
        "fails_later": "accepted with 00, then fails with 61, and the notice says so",
        "unknown_01": "answered 01, and done: for payouts 01, 12, 34 and 60 are to be queried too",
        "unknown_05": "answered 05, and done",
        "unknown_60": "answered 60, and done",
        "not_done_03": "answered 03, and nothing was done: a query says 34",
    },
    "query": {
        "normal": "as it is",
        "lagging": "origRespCode 05 although it has ended",
        "not_found": "34 although it is there",
        "too_often": "37, ask less often",
    },
    "batch": {
        "normal": "accepted; every line succeeds at once",
        "part_fails": "every third line fails, in turn with 61, 66 and 60",
        "all_fail": "every line fails with 61",
        "processing": "the result query says 05 until POST /sandbox/batches/{batchNo}/settle",
        "not_ready": "all is done, but the result query says 41 until POST /sandbox/batches/{batchNo}/settle",
        "result_short": "the result file lacks its last line; its totals are right",
        "result_garbled": "the result's fileContent is no zlib stream",
    },
    "settlement_file": {
        "normal": "as it is",
        "missing": "98 although there was trade",
        "truncated": "the last line is cut in its middle",
        "bad_width": "the first line lacks one character",
        "other_day": "every line is of the day before",
        "extra_line": "one more payment, which the merchant never made",
        "amount_differs": "the first line is one fen more",
        "bad_zip": "the file is no zip",
    },
}

SETTINGS = {"late_s": 60.0, **ANSWER_SETTINGS}
