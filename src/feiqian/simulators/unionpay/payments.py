"""What the buyer ends on the bank's page: purchases of B2C and B2B, and pre-authorisations.

Source: UnionPay's gateway and B2B product specifications. In B2B a company pays in two steps: its maker enters the
payment at the bank chosen, its checker confirms it.
"""

import secrets
from datetime import timedelta

from feiqian.simulators.kit.moments import to_ms
from feiqian.simulators.unionpay.codes import SUCCESS, Refused
from feiqian.simulators.unionpay.context import Simulator
from feiqian.simulators.unionpay.gate import moment, require
from feiqian.simulators.unionpay.messages import Fields
from feiqian.simulators.unionpay.transactions import (
    Transaction,
    add,
    canonical,
    end,
    find,
    find_all,
    keyed,
    update,
    with_id,
)

B2C, B2B = "000201", "000202"
PRODUCTS = {("01", "01", B2C), ("01", "01", B2B), ("02", "01", B2C)}
"""(txnType, txnSubType, bizType) that have a bank page."""

ORDER_LIVES = timedelta(hours=24)
"""Of an order without payTimeout."""

SANDBOX_CARD = "6226090000000048"
"""UnionPay's own public test card."""
SANDBOX_COMPANY = "31050161393600000123"

BANKS = {
    "ICBC": ("工商银行", "Industrial and Commercial Bank of China"),
    "ABC": ("农业银行", "Agricultural Bank of China"),
    "BOC": ("中国银行", "Bank of China"),
    "CCB": ("建设银行", "China Construction Bank"),
    "BOCOM": ("交通银行", "Bank of Communications"),
    "CMB": ("招商银行", "China Merchants Bank"),
    "SPDB": ("浦发银行", "Shanghai Pudong Development Bank"),
}
"""Banks of the B2B page by short name, in Chinese and English."""


def place(simulator: Simulator, fields: Fields) -> Transaction:
    """Open a bank page, or find the same one again. Raises: Refused."""
    if (fields["txnType"], fields["txnSubType"], fields["bizType"]) not in PRODUCTS:
        raise Refused("32")
    require(fields, "orderId", "txnAmt", "currencyCode", "frontUrl", "backUrl", "channelType")
    known = keyed(simulator, fields["orderId"], fields["txnTime"])
    if known is not None and known.is_open and known.request == canonical(fields):
        return known
    check_new(simulator, fields)
    now_ms = simulator.now_ms()
    if fields.get("payTimeout"):
        expires_at = moment(fields["payTimeout"])
    else:
        expires_at = to_ms(simulator.sandbox.clock.now() + ORDER_LIVES)
    if expires_at <= now_ms:
        raise Refused("10", "报文格式错误：payTimeout")
    if fields.get("issInsCode") and fields["issInsCode"] not in BANKS:
        raise Refused("10", "报文格式错误：issInsCode")
    with simulator.books.atomically():
        return add(
            simulator,
            fields,
            state="waiting",
            code=secrets.token_urlsafe(16),
            expires_at=expires_at,
            bank=fields.get("issInsCode", ""),
        )


def check_new(simulator: Simulator, fields: Fields) -> None:
    """An order number is used once a day. Raises: Refused 12."""
    known = find(
        simulator,
        "order_id = ? AND substr(txn_time, 1, 8) = ? AND batch_id IS NULL",
        fields["orderId"],
        fields["txnTime"][:8],
    )
    if known is not None:
        raise Refused("12")


def page_named(simulator: Simulator, code: str) -> Transaction | None:
    """The order behind a bank page."""
    return find(simulator, "code = ?", code)


def unpaid(simulator: Simulator, limit: int) -> list[Transaction]:
    """The newest orders that wait for the buyer."""
    newest = (
        "SELECT id FROM transactions WHERE state IN ('waiting', 'entered') AND expires_at > ?"
        " ORDER BY id DESC LIMIT ?"
    )
    return find_all(simulator, f"id IN ({newest})", simulator.now_ms(), limit)[::-1]


def pay(simulator: Simulator, transaction: Transaction) -> Transaction:
    """B2C: the card's holder pays. Paying again changes nothing. Raises: Refused when it cannot be paid any more."""
    if transaction.biz_type != B2C:
        raise Refused("35", "企业支付须先由经办人录入、再由复核人确认")
    if not _is_payable(simulator, transaction, "waiting"):
        return transaction
    return _charge(simulator, transaction, account=SANDBOX_CARD)


def enter(simulator: Simulator, transaction: Transaction, bank: str) -> Transaction:
    """B2B: the company's maker enters the payment at its bank. Again: nothing changes. Raises: Refused."""
    if transaction.biz_type != B2B:
        raise Refused("35", "个人支付没有复核")
    if bank not in BANKS:
        raise Refused("10", "报文格式错误：issInsCode")
    if _is_payable(simulator, transaction, "waiting"):
        with simulator.books.atomically():
            update(simulator, transaction, state="entered", bank=bank)
    return with_id(simulator, transaction.id)


def confirm(simulator: Simulator, transaction: Transaction) -> Transaction:
    """B2B: the company's checker confirms, and the bank pays. Again: nothing changes. Raises: Refused."""
    if transaction.state == "waiting":
        raise Refused("35", "经办人尚未录入")
    if not _is_payable(simulator, transaction, "entered"):
        return transaction
    return _charge(simulator, transaction, account=SANDBOX_COMPANY, account_type="04")


def reject(simulator: Simulator, transaction: Transaction) -> Transaction:
    """B2B: the company's checker refuses: the order has failed. Raises: Refused."""
    if transaction.state == "entered" and _is_payable(simulator, transaction, "entered"):
        return end(simulator, transaction, "30")
    return transaction


def _is_payable(simulator: Simulator, transaction: Transaction, state: str) -> bool:
    """False when it was paid before, or is under way. Raises: Refused 39 when it is too late."""
    if transaction.state != state:
        return False
    if transaction.resp_code_at(simulator.now_ms()) == "01":
        raise Refused("39", "订单已超过支付时间")
    return True


def _charge(simulator: Simulator, transaction: Transaction, **columns: str) -> Transaction:
    mode = simulator.take("payment")
    if mode == "processing":
        with simulator.books.atomically():
            update(simulator, transaction, state="processing", **columns)
        return with_id(simulator, transaction.id)
    code = {"declined": "30", "late_charge": "42"}.get(mode, SUCCESS)
    return end(simulator, transaction, code, **columns)
