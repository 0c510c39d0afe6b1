"""What is asked of the bank and what became of it: orders, their checks, transfers and how they are found.

Reason codes are ISO 20022's external status reasons and return reasons.
"""

from datetime import date

import msgspec

from feiqian.kernel.calendar import business_date
from feiqian.simulators.bank.accounts import Account, account_named
from feiqian.simulators.bank.context import Bank
from feiqian.simulators.kit.moments import from_ms

ACCOUNT_MIN, ACCOUNT_MAX = 6, 34
"""How many characters an account number of another bank may have."""

REASONS = {
    "AC01": "账号不存在或格式不正确",
    "AC04": "账户已销户",
    "AC06": "账户已冻结",
    "AG01": "该账户不允许办理此项交易",
    "AM02": "超过单笔限额",
    "AM03": "账户币种不支持",
    "AM04": "账户余额不足",
    "AM12": "金额必须大于零",
    "DT01": "执行日期早于今天",
    "DUPL": "重复的指令，请查询原指令的状态",
    "MS03": "银行未说明原因",
}
"""What the bank says with each code when it has nothing more exact to say."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a front asks for. Amount in minor units."""

    front: str
    message_id: str
    payment_id: str = ""
    instruction_id: str = ""
    end_to_end_id: str
    debit_account: str
    creditor_name: str
    creditor_account: str
    creditor_bank: str = ""
    amount: int
    currency: str
    memo: str = ""
    execute_on: date | None = None


class Transfer(msgspec.Struct, frozen=True):
    """A row of ``transfers``; its columns are explained there."""

    id: int
    front: str
    message_id: str
    payment_id: str
    instruction_id: str
    end_to_end_id: str
    debit_account: str
    creditor_name: str
    creditor_account: str
    creditor_bank: str
    amount: int
    currency: str
    memo: str
    status: str
    reason: str
    detail: str
    reference: str
    mode: str
    created_at: int
    settled_at: int | None
    next_step: str | None
    next_at: int | None


COLUMNS = ", ".join(Transfer.__struct_fields__)
NOT_PROVIDED = "NOTPROVIDED"
"""ISO 20022's EndToEndId of somebody who gives none."""


class Unacceptable(Exception):
    """An order that is refused; nothing was moved."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail or REASONS[code]


def check(bank: Bank, order: Order, now_ms: int) -> None:
    """Raises: Unacceptable with the code of the first thing that is wrong."""
    _check_numbers(bank, order, now_ms)
    payer = account_named(bank.books, bank.profile, order.debit_account)
    if payer is None:
        raise Unacceptable("AC01", f"付款账号不存在：{order.debit_account}")
    if payer.kind != "corporate":
        raise Unacceptable("AG01")
    _check_open(payer)
    if order.currency != payer.currency:
        raise Unacceptable("AM03", f"账户币种为{payer.currency}")
    if is_ours(bank, order):
        payee = account_named(bank.books, bank.profile, order.creditor_account)
        if payee is None:
            raise Unacceptable("AC01", f"收款账号不存在：{order.creditor_account}")
        _check_open(payee)
        if payee.currency != order.currency:
            raise Unacceptable("AM03", f"收款账户币种为{payee.currency}")
    elif not _is_account_number(order.creditor_account):
        raise Unacceptable("AC01", f"收款账号格式不正确：{order.creditor_account}")
    if payer.available < order.amount:
        raise Unacceptable("AM04")


def is_ours(bank: Bank, order: Order | Transfer) -> bool:
    """Whether the creditor's account is with this bank."""
    if order.creditor_bank:
        return order.creditor_bank in (bank.profile.bank.bic, bank.profile.bank.clearing_number)
    return account_named(bank.books, bank.profile, order.creditor_account) is not None


def named(bank: Bank, transfer_id: int) -> Transfer:
    """A transfer by its row. Raises: KeyError."""
    row = bank.books.row(f"SELECT {COLUMNS} FROM transfers WHERE id = ?", transfer_id)
    if row is None:
        raise KeyError(transfer_id)
    return Transfer(*row)


def with_number(bank: Bank, number: str, front: str | None = None) -> list[Transfer]:
    """Transfers under a customer's or the bank's number, oldest first."""
    rows = bank.books.rows(
        f"SELECT {COLUMNS} FROM transfers WHERE (end_to_end_id = ?1 OR reference = ?1)"
        " AND (?2 IS NULL OR front = ?2) ORDER BY id",
        number,
        front,
    )
    return [Transfer(*row) for row in rows]


def of_message(bank: Bank, message_id: str) -> list[Transfer]:
    """The transfers of a pain.001, in its order."""
    rows = bank.books.rows(
        f"SELECT {COLUMNS} FROM transfers WHERE front = 'iso20022' AND message_id = ? ORDER BY id", message_id
    )
    return [Transfer(*row) for row in rows]


def _check_numbers(bank: Bank, order: Order, now_ms: int) -> None:
    if order.amount <= 0:
        raise Unacceptable("AM12")
    if order.amount > bank.profile.limits.amount_max:
        raise Unacceptable("AM02")
    if order.execute_on is not None and order.execute_on < business_date(from_ms(now_ms)):
        raise Unacceptable("DT01")
    if order.end_to_end_id != NOT_PROVIDED and any(
        earlier.status not in ("rejected", "received")
        for earlier in with_number(bank, order.end_to_end_id, order.front)
    ):
        raise Unacceptable("DUPL")


def _check_open(account: Account) -> None:
    if account.status != "open":
        raise Unacceptable("AC04" if account.status == "closed" else "AC06")


def _is_account_number(text: str) -> bool:
    return ACCOUNT_MIN <= len(text) <= ACCOUNT_MAX and text.isascii() and text.replace("-", "").isalnum()
