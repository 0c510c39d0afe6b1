"""The chart of accounts: every kind of account, its subject in the accountants' books, and its side.

A platform may add subjects of its own for books of its own; they stand in ``ledger.subject``, not here.
"""

from collections.abc import Mapping
from enum import Enum, StrEnum

import msgspec


class Side(StrEnum):
    """On which side an account grows."""

    DEBIT = "debit"
    """Assets and expenses."""
    CREDIT = "credit"
    """Liabilities, capital and income."""


class AccountCode(StrEnum):
    """What an account is for. One account exists for each (book, code, owner, currency)."""

    CHANNEL_RECEIVABLE = "channel.receivable"
    """What a channel has collected for us and not yet paid over; owner: the channel."""
    BANK_CUSTODY = "bank.custody"
    """Money at the custody bank; owner: the bank."""
    MERCHANT_PENDING = "merchant.pending"
    """A merchant's trade that is not yet settled; below zero when refunds exceed new trade; owner: the merchant."""
    MERCHANT_AVAILABLE = "merchant.available"
    """What a merchant may spend; never below zero; owner: the merchant."""
    REFUND_IN_TRANSIT = "refund.in_transit"
    """Refunds asked of a channel and not yet confirmed; owner: the channel."""
    PAYMENT_SUSPENSE = "payment.suspense"
    """Money that buyers paid for orders that were paid already, until it is decided what becomes of it; owner: the channel."""
    PLATFORM_FEE = "platform.fee_income"
    """The platform's fees on payments; owner: the platform."""
    CHANNEL_COST = "platform.channel_cost"
    """What channels charge the platform; owner: the channel."""
    FUNDER_AVAILABLE = "funder.available"
    """A funder's money at the platform that may be lent; never below zero; owner: the funder."""
    FUNDER_CASH = "funder.cash"
    """In a funder's own book: its money at the platform; equals funder.available in the platform's book."""
    FUNDER_CAPITAL = "funder.capital"
    """In a funder's own book: what it has put in."""
    LOAN_PRINCIPAL = "loan.principal"
    """In a funder's own book: principal that a borrower owes; owner: the loan."""
    LOAN_INTEREST = "loan.interest_receivable"
    """In a funder's own book: interest accrued and not yet paid; owner: the loan."""
    LOAN_PENALTY = "loan.penalty_receivable"
    """In a funder's own book: penalty interest accrued and not yet paid; owner: the loan."""
    INTEREST_INCOME = "funder.interest_income"
    """In a funder's own book: interest earned; owner: the funder."""
    PENALTY_INCOME = "funder.penalty_income"
    """In a funder's own book: penalty interest earned; owner: the funder."""


class Overdraft(Enum):
    """Whether a balance may go below zero."""

    NONE = 0
    """Never: the transaction is refused with insufficient_funds."""
    UNLIMITED = None
    """Always: a netting or control account."""


class Subject(msgspec.Struct, frozen=True):
    """How accountants know an account: number and names after the Chinese enterprise chart of accounts (财会〔2006〕18号)."""

    number: str
    chinese: str
    english: str
    side: Side
    overdraft: Overdraft

    @property
    def sign(self) -> int:
        """1 when debits raise its accounts, -1 when credits do."""
        return 1 if self.side is Side.DEBIT else -1


CHART: Mapping[str, Subject] = {
    AccountCode.CHANNEL_RECEIVABLE: Subject(
        "112201", "应收账款－支付渠道", "Receivable from channels", Side.DEBIT, Overdraft.UNLIMITED
    ),
    AccountCode.BANK_CUSTODY: Subject(
        "100201", "银行存款－备付金", "Bank, custody account", Side.DEBIT, Overdraft.UNLIMITED
    ),
    AccountCode.MERCHANT_PENDING: Subject(
        "224101", "其他应付款－商户待结算", "Merchants, pending settlement", Side.CREDIT, Overdraft.UNLIMITED
    ),
    AccountCode.MERCHANT_AVAILABLE: Subject(
        "224102", "其他应付款－商户可用余额", "Merchants, available balance", Side.CREDIT, Overdraft.NONE
    ),
    AccountCode.REFUND_IN_TRANSIT: Subject(
        "224103", "其他应付款－在途退款", "Refunds in transit", Side.CREDIT, Overdraft.NONE
    ),
    AccountCode.PAYMENT_SUSPENSE: Subject(
        "224105", "其他应付款－待处理款", "Payments in suspense", Side.CREDIT, Overdraft.NONE
    ),
    AccountCode.PLATFORM_FEE: Subject(
        "600101", "主营业务收入－手续费", "Fee income", Side.CREDIT, Overdraft.UNLIMITED
    ),
    AccountCode.CHANNEL_COST: Subject(
        "640101", "主营业务成本－渠道手续费", "Channel cost", Side.DEBIT, Overdraft.UNLIMITED
    ),
    AccountCode.FUNDER_AVAILABLE: Subject(
        "224104", "其他应付款－资金方存放款", "Funders' money", Side.CREDIT, Overdraft.NONE
    ),
    AccountCode.FUNDER_CASH: Subject(
        "101201", "其他货币资金－存放平台款", "Money at the platform", Side.DEBIT, Overdraft.NONE
    ),
    AccountCode.FUNDER_CAPITAL: Subject(
        "400101", "实收资本－投入资金", "Capital put in", Side.CREDIT, Overdraft.NONE
    ),
    AccountCode.LOAN_PRINCIPAL: Subject(
        "130301", "贷款－本金", "Loans, principal", Side.DEBIT, Overdraft.NONE
    ),
    AccountCode.LOAN_INTEREST: Subject(
        "113201", "应收利息", "Interest receivable", Side.DEBIT, Overdraft.NONE
    ),
    AccountCode.LOAN_PENALTY: Subject("113202", "应收罚息", "Penalty receivable", Side.DEBIT, Overdraft.NONE),
    AccountCode.INTEREST_INCOME: Subject(
        "601101", "利息收入", "Interest income", Side.CREDIT, Overdraft.UNLIMITED
    ),
    AccountCode.PENALTY_INCOME: Subject(
        "601102", "罚息收入", "Penalty income", Side.CREDIT, Overdraft.UNLIMITED
    ),
}
