"""How the sandbox can be told to misbehave, beside what every simulator can."""

from collections.abc import Mapping

from feiqian.simulators.kit.behaviour import (
    ANSWER_MODES,
    ANSWER_SETTINGS,
    CALLBACK_MODES,
    CALLBACK_SETTINGS,
    NORMAL,
    Switches,
)

SWITCHES: Switches = {
    "callback": {
        **CALLBACK_MODES,
        "stale": "the first attempt has a valid signature ten minutes old; retries are good",
        "garbage": "the first attempt is signed bytes that are no XML; retries are good",
        "wrong_amount": "says one fen more than came, validly signed",
        "wrong_account": "names another corporate account, validly signed",
        "wrong_currency": "says USD, validly signed",
    },
    "answer": ANSWER_MODES,
    "answer_signature": {
        NORMAL: "the bank's signature over an ISO 20022 answer",
        "bad": "a signature of the right form that does not hold",
        "missing": "no signature headers",
    },
    "payment": {
        NORMAL: "paid at once, or when the bank opens",
        "rejected": "refused with MS03 as it comes",
        "processing": "accepted, and stays so until POST /sandbox/transfers/{number} ends it",
        "rejected_later": "accepted, and rejected after reject_after_s seconds",
        "returned": "paid, and returned by the payee's bank after return_after_s seconds",
    },
    "statement": {
        NORMAL: "the day as it is in the books",
        "missing": "404 although there was trade",
        "truncated": "ends in the middle of an entry",
        "other_day": "the day before under this day's name",
        "extra_entry": "one more credit, which nobody paid; balances as if it were there",
        "amount_differs": "the first entry is one fen more; balances as they were",
    },
    "socket": {
        NORMAL: "answers when it has decided",
        "silent": "done, and never answered; the connection stays open",
        "dropped": "nothing done, the connection is closed",
        "dropped_after": "done, the connection is closed without an answer",
        "overtaken": "done; the answer waits until the next one has gone, or for late_s seconds",
        "late": "done; the answer comes after slow_s seconds",
        "garbage": "done; bytes that are no message come instead of the answer",
        "bad_mac": "done; the answer's MAC does not hold",
        "code_05": "nothing done, response code 05",
        "code_55": "nothing done, response code 55",
        "code_68": "done, but answered with response code 68: received too late",
        "code_91": "nothing done, response code 91",
        "code_96": "nothing done, response code 96",
    },
}

SETTINGS: Mapping[str, float | str] = {
    **CALLBACK_SETTINGS,
    **ANSWER_SETTINGS,
    "reject_after_s": 60.0,
    "return_after_s": 172_800.0,
}
