"""How a bank's messages look, front by front: the tables of a profile. Data, no I/O."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from feiqian.channels.bank.templates import Part
from feiqian.channels.model import ChannelTransferState

EntryKind: TypeAlias = Literal["credit", "transfer", "return", "reversal", "fee", "other"]
"""What moved an account: money from outside, a transfer of ours, one that came back from the payee's bank, one that this bank
took back, the bank's price, and all else."""
States: TypeAlias = Mapping[str, ChannelTransferState]


class Parts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How entries of a statement, report or notice are read. Paths are relative to the entry unless said otherwise."""

    entry: str
    """From the account's part of the message to its entries."""
    amount: str
    """Major units; negative amounts are money that went out where there is no ``direction``."""
    currency: str = ""
    """Empty: the account's."""
    direction: str = ""
    credit: str = ""
    """What ``direction`` says for money that came in."""
    debit: str = ""
    booked_at: str
    channel_no: str
    kind: str = ""
    """Where the bank says what it is."""
    kinds: Mapping[str, EntryKind] = {}
    """Their word -> ours. What is not listed is a credit where it came in and a transfer where it went out."""
    number: str = ""
    """Our number."""
    number_pattern: str = ""
    """Where our number is only a part of that text: its first group."""
    sub_account: str = ""
    payer_name: str = ""
    payer_account: str = ""
    payer_bank: str = ""
    memo: str = ""
    reason: str = ""
    """Why it came back."""
    refund: str = ""
    """Where it shows that a transfer of ours was a refund."""
    refund_starts: str = ""
    """With what that text then begins."""


class StatusParts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one transfer's state is read."""

    transaction: str = ""
    """From the message to the transactions; empty: the message is about one."""
    number: str
    state: str
    reason: str = ""
    detail: str = ""
    channel_no: str = ""
    amount: str = ""
    currency: str = ""
    finished_at: str = ""
    group_reason: str = ""
    group_detail: str = ""


class AccountParts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the account's part of a statement or report is read."""

    path: str
    account: str
    currency: str = ""
    balance: str = ""
    """To the balances; empty where ``opening`` and ``closing`` are paths to amounts."""
    balance_kind: str = ""
    balance_amount: str = ""
    balance_direction: str = ""
    balance_day: str = ""
    opening: str
    """Kind of the opening balance, or its path."""
    closing: str
    count: str = ""
    """To the number of entries that the bank counted."""


class Signature(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A detached signature in headers."""

    algorithm: Literal["rsa-sha256", "rsa-sha512", "rsa-pss-sha256"] = "rsa-sha256"
    request: str
    """Template of what we sign."""
    request_headers: Mapping[str, str]
    """Templates; ``signature`` is base64."""
    answer: str
    """Template of what the bank signs; notices too."""
    timestamp_header: str
    """Seconds since 1970 on answers and notices."""
    signature_header: str
    serial_header: str = ""
    """Hexadecimal serial of the bank's certificate; empty: whichever of the configured ones fits."""
    skew_s: int = 300
    certificates: str = ""
    """Where the bank lists its certificates after a change; empty: they are only configured."""
    certificate_list: str = ""
    certificate: str = ""


class Https(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The bank's front over HTTP."""

    signature: Signature
    content_type: str = "application/xml; charset=utf-8"
    refusal_code: str = "code"
    """Member of the JSON in which the front refuses a call as a whole."""
    refusal_message: str = "message"
    probe: str
    """Template of an address that changes nothing."""


class Iso20022(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Messages of ISO 20022."""

    namespaces: tuple[str, ...]
    """What answers and notices may be."""
    initiation: str = ""
    """Address of pain.001."""
    initiation_namespace: str = ""
    initiation_root: str = "Document/CstmrCdtTrfInitn"
    message_no: str = "{number}"
    """Template of the message's number; for a batch ``{number}`` is the batch's."""
    refund_message_no: str = "{number}"
    batch_message_no: str = "{number}"
    message: tuple[Part, ...] = ()
    """Path and template, in the order of the document."""
    transaction: str = "PmtInf/CdtTrfTxInf"
    transaction_parts: tuple[Part, ...] = ()
    status: str = ""
    """Address of pain.002 of one transfer."""
    batch_status: str = ""
    status_parts: StatusParts | None = None
    states: States = {}
    duplicate: frozenset[str] = frozenset()
    """Reasons that only say that the number has been heard before: the status tells the rest."""
    unknown: frozenset[str] = frozenset()
    """Reasons that say that no such transfer was ever received."""
    statement: str = ""
    """Address of camt.053."""
    report: str = ""
    """Address of camt.052, of today."""
    not_ready: frozenset[str] = frozenset()
    """Codes that say that there is no statement of that day, yet."""
    statement_parts: AccountParts | None = None
    report_parts: AccountParts | None = None
    notice_parts: AccountParts | None = None
    notice_no: str = ""
    """From the notice to its number."""
    entries: Parts | None = None
    returns_within_days: int = 0
    """For so long a transfer that succeeded is looked for among the account's returns when it is asked about."""


class FieldSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One field of ISO 8583."""

    encoding: str
    """``bcd`` digits, ``binary``, or the name of a text encoding such as ``ascii`` or ``gbk``."""
    size: int
    """The most it holds: digits of bcd, bytes of the rest. All of it where there is no length."""
    length_bytes: int = 0
    length_encoding: str = "ascii"
    pad: Literal["left", "right"] = "left"
    """On which side an odd number of bcd digits gets its zero."""
    zeros: bool = False
    """A shorter number is filled with zeros from the left."""

    def as_pyiso8583(self) -> dict[str, Any]:
        """In the words of the codec."""
        base = {
            "len_enc": self.length_encoding,
            "len_type": self.length_bytes,
            "max_len": self.size,
            "desc": "",
        }
        if self.encoding == "bcd":
            return base | {"data_enc": "b", "len_count": "nibbles", f"{self.pad}_pad": "0"}
        return base | {"data_enc": "b" if self.encoding == "binary" else self.encoding}


class SocketMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of message."""

    type: str
    answer: str
    repeat: str = ""
    """The type of its repetition, which the bank takes for the same message; empty: it knows none."""
    fields: Mapping[str, str]
    """Field number -> template."""


class SocketMac(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How messages are sealed: over everything from the message type up to the field, which stands last."""

    algorithm: Literal["x9.9", "x9.19", "cup-ecb", "sm4-cbc"]
    field: str
    unsealed: tuple[str, ...] = ("08",)
    """Beginnings of message types that carry none."""
    key_field: str
    """Where a sign-on's answer has the session's key, under the master key, with its check value behind."""
    wrapping: Literal["3des-ecb", "sm4-ecb"]
    key_bytes: int = 16
    check_bytes: int = 4


class Socket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The bank's front over a connection that stays open."""

    length_bytes: int = 2
    tpdu: str
    """Hexadecimal, before each message of ours."""
    tpdu_answer: str
    header: str = ""
    """Hexadecimal, field ``h`` of each message of ours."""
    fields: Mapping[str, FieldSpec]
    common: Mapping[str, str] = {}
    """Templates of fields that every message has."""
    trace: str = "11"
    terminal: str = "41"
    """By these two an answer finds its question."""
    trace_digits: int = 6
    own_traces_from: int = 900_000
    """Trace numbers from here on are the line's own: for queries, reversals and the session."""
    code: str = "39"
    detail: str = "44"
    channel_no: str = "37"
    amount: str = "4"
    mac: SocketMac
    sign_on: tuple[SocketMessage, ...]
    echo: SocketMessage
    echo_every_s: float = 60.0
    transfer: SocketMessage
    query: SocketMessage
    reversal: SocketMessage | None = None
    on_timeout: Literal["reverse", "query"]
    """What follows a transfer without an answer that can be believed."""
    reversal_tries: int = 3
    approved: frozenset[str] = frozenset({"00"})
    states: States
    duplicate: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    relogin: frozenset[str] = frozenset()
    """Codes that say that the session or its key is not good any more; nothing was done."""


class SoapOperation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One operation."""

    operation: str
    parameters: tuple[Part, ...]
    """Name and template."""


class Soap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The bank's web service."""

    wsdl: str
    """Address of its description."""
    address: str
    """Where it is called, whatever the description says."""
    token_lifetime_s: int = 300
    transfer: SoapOperation | None = None
    query: SoapOperation | None = None
    statement: SoapOperation | None = None
    status_parts: StatusParts | None = None
    states: States = {}
    duplicate: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    not_ready: frozenset[str] = frozenset()
    refusal_code: str = "Refusal/Code"
    """From a fault's detail."""
    refusal_message: str = "Refusal/Message"
    statement_parts: AccountParts | None = None
    entries: Parts | None = None
