"""A bank as data: which front does what, what it allows, and what its codes mean; how its messages look is in ``forms``.

A profile is TOML (``profile_reading`` says how it is put together). Nothing in it is ever run: texts that are sent are
templates such as ``{number}``, texts that are read are paths such as ``Refs/EndToEndId``. The guide on adding a bank
explains every table.
"""

from collections.abc import Mapping
from datetime import time, timedelta
from typing import Literal, TypeAlias

import msgspec

from feiqian.channels.bank.forms import Https, Iso20022, Soap, Socket
from feiqian.channels.model import ChannelOutcome, OpenHours, PayeeKind

TransferFront: TypeAlias = Literal["iso20022", "socket", "soap"]
StatementFront: TypeAlias = Literal["iso20022", "soap"]


class BankNames(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The bank itself."""

    chinese: str
    english: str
    code: str
    """Its number in the payment system (联行号)."""


class Functions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which front does what; what is left out, the bank does not do."""

    transfer: TransferFront | None = None
    """Transfers one by one, and their queries."""
    batch: Literal["iso20022"] | None = None
    """Many transfers in one message."""
    statement: StatementFront | None = None
    """Statements of past days."""
    incoming: StatementFront | None = None
    """What came in on a sub-account until now."""
    notices: Literal["iso20022"] | None = None
    """What the bank tells by itself."""


class Hours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Beijing time, half open."""

    since: time
    until: time


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the bank allows for one kind of payee."""

    amount_min: int = 1
    amount_max: int
    batch_max: int = 1
    hours: Hours | None = None

    @property
    def open_hours(self) -> OpenHours | None:
        """As the terms say it."""
        return OpenHours(self.hours.since, self.hours.until) if self.hours else None


class SubAccounts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Numbers under which money for one order comes in: the contract's prefix and digits that follow from our number."""

    digits: int
    """After the prefix. The fewer, the likelier two orders of the same days get one number."""
    lifetime_days: int = 7
    """How long an order may stay payable, and how far back its money is looked for."""
    amount_max: int
    swept: bool = False
    """The bank empties sub-accounts, so that an opening balance of zero says nothing about days before."""


class Codes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The bank's codes of one meaning."""

    codes: tuple[str, ...]
    our_code: str
    """One of the house's meanings (``channels.bank.errors.MEANINGS``)."""
    outcome: ChannelOutcome | None = None
    retryable: bool | None = None
    query_first: bool | None = None
    switch: bool | None = None
    """Where this bank differs from what the meaning says."""


class Texts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the bank takes in texts of ours."""

    number: str = r"[0-9A-Za-z_\-]{1,35}"
    """Pattern of our numbers."""
    name_max: int = 140
    """Characters; a name is never cut."""
    memo_max: int = 140
    """Characters of the finished memo; its words are cut to fit."""
    memo: str = "{memo}"
    """Template of what a payee reads."""
    refund_memo: str = "{memo}"
    """The same for refunds, which ``entries.refund`` may know by it."""
    charset: str = "utf-8"
    """What a name or memo must be writable in."""
    payee_kinds: Mapping[PayeeKind, str] = {}
    """The bank's own words: the value ``payee_kind``."""
    refund_payee_kind: PayeeKind = PayeeKind.COMPANY_BANK
    """A statement does not say what a payer is."""


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bank."""

    name: str
    """Lower case, ending in a dash and its version: another form of the same bank is another version."""
    include: tuple[str, ...] = ()
    bank: BankNames
    functions: Functions
    currency: str = "CNY"
    currency_number: str = "156"
    limits: Mapping[PayeeKind, Limits] = {}
    sub_accounts: SubAccounts | None = None
    refund_days: int = 365
    bill_ready_at: time | None = None
    texts: Texts = Texts()
    codes: tuple[Codes, ...] = ()
    https: Https | None = None
    iso20022: Iso20022 | None = None
    socket: Socket | None = None
    soap: Soap | None = None

    @property
    def lifetime(self) -> timedelta:
        """How long an order of money may stay payable."""
        return timedelta(days=self.sub_accounts.lifetime_days if self.sub_accounts else 0)

    @property
    def fronts(self) -> frozenset[str]:
        """Those that do something."""
        used = self.functions
        named = (used.transfer, used.batch, used.statement, used.incoming, used.notices)
        return frozenset(front for front in named if front is not None)
