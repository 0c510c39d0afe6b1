"""What WeChat Pay holds for a merchant: payments less fees, until it is refunded, shared or transferred.

The payout to the merchant's bank is not played: the balance stays here.
"""

from feiqian.simulators.kit.books import Books
from feiqian.simulators.wechatpay.answers import Refused


def add(books: Books, mchid: str, amount: int) -> None:
    """Money comes to a merchant, or an amount below zero goes. Only inside ``atomically``."""
    books.write(
        "INSERT INTO accounts (mchid, balance) VALUES (?, ?)"
        " ON CONFLICT (mchid) DO UPDATE SET balance = balance + excluded.balance",
        mchid,
        amount,
    )


def freeze(books: Books, mchid: str, amount: int) -> None:
    """Part of the balance waits for profit sharing; below zero: it no longer does. Only inside ``atomically``."""
    books.write("UPDATE accounts SET frozen = frozen + ? WHERE mchid = ?", amount, mchid)


def balances(books: Books, mchid: str) -> tuple[int, int]:
    """(available, frozen)"""
    row = books.row("SELECT balance - frozen, frozen FROM accounts WHERE mchid = ?", mchid)
    return (0, 0) if row is None else (row[0], row[1])


def require(books: Books, mchid: str, amount: int, message: str) -> None:
    """Raises: Refused NOT_ENOUGH when less than ``amount`` is available."""
    if balances(books, mchid)[0] < amount:
        raise Refused(403, "NOT_ENOUGH", message)
