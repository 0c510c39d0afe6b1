"""Why a transaction is refused, in the order of precedence: the first that applies is the one that is named.

What lies in the request alone is not remembered, for such a request never became a transaction. What is decided by the
state of the ledger is: the id stays refused. A chain that failed is remembered for the one that failed it.
"""

from feiqian.kernel.errors import Refusal


class LedgerRefusal(Refusal):
    """A transaction was refused; nothing moved."""

    status = 409
    remembered: bool = False
    """Whether the id stays refused: it was decided by the state of the ledger, which a retry would find changed. Where
    such a refusal is ``retryable``, the same may be asked again under a new id."""


class IdInvalid(LedgerRefusal):
    """The id is neither a UUIDv7 (a caller's) nor a UUIDv8 (derived from a fact)."""

    code = "id_invalid"
    status = 422
    english = "The id {id} is a UUID of version {version}; make a UUIDv7 for each transaction."
    chinese = "交易号 {id} 是版本 {version} 的 UUID，请为每笔交易生成 UUIDv7。"


class TextInvalid(LedgerRefusal):
    """A text is too long or holds the character U+0000."""

    code = "text_invalid"
    status = 422
    english = "{field} must be at most {limit} characters, without U+0000."
    chinese = "{field} 最多 {limit} 个字符，且不能含 U+0000。"


class MetadataInvalid(LedgerRefusal):
    """Metadata over its limit, or not JSON."""

    code = "metadata_invalid"
    status = 422
    english = "Metadata must be JSON of at most {limit_bytes} bytes, without U+0000."
    chinese = "附加信息须为 JSON，最多 {limit_bytes} 字节，且不能含 U+0000。"


class NoLegs(LedgerRefusal):
    """A transaction must move something."""

    code = "no_legs"
    status = 422
    english = "A transaction needs at least one leg."
    chinese = "交易至少需要一条分录。"


class TooManyLegs(LedgerRefusal):
    """More legs than one transaction may have."""

    code = "too_many_legs"
    status = 422
    english = "A transaction has {count} legs; at most {limit} are taken. Split it into linked transactions."
    chinese = "交易含 {count} 条分录，上限 {limit} 条，请拆成相连的多笔。"


class ActionInvalid(LedgerRefusal):
    """What is given does not fit what is asked: a hold with two legs, a capture without a hold …"""

    code = "action_invalid"
    status = 422
    english = "A {action} {reason}."
    chinese = "{action} 请求不完整或多余：{reason}。"


class AmountInvalid(LedgerRefusal):
    """An amount is not 1 … 2^63 - 1."""

    code = "amount_invalid"
    status = 422
    english = "The amount {amount} is not between 1 and {limit} minor units."
    chinese = "金额 {amount} 必须在 1 到 {limit} 之间（最小货币单位）。"


class SameAccount(LedgerRefusal):
    """Debit and credit of a leg are one account."""

    code = "same_account"
    status = 422
    english = "A leg cannot debit and credit the same account."
    chinese = "同一分录的借贷不能是同一账户。"


class CurrencyMismatch(LedgerRefusal):
    """The two accounts of a leg differ in currency."""

    code = "currency_mismatch"
    status = 422
    english = "The accounts of a leg are in {first} and {second}; exchange through position accounts, one leg a currency."
    chinese = "分录两端币种分别为 {first} 与 {second}，必须一致；换汇请经头寸账户，每种货币一条分录。"


class BookMismatch(LedgerRefusal):
    """The two accounts of a leg belong to different books."""

    code = "book_mismatch"
    status = 422
    english = "The accounts of a leg are in the books {first} and {second}; each book must balance by itself."
    chinese = "分录两端属于不同账套 {first} 与 {second}，每个账套必须自平。"


class ExistsWithDifferent(LedgerRefusal):
    """The id was used before with other content."""

    code = "exists_with_different_content"
    english = "Transaction {id} was sent before with a different {field}."
    chinese = "交易 {id} 此前已提交，但 {field} 不同。"


class LinkedFailed(LedgerRefusal):
    """Another transaction of the same chain was refused, so this one was not posted either."""

    code = "linked_failed"
    english = "Another transaction of its chain was refused; see the one with a reason of its own."
    chinese = "同一链中的其他交易被拒绝，本笔未入账，请查看该笔的原因。"


class ChainOpen(LedgerRefusal):
    """The last transaction of a batch is linked with a next one that does not come."""

    code = "chain_open"
    status = 422
    english = "The last transaction of a batch cannot be linked with a next one."
    chinese = "批次的最后一笔不能再与下一笔相连。"


class AccountInvalid(LedgerRefusal):
    """No account can be opened under that name."""

    code = "account_invalid"
    status = 422
    english = "An account's book and owner are 1 to {limit} printable characters; its currency is one of {currencies}."
    chinese = "账户的账套与户主为 1 至 {limit} 个可显示字符，币种须为 {currencies} 之一。"


class AccountUnknown(LedgerRefusal):
    """An account that does not open by itself is not open."""

    code = "account_unknown"
    remembered = True
    status = 404
    english = "There is no account {account}. Open it first."
    chinese = "账户 {account} 不存在，请先开户。"


class AccountClosed(LedgerRefusal):
    """The account takes nothing more."""

    code = "account_closed"
    remembered = True
    english = "{account} is closed. Use another account."
    chinese = "账户 {account} 已销户，请更换账户。"


class AccountFrozen(LedgerRefusal):
    """The account takes no debits, or no credits, until it is unfrozen."""

    code = "account_frozen"
    remembered = True
    english = "{account} is frozen for {side}. It can be posted to again once it is unfrozen."
    chinese = "账户 {account} 已冻结（{side}），解冻后方可入账。"
    retryable = True


class HoldUnknown(LedgerRefusal):
    """No hold has that id."""

    code = "hold_unknown"
    remembered = True
    status = 404
    english = "There is no hold {hold}. Check its id."
    chinese = "冻结单 {hold} 不存在，请核对编号。"


class HoldEnded(LedgerRefusal):
    """Nothing is left of the hold."""

    code = "hold_ended"
    remembered = True
    english = "Nothing is left of hold {hold}: it is {state}."
    chinese = "冻结单 {hold} 已无余额，状态为 {state}。"


class HoldExceeded(LedgerRefusal):
    """More than what is left of the hold."""

    code = "hold_exceeded"
    remembered = True
    english = "{left} minor units are left of hold {hold}, {needed} were asked for."
    chinese = "冻结单 {hold} 剩余 {left}，请求为 {needed}。"


class ReversedUnknown(LedgerRefusal):
    """No posted transaction has the id that is to be reversed."""

    code = "reversed_unknown"
    remembered = True
    status = 404
    english = "There is no posted transaction {reversed} to reverse."
    chinese = "找不到可冲正的交易 {reversed}。"


class ReversalMismatch(LedgerRefusal):
    """A leg of the reversal does not take back a leg of the original, or the original is a reversal itself."""

    code = "reversal_mismatch"
    remembered = True
    status = 422
    english = (
        "A leg does not take back any leg of {reversed}: debit what it credited and credit what it debited."
    )
    chinese = "分录与原交易 {reversed} 不对应：冲正须借记原贷方、贷记原借方。"


class ReversalExceeded(LedgerRefusal):
    """All reversals together would take back more than was posted."""

    code = "reversal_exceeded"
    remembered = True
    english = "{left} minor units of {reversed} are left to reverse, {needed} were asked for."
    chinese = "交易 {reversed} 尚可冲正 {left}，请求为 {needed}。"


class CounterOverflow(LedgerRefusal):
    """A counter would leave 63 bits."""

    code = "counter_overflow"
    remembered = True
    english = "{account} cannot hold more; close it and open another."
    chinese = "账户 {account} 计数器已达上限，请更换账户。"


class InsufficientFunds(LedgerRefusal):
    """An account would go further below zero than it may."""

    code = "insufficient_funds"
    remembered = True
    english = "{account} has {available} minor units available, {needed} are needed."
    chinese = "账户 {account} 可用 {available}，需要 {needed}。"
    retryable = True


PRECEDENCE: tuple[type[LedgerRefusal], ...] = (
    IdInvalid,
    TextInvalid,
    MetadataInvalid,
    NoLegs,
    TooManyLegs,
    ActionInvalid,
    AmountInvalid,
    SameAccount,
    CurrencyMismatch,
    BookMismatch,
    ChainOpen,
    ExistsWithDifferent,
    LinkedFailed,
    HoldUnknown,
    AccountInvalid,
    AccountUnknown,
    AccountClosed,
    AccountFrozen,
    HoldEnded,
    HoldExceeded,
    ReversedUnknown,
    ReversalMismatch,
    ReversalExceeded,
    CounterOverflow,
    InsufficientFunds,
)
"""The order in which reasons are looked for."""

BY_CODE = {kind.code: kind for kind in PRECEDENCE}
"""Refusals by their code: a remembered one is given again."""
