"""Transactions of every kind: how they are kept, how they end, and how messages show them.

Source: UnionPay's interface specification of the gateway product (网关支付产品接口规范), as its demo projects repeat it.
"""

from typing import Any

import msgspec

from feiqian.simulators.kit.moments import beijing
from feiqian.simulators.unionpay.codes import DEFECTIVE_SUCCESS, SUCCESS, TEXTS
from feiqian.simulators.unionpay.context import PAYOUT_FEE, Simulator, settlement_day
from feiqian.simulators.unionpay.messages import SIGNATURE, Fields
from feiqian.simulators.unionpay.signing import SIGN_METHOD, VERSION

PAYMENTS = ("01", "03")
"""Kinds that bring the merchant money: purchase, completion of a pre-authorisation."""
PAYOUTS = ("12", "21")
FRONT = ("01", "02")
"""Kinds that the buyer ends on the bank page; of these only a success is notified."""
VOIDS = {"31": "01", "32": "02", "33": "03"}
"""Kind of a void, and of what it takes back."""
SETTLED = (*PAYMENTS, *PAYOUTS, "04", "31", "33")
"""Kinds that move money and stand in the settlement file."""


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``transactions``; its columns are explained there."""

    id: int
    order_id: str
    txn_time: str
    txn_type: str
    txn_sub_type: str
    biz_type: str
    request: bytes
    amount: int
    front_url: str = ""
    back_url: str = ""
    reserved: str = ""
    code: str | None = None
    state: str
    resp_code: str = "05"
    query_id: str
    trace_no: str
    created_at: int
    expires_at: int | None = None
    ended_at: int | None = None
    settled_on: str | None = None
    fee: int = 0
    original_id: int | None = None
    used: int = 0
    is_voided: bool = False
    account: str = ""
    account_type: str = "01"
    bank: str = ""
    batch_id: int | None = None
    line_no: int | None = None
    returned_on: str | None = None

    @property
    def is_open(self) -> bool:
        return self.state in ("waiting", "entered", "processing")

    @property
    def has_succeeded(self) -> bool:
        return self.state == "succeeded"

    def resp_code_at(self, now_ms: int) -> str:
        """origRespCode: a payment that nobody finished in time has failed."""
        if self.state in ("waiting", "entered") and self.expires_at is not None and now_ms >= self.expires_at:
            return "01"
        return self.resp_code


NAMES = Transaction.__struct_fields__
COLUMNS = ", ".join(NAMES)
_INSERT = f"INSERT INTO transactions ({COLUMNS}) VALUES ({', '.join('?' * len(NAMES))})"


def read(row: tuple[Any, ...]) -> Transaction:
    """A row of COLUMNS."""
    return Transaction(
        **{**dict(zip(NAMES, row, strict=True)), "is_voided": bool(row[NAMES.index("is_voided")])}
    )


def find(simulator: Simulator, condition: str, *values: Any) -> Transaction | None:
    """The newest that fits an SQL condition."""
    row = simulator.books.row(
        f"SELECT {COLUMNS} FROM transactions WHERE {condition} ORDER BY id DESC LIMIT 1", *values
    )
    return None if row is None else read(row)


def find_all(simulator: Simulator, condition: str, *values: Any) -> list[Transaction]:
    """All that fit an SQL condition, oldest first."""
    rows = simulator.books.rows(f"SELECT {COLUMNS} FROM transactions WHERE {condition} ORDER BY id", *values)
    return [read(row) for row in rows]


def keyed(simulator: Simulator, order_id: str, txn_time: str) -> Transaction | None:
    """By the merchant's key."""
    return find(simulator, "order_id = ? AND txn_time = ?", order_id, txn_time)


def with_id(simulator: Simulator, transaction_id: int) -> Transaction:
    """By the books' number, which exists."""
    found = find(simulator, "id = ?", transaction_id)
    assert found is not None, "a transaction is never deleted"
    return found


def canonical(fields: Fields) -> bytes:
    """The fields without the signature: what a repeated request must equal."""
    kept = {name: value for name, value in fields.items() if name != SIGNATURE}
    return msgspec.json.encode(kept, order="deterministic")


def add(simulator: Simulator, fields: Fields, **columns: Any) -> Transaction:
    """Keep a new transaction with the merchant's fields and these columns. Only inside ``atomically``."""
    number, now_ms = next_id(simulator), simulator.now_ms()
    given = {
        "order_id": fields.get("orderId", ""),
        "txn_time": fields["txnTime"],
        "txn_type": fields["txnType"],
        "txn_sub_type": fields["txnSubType"],
        "biz_type": fields["bizType"],
        "request": canonical(fields),
        "amount": int(fields.get("txnAmt", "0")),
        "front_url": fields.get("frontUrl", ""),
        "back_url": fields.get("backUrl", ""),
        "reserved": fields.get("reqReserved", ""),
    } | columns
    transaction = Transaction(
        id=number,
        query_id=f"05{beijing(now_ms, '%y%m%d%H%M%S')}{numbering(number)}",
        trace_no=f"{number % 10**6:06d}",
        created_at=now_ms,
        **given,
    )
    write(simulator, transaction)
    return transaction


def next_id(simulator: Simulator) -> int:
    """The books' next number."""
    row = simulator.books.row("SELECT coalesce(max(id), 0) + 1 FROM transactions")
    assert row is not None, "a maximum has one row"
    return row[0]


def numbering(number: int) -> str:
    """The end of a queryId, which begins with 05 and YYMMDDhhmmss: seven digits that contain the trace number."""
    return f"{number % 10**6:06d}{number // 10**6 % 10}"


def write(simulator: Simulator, transaction: Transaction) -> None:
    """Keep a new row. Only inside ``atomically``."""
    simulator.books.write(_INSERT, *(getattr(transaction, name) for name in NAMES))


def end(simulator: Simulator, transaction: Transaction, code: str, **columns: Any) -> Transaction:
    """Let a transaction that is open succeed (00, A6) or fail (any other code), and tell the merchant."""
    now_ms = simulator.now_ms()
    succeeded = code in (SUCCESS, DEFECTIVE_SUCCESS)
    changes: dict[str, Any] = {
        "state": "succeeded" if succeeded else "failed",
        "resp_code": code,
        "ended_at": now_ms,
    } | columns
    with simulator.books.atomically():
        if succeeded and transaction.txn_type in SETTLED:
            changes |= {
                "settled_on": settlement_day(now_ms).isoformat(),
                "fee": _fee(simulator, transaction),
            }
        if not succeeded:
            _release(simulator, transaction)
        elif transaction.txn_type == "33":
            _reopen(simulator, transaction)
        update(simulator, transaction, **changes)
        ended = with_id(simulator, transaction.id)
        if ended.back_url and (succeeded or ended.txn_type not in FRONT):
            _notify(simulator, ended, now_ms)
    return ended


def update(simulator: Simulator, transaction: Transaction, **columns: Any) -> None:
    """Change columns. Only inside ``atomically``."""
    names = ", ".join(f"{name} = ?" for name in columns)
    simulator.books.write(f"UPDATE transactions SET {names} WHERE id = ?", *columns.values(), transaction.id)


def outcome(simulator: Simulator, transaction: Transaction, code: str) -> dict[str, str]:
    """What a notice, the way back to the merchant's page, and a query say of a transaction."""
    shown = common(simulator, msgspec.json.decode(transaction.request, type=dict[str, str])) | {
        "orderId": transaction.order_id,
        "txnTime": transaction.txn_time,
        "txnType": transaction.txn_type,
        "txnSubType": transaction.txn_sub_type,
        "bizType": transaction.biz_type,
        "txnAmt": str(transaction.amount),
        "currencyCode": "156",
        "queryId": transaction.query_id,
        "traceNo": transaction.trace_no,
        "traceTime": beijing(transaction.created_at, "%m%d%H%M%S"),
        "settleAmt": str(transaction.amount if transaction.has_succeeded else 0),
        "settleCurrencyCode": "156",
        "respCode": code,
        "respMsg": TEXTS[code],
    }
    if transaction.settled_on is not None:
        shown["settleDate"] = transaction.settled_on[5:].replace("-", "")
    if transaction.original_id is not None:
        shown["origQryId"] = with_id(simulator, transaction.original_id).query_id
    if transaction.reserved:
        shown["reqReserved"] = transaction.reserved
    if transaction.account and transaction.batch_id is None:
        shown["accNo"] = masked(transaction.account)
    return shown


def common(simulator: Simulator, fields: Fields) -> dict[str, str]:
    """What every message of the gateway has."""
    return {
        "version": VERSION,
        "encoding": fields.get("encoding", "UTF-8"),
        "signMethod": SIGN_METHOD,
        "accessType": "0",
        "merId": simulator.keys.mer_id,
    }


def masked(account: str) -> str:
    """A card number as messages show it: ``6226********0048``."""
    return f"{account[:4]}{'*' * max(len(account) - 8, 0)}{account[-4:]}" if len(account) > 8 else account


def _notify(simulator: Simulator, transaction: Transaction, now_ms: int) -> None:
    said = outcome(simulator, transaction, transaction.resp_code)

    def content(mode: str) -> bytes:
        return msgspec.json.encode(_misstated(said, mode))

    simulator.callbacks.enqueue(
        about=transaction.order_id,
        kind=transaction.txn_type,
        url=transaction.back_url,
        content=content,
        now_ms=now_ms,
    )


def _misstated(said: dict[str, str], mode: str) -> dict[str, str]:
    if mode == "wrong_amount":
        more = str(int(said["txnAmt"]) + 1)
        return {**said, "txnAmt": more, "settleAmt": more}
    if mode == "wrong_merid":
        return {**said, "merId": f"{int(said['merId']) + 1:015d}"}
    if mode == "wrong_currency":
        return {**said, "currencyCode": "840"}
    return said


def _fee(simulator: Simulator, transaction: Transaction) -> int:
    if transaction.txn_type in PAYMENTS:
        return simulator.fee(transaction.amount)
    if transaction.txn_type in PAYOUTS:
        return PAYOUT_FEE
    assert transaction.original_id is not None, "what is left takes another back"
    original = with_id(simulator, transaction.original_id)
    if transaction.txn_type != "04":
        return -original.fee
    row = simulator.books.row(
        "SELECT coalesce(-sum(fee), 0), coalesce(sum(amount), 0) FROM transactions"
        " WHERE original_id = ? AND txn_type = '04' AND state = 'succeeded'",
        original.id,
    )
    assert row is not None, "a sum has one row"
    fee_returned, amount_returned = row
    left = original.fee - fee_returned
    if amount_returned + transaction.amount == original.amount:
        return -left
    return -min(simulator.fee(transaction.amount), left)


def _release(simulator: Simulator, transaction: Transaction) -> None:
    """What failed no longer holds anything of what it was to take back."""
    if transaction.original_id is None:
        return
    original = with_id(simulator, transaction.original_id)
    if transaction.txn_type in VOIDS:
        update(simulator, original, is_voided=0)
    else:
        update(simulator, original, used=original.used - transaction.amount)


def _reopen(simulator: Simulator, void: Transaction) -> None:
    """A completion that was voided leaves its pre-authorisation open again."""
    assert void.original_id is not None, "a void has an original"
    completion = with_id(simulator, void.original_id)
    assert completion.original_id is not None, "a completion has a pre-authorisation"
    update(simulator, with_id(simulator, completion.original_id), used=0)
