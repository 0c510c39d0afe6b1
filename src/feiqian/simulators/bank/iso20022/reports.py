"""pain.002: what became of a pain.001.

Source: the message definition report of customer payment status report; statuses and reasons are external code sets.
"""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

import msgspec

from feiqian.kernel.money import format_major
from feiqian.simulators.bank.iso20022 import parts
from feiqian.simulators.bank.iso20022.reading import DETAIL_MAX, NAMESPACE
from feiqian.simulators.bank.orders import Transfer
from feiqian.simulators.bank.profile import Profile
from feiqian.simulators.bank.xml import Part, build

STATUSES = {
    "received": "ACTC",
    "accepted": "ACSP",
    "settled": "ACSC",
    "rejected": "RJCT",
    "returned": "ACSC",
    "reversed": "CANC",
}
"""A returned payment was settled: its return is a new entry in the statement, not a new status."""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """The message that is reported on."""

    message_id: str
    name: str
    count: int | None = None
    total: str = ""
    reason: str = ""
    """Why the whole was rejected; empty: it was not."""
    detail: str = ""


def report(
    profile: Profile, *, report_id: str, now_ms: int, about: About, transfers: Sequence[Transfer]
) -> bytes:
    """The document. With a reason of ``about`` the whole was rejected, and ``transfers`` is left out."""
    header: list[Part] = [
        ("OrgnlMsgId", about.message_id or "NOTPROVIDED"),
        ("OrgnlMsgNmId", about.name or "pain.001"),
        None if about.count is None else ("OrgnlNbOfTxs", str(about.count)),
        parts.optional("OrgnlCtrlSum", about.total),
        ("GrpSts", "RJCT" if about.reason else group_status(transfers)),
        _reason(about.reason, about.detail),
    ]
    payments: list[Part] = []
    if not about.reason:
        payments = [
            _payment(payment_id, list(its))
            for payment_id, its in groupby(transfers, attrgetter("payment_id"))
        ]
    return build(
        NAMESPACE + profile.iso20022.status_report,
        (
            "Document",
            [
                (
                    "CstmrPmtStsRpt",
                    [
                        (
                            "GrpHdr",
                            [
                                ("MsgId", report_id),
                                parts.moment("CreDtTm", now_ms),
                                ("DbtrAgt", [parts.this_bank(profile)]),
                            ],
                        ),
                        ("OrgnlGrpInfAndSts", header),
                        *payments,
                    ],
                )
            ],
        ),
    )


def group_status(transfers: Sequence[Transfer]) -> str:
    """One status for many: theirs when they agree, PART when some are rejected, else the least that all have."""
    statuses = {STATUSES[transfer.status] for transfer in transfers}
    if len(statuses) == 1:
        return statuses.pop()
    if statuses & {"RJCT", "CANC"}:
        return "PART"
    return "ACTC" if "ACTC" in statuses else "ACSP"


def _payment(payment_id: str, transfers: list[Transfer]) -> Part:
    total = sum(transfer.amount for transfer in transfers)
    currencies = {transfer.currency for transfer in transfers}
    control_sum = format_major(total, currencies.pop()) if len(currencies) == 1 else ""
    return (
        "OrgnlPmtInfAndSts",
        [
            ("OrgnlPmtInfId", payment_id),
            ("OrgnlNbOfTxs", str(len(transfers))),
            parts.optional("OrgnlCtrlSum", control_sum),
            ("PmtInfSts", group_status(transfers)),
            *(_transaction(transfer) for transfer in transfers),
        ],
    )


def _transaction(transfer: Transfer) -> Part:
    status = STATUSES[transfer.status]
    reason = _reason(transfer.reason, transfer.detail) if status == "RJCT" else None
    return (
        "TxInfAndSts",
        [
            ("StsId", f"{transfer.reference}{status}"[:35]),
            parts.optional("OrgnlInstrId", transfer.instruction_id),
            ("OrgnlEndToEndId", transfer.end_to_end_id),
            ("TxSts", status),
            reason,
            None if status == "RJCT" else parts.moment("AccptncDtTm", transfer.created_at),
            ("AcctSvcrRef", transfer.reference),
            ("OrgnlTxRef", [("Amt", [parts.amount(transfer.amount, transfer.currency, "InstdAmt")])]),
        ],
    )


def _reason(code: str, detail: str) -> Part:
    if not code:
        return None
    return ("StsRsnInf", [("Rsn", [("Cd", code)]), parts.optional("AddtlInf", detail, DETAIL_MAX)])
