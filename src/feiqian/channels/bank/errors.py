"""What can go wrong at a bank, in the house's vocabulary. Which code of a bank means what, its profile says.

Source of the ISO 20022 reasons that profiles share: the external code set ExternalStatusReason1Code; of the response
codes: ISO 8583 as UnionPay and banks use it.
"""

from collections.abc import Mapping

import msgspec

from feiqian.channels.bank.profile import Profile
from feiqian.channels.errors import ChannelError, ChannelFailed, ChannelUnknown, Meaning
from feiqian.channels.model import ChannelOutcome

UNREACHABLE = Meaning(
    our_code="channel_unreachable",
    english="The bank could not be reached; nothing was sent. Try again.",
    chinese="无法连接银行，请求未发出，请重试。",
    retryable=True,
    switch=True,
    status=503,
)
"""No connection, or no session on it."""
UNANSWERED = Meaning(
    our_code="channel_unanswered",
    english="The bank was asked but gave no full answer. Query before anything else.",
    chinese="已向银行发出请求，但未收到完整应答，请先查询结果。",
    outcome=ChannelOutcome.UNKNOWN,
    retryable=True,
    query_first=True,
    status=504,
)
"""Time-out, broken connection, endless answer."""
UNTRUSTED = Meaning(
    our_code="channel_untrusted",
    english="An answer came that is not proved to be the bank's ({channel_message}). Check the keys, then query.",
    chinese="应答无法确认来自银行（{channel_message}），请核对密钥后查询结果。",
    outcome=ChannelOutcome.UNKNOWN,
    retryable=True,
    query_first=True,
)
"""Unsigned, wrongly signed, or with a MAC that does not hold."""
UNREADABLE = Meaning(
    our_code="channel_unreadable",
    english="The bank's answer is not of the form that the profile says. Query before anything else.",
    chinese="银行的应答与配置的报文格式不符，请先查询结果。",
    outcome=ChannelOutcome.UNKNOWN,
    query_first=True,
)
"""Signed, but not what was asked for."""
UNLISTED = Meaning(
    our_code="channel_busy",
    english="The bank answered {channel_code}, which the profile does not list: it may have been carried out. Query first.",
    chinese="银行返回未登记的代码 {channel_code}，请求可能已执行，请先查询。",
    outcome=ChannelOutcome.UNKNOWN,
    retryable=True,
    query_first=True,
)
"""A code that nobody has documented may have been carried out."""
TAKEN_BACK = Meaning(
    our_code="channel_taken_back",
    english="The transfer had no answer and was taken back; the bank confirmed it. Make a new one under a new number.",
    chinese="转账未获应答，已冲正并经银行确认，请换用新编号重新发起。",
    switch=True,
)
"""After a time-out on the socket: certainly not done."""
UNSUPPORTED = Meaning(
    our_code="channel_unsupported",
    english="This bank cannot do it: {channel_message}",
    chinese="该银行不支持此操作：{channel_message}",
    status=422,
)
"""Refused by us: the profile has nothing for it."""
NUMBER_USED = Meaning(
    our_code="channel_number_used",
    english="The number was used before with other content. Query it, then use a new number.",
    chinese="编号已被其他内容使用，请先查询，再更换编号。",
    query_first=True,
    status=409,
)
CLOSED = Meaning(
    our_code="channel_closed",
    english="The bank is closed or its payment system is down: {channel_message}. Try again later.",
    chinese="银行或支付系统暂停服务：{channel_message}，请稍后重试。",
    retryable=True,
    switch=True,
    status=503,
)
"""Outside the hours of the profile, or in the bank's own words."""
PAYER_UNCLEAR = Meaning(
    our_code="channel_payer_unclear",
    english="Whom to give the money back to is not clear: {channel_message}. Make a transfer to the right account.",
    chinese="无法确定退款收款人：{channel_message}，请向正确的账户转账。",
    status=409,
)
"""A refund of money that came from several accounts, or from one that the bank does not name."""

_ROWS = (
    UNREACHABLE,
    UNANSWERED,
    UNTRUSTED,
    UNREADABLE,
    UNLISTED,
    TAKEN_BACK,
    UNSUPPORTED,
    NUMBER_USED,
    PAYER_UNCLEAR,
    Meaning(
        our_code="channel_rate_limited",
        english="The bank takes no more requests for the moment. Try again in a minute.",
        chinese="请求过于频繁，请一分钟后重试。",
        retryable=True,
        switch=True,
        status=503,
    ),
    CLOSED,
    Meaning(
        our_code="channel_request_invalid",
        english="The bank refuses the request as it is: {channel_message}",
        chinese="银行拒绝该请求：{channel_message}",
        status=422,
    ),
    Meaning(
        our_code="channel_not_configured",
        english="The bank refuses us ({channel_code}). Check keys, account, terminal and signed services.",
        chinese="银行拒绝本方（{channel_code}），请核对密钥、账户、终端与签约服务。",
        switch=True,
    ),
    Meaning(
        our_code="channel_account_refused",
        english="The payee's account or name is refused: {channel_message}",
        chinese="收款账户或户名被拒绝：{channel_message}",
        status=422,
    ),
    Meaning(
        our_code="channel_balance_insufficient",
        english="Our account at the bank has too little money. Top it up, then make the transfer under a new number.",
        chinese="付款账户余额不足，请充值后用新编号重新发起。",
        switch=True,
        status=409,
    ),
    Meaning(
        our_code="channel_limit_exceeded",
        english="The amount is beyond what the bank allows at once or a day: {channel_message}",
        chinese="金额超出银行的单笔或日限额：{channel_message}",
        switch=True,
        status=422,
    ),
    Meaning(
        our_code="channel_trade_refused",
        english="The bank refuses this transfer under its rules: {channel_message}",
        chinese="银行依规则拒绝该交易：{channel_message}",
        switch=True,
        status=422,
    ),
    Meaning(
        our_code="channel_order_unknown",
        english="The bank knows no such transfer. Check the number.",
        chinese="银行没有该笔交易，请核对编号。",
        status=404,
    ),
    Meaning(
        our_code="bill_missing",
        english="The bank has no statement of that day, yet. Ask again later.",
        chinese="银行暂无该日对账单，请稍后再试。",
        retryable=True,
        status=404,
    ),
)

MEANINGS: Mapping[str, Meaning] = {meaning.our_code: meaning for meaning in _ROWS}
"""What a row of a profile's ``codes`` may name as ``our_code``."""


class ErrorTable:
    """One bank's codes."""

    def __init__(self, profile: Profile) -> None:
        self._meanings: dict[str, Meaning] = {}
        for row in profile.codes:
            named = MEANINGS[row.our_code]
            changes = {
                name: value
                for name in ("outcome", "retryable", "query_first", "switch")
                if (value := getattr(row, name)) is not None
            }
            meaning = msgspec.structs.replace(named, **changes)
            for code in row.codes:
                self._meanings.setdefault(code, meaning)

    def meaning_of(self, code: str) -> Meaning:
        """The row of a code; one that the profile does not list may have been carried out."""
        return self._meanings.get(code, UNLISTED)

    def error(self, code: str, message: str = "") -> ChannelError:
        """The exception of a code."""
        return error_of(self.meaning_of(code), code=code, message=message)


def error_of(meaning: Meaning, *, code: str = "", message: str = "") -> ChannelError:
    """The exception that fits the meaning's outcome."""
    kind = ChannelFailed if meaning.outcome is ChannelOutcome.FAILED else ChannelUnknown
    return kind(meaning, channel_code=code, channel_message=message)
