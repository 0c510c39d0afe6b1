"""Why an account cannot be opened or changed. Nothing has changed when one is raised."""

from feiqian.kernel.errors import Refusal


class SubjectUnknown(Refusal):
    """The code is neither of the chart nor a defined subject."""

    code = "subject_unknown"
    status = 404
    english = "There is no subject {subject}. Take one of the chart, or define it first."
    chinese = "科目 {subject} 不存在，请使用科目表中的科目或先自定义。"


class CodeBookMismatch(Refusal):
    """A platform's own books hold its own subjects only, and the house's books those of the chart only."""

    code = "code_book_mismatch"
    status = 422
    english = "The code {subject} does not belong in the book {book}: 'own.' codes go into 'own:' books only."
    chinese = "科目 {subject} 不能用于账套 {book}：own. 科目只能用于 own: 账套。"


class OverdraftInUse(Refusal):
    """The account is further below zero, holds counted as spent, than the new limit would allow."""

    code = "overdraft_in_use"
    status = 409
    english = "{account} is {used} minor units below zero; its limit cannot be set to {limit}."
    chinese = "账户 {account} 已透支 {used}（最小货币单位），限额不能设为 {limit}。"
    retryable = True


class AccountNotEmpty(Refusal):
    """Only an account without balance and without open holds can be closed."""

    code = "account_not_empty"
    status = 409
    english = (
        "{account} has a balance of {balance} and {held} held, in minor units. Empty it before closing it."
    )
    chinese = "账户 {account} 余额 {balance}、冻结 {held}（最小货币单位），清零后方可销户。"
    retryable = True
