"""How calls, callbacks and bills of a channel go wrong: one vocabulary for all channels."""

from datetime import date
from enum import StrEnum

import msgspec

from feiqian.channels.model import ChannelOutcome
from feiqian.kernel.errors import Refusal


class Meaning(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel's error code means to us: a row of its error table."""

    our_code: str
    """Stable; the same for the same trouble at every channel."""
    english: str
    chinese: str
    outcome: ChannelOutcome = ChannelOutcome.FAILED
    retryable: bool = False
    """The same call, with the same numbers, may succeed later."""
    query_first: bool = False
    """Ask where the order or refund stands before anything else is tried."""
    switch: bool = False
    """Refused for certain, for a reason of this channel: another one may take it."""
    status: int = 502
    """The HTTP status with which our own faces pass it on."""


class ChannelError(Refusal):
    """A call did not succeed. ``channel_code`` and ``channel_message`` are the channel's own words."""

    outcome: ChannelOutcome
    query_first: bool
    switch: bool

    def __init__(self, meaning: Meaning, *, channel_code: str = "", channel_message: str = "") -> None:
        self.code = meaning.our_code
        self.status = meaning.status
        self.english = meaning.english
        self.chinese = meaning.chinese
        self.retryable = meaning.retryable
        self.query_first = meaning.query_first
        self.switch = meaning.switch
        self.channel_code = channel_code
        self.channel_message = channel_message
        super().__init__(channel_code=channel_code, channel_message=channel_message)

    def __str__(self) -> str:
        said = " ".join(part for part in (self.channel_code, self.channel_message) if part)
        return f"{super().__str__()} [{said}]" if said else super().__str__()


class ChannelFailed(ChannelError):
    """The channel did not do what was asked, for certain."""

    outcome = ChannelOutcome.FAILED


class ChannelUnknown(ChannelError):
    """What was asked may have been done: query before anything else."""

    outcome = ChannelOutcome.UNKNOWN


class NoticeFault(StrEnum):
    """Why a callback, or the signature of an answer, is not believed."""

    HEADER_MISSING = "header_missing"
    """A header of the signature is absent or no value of its kind."""
    PROBE = "probe"
    """The channel tests whether wrong signatures are refused."""
    STALE = "stale"
    """Signed more than five minutes from now, before or after: possibly a replay."""
    SERIAL_UNKNOWN = "serial_unknown"
    """Signed with a key that we do not have."""
    SIGNATURE_WRONG = "signature_wrong"
    """The signature does not fit the content."""
    MALFORMED = "malformed"
    """Signed, but not of the documented shape."""
    KEY_WRONG = "key_wrong"
    """Signed, but not encrypted with our key."""
    MERCHANT_WRONG = "merchant_wrong"
    """Signed, but about another merchant or application."""
    EVENT_UNSUPPORTED = "event_unsupported"
    """Signed, but of a kind that we did not ask for."""


class NoticeRefused(Refusal):
    """A callback was not believed; the channel will send it again."""

    code = "notice_refused"
    status = 401
    english = "The channel's notice was refused ({reason}): {detail}"
    chinese = "渠道通知被拒绝（{reason}）：{detail}"

    def __init__(self, reason: NoticeFault, detail: str) -> None:
        self.reason = reason
        super().__init__(reason=reason.value, detail=detail)


class BillMissing(Refusal):
    """The channel has no bill for that day: not yet, or because nothing moved."""

    code = "bill_missing"
    status = 404
    english = "The channel has no bill for {day} ({channel_code}). Ask again later, after 10:00 Beijing time."
    chinese = "渠道暂无 {day} 的账单（{channel_code}），请于北京时间 10:00 之后再试。"
    retryable = True

    def __init__(self, *, day: date, channel_code: str, nothing_moved: bool = False) -> None:
        """``nothing_moved``: there is none for good, because the channel saw no movement that day."""
        self.day = day
        self.nothing_moved = nothing_moved
        self.channel_code = channel_code
        super().__init__(day=day.isoformat(), channel_code=channel_code)


class BillFault(StrEnum):
    """Why a downloaded bill cannot be used."""

    HASH_DIFFERS = "hash_differs"
    """The file is not the one that the channel announced."""
    HEADER_UNKNOWN = "header_unknown"
    """A column that we need is not in the title line."""
    LINE_UNREADABLE = "line_unreadable"
    """A line does not have the form of the bill."""
    OTHER_DAY = "other_day"
    """A line belongs to another day."""
    OTHER_MERCHANT = "other_merchant"
    """A line belongs to another merchant."""
    SUMMARY_MISSING = "summary_missing"
    """The file ends before its summary."""
    COUNT_DIFFERS = "count_differs"
    """The summary counts more or fewer lines than there are."""
    TOTAL_DIFFERS = "total_differs"
    """A total of the summary is not the sum of the lines."""


class BillDamaged(Refusal):
    """A bill was downloaded but cannot be trusted; no line of it is used."""

    code = "bill_damaged"
    status = 502
    english = "The channel's bill for {day} is damaged ({fault}): {detail}. Download it again."
    chinese = "渠道 {day} 的账单已损坏（{fault}）：{detail}。请重新下载。"
    retryable = True

    def __init__(self, *, day: date, fault: BillFault, detail: str) -> None:
        self.day = day
        self.fault = fault
        super().__init__(day=day.isoformat(), fault=fault.value, detail=detail)
