"""An entry as camt.052, camt.053 and camt.054 show it: the same element in all three."""

from feiqian.simulators.bank.accounts import Account, Entry
from feiqian.simulators.bank.iso20022 import parts
from feiqian.simulators.bank.profile import Profile
from feiqian.simulators.bank.xml import Part

TRANSACTION_CODES = {
    "opening": ("RCDT", "OTHR"),
    "payout": ("ICDT", "DMCT"),
    "incoming": ("RCDT", "DMCT"),
    "return": ("ICDT", "RRTN"),
    "reversal": ("ICDT", "RPCR"),
}
"""Kind of entry -> family and sub-family of the domain PMNT; a payout that comes to us is a received transfer."""


def account_part(profile: Profile, account: Account) -> Part:
    """Acct: the account that a statement or notification is about."""
    return (
        "Acct",
        [
            parts.account_id(account.number),
            ("Ccy", account.currency),
            parts.optional("Nm", account.name, 70),
            ("Svcr", [parts.this_bank(profile)]),
        ],
    )


def entry_part(entry: Entry, currency: str) -> Part:
    """Ntry: one movement, booked."""
    return (
        "Ntry",
        [
            ("NtryRef", str(entry.id)),
            parts.amount(entry.amount, currency),
            parts.direction(entry.amount),
            ("RvslInd", "true" if entry.kind in ("return", "reversal") else "false"),
            ("Sts", [("Cd", "BOOK")]),
            ("BookgDt", [parts.moment("DtTm", entry.booked_at)]),
            ("ValDt", [("Dt", entry.booked_on)]),
            ("AcctSvcrRef", entry.reference),
            _code(entry),
            ("NtryDtls", [_details(entry, currency)]),
        ],
    )


def _code(entry: Entry) -> Part:
    family, sub_family = TRANSACTION_CODES[entry.kind]
    if entry.kind == "payout" and entry.amount > 0:
        family = "RCDT"
    return (
        "BkTxCd",
        [("Domn", [("Cd", "PMNT"), ("Fmly", [("Cd", family), ("SubFmlyCd", sub_family)])])],
    )


def _details(entry: Entry, currency: str) -> Part:
    return (
        "TxDtls",
        [
            ("Refs", _references(entry)),
            parts.amount(entry.amount, currency),
            parts.direction(entry.amount),
            _parties(entry),
            _agents(entry),
            ("RmtInf", [("Ustrd", entry.memo[:140])]) if entry.memo else None,
            ("RtrInf", [("Rsn", [("Cd", entry.reason)])]) if entry.reason else None,
        ],
    )


def _references(entry: Entry) -> list[Part]:
    is_payers = entry.front == "iso20022" and (entry.amount < 0 or entry.kind in ("return", "reversal"))
    return [
        parts.optional("MsgId", entry.message_id or "") if is_payers else None,
        ("AcctSvcrRef", entry.reference),
        parts.optional("PmtInfId", entry.payment_id or "") if is_payers else None,
        parts.optional("InstrId", entry.instruction_id or "") if is_payers else None,
        parts.optional("EndToEndId", (entry.end_to_end_id or "")[:35]),
    ]


def _parties(entry: Entry) -> Part:
    """Who paid and who was paid. A return shows the parties of the payment that came back, as it was."""
    pays = entry.amount < 0
    if entry.kind in ("return", "reversal"):
        pays = not pays
    counter, own = ("Cdtr", "Dbtr") if pays else ("Dbtr", "Cdtr")
    named: dict[str, list[Part]] = {
        counter: [
            (counter, [("Pty", [("Nm", entry.counter_name[:140])])]) if entry.counter_name else None,
            (f"{counter}Acct", [parts.account_id(entry.counter_account)]) if entry.counter_account else None,
        ],
        own: [(f"{own}Acct", [parts.account_id(entry.virtual or entry.account)])],
    }
    return ("RltdPties", [*named["Dbtr"], *named["Cdtr"]])


def _agents(entry: Entry) -> Part:
    if not entry.counter_bank:
        return None
    pays = (entry.amount < 0) != (entry.kind in ("return", "reversal"))
    return ("RltdAgts", [("CdtrAgt" if pays else "DbtrAgt", [parts.bank_id(entry.counter_bank)])])
