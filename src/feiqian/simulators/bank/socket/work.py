"""What each message of the socket front does, and the response code in field 39 that it is answered with.

Source: ISO 8583 (1987); codes of a single letter and digit are those that UnionPay's members use.
"""

import hashlib
from contextlib import suppress
from datetime import date

from feiqian.kernel.calendar import business_date
from feiqian.simulators.bank.accounts import account_named
from feiqian.simulators.bank.context import Bank
from feiqian.simulators.bank.orders import Order, Transfer, Unacceptable, named
from feiqian.simulators.bank.socket import terminals
from feiqian.simulators.bank.socket.codec import Fields, Message
from feiqian.simulators.bank.transfers import cancel, take
from feiqian.simulators.kit.moments import beijing, from_ms

CODES = {
    "00": "承兑或交易成功",
    "03": "无效商户",
    "05": "不予承兑",
    "09": "请求正在处理中",
    "12": "无效交易",
    "13": "无效金额",
    "14": "无效账号",
    "25": "未能找到原交易",
    "30": "格式错误",
    "40": "请求的功能尚不支持",
    "51": "余额不足",
    "55": "密码错误",
    "57": "不允许进行的交易",
    "61": "超出金额限制",
    "62": "受限制的账户",
    "64": "与原交易金额不符",
    "68": "接收的应答超时",
    "91": "收款行不能操作",
    "94": "重复交易",
    "96": "系统异常",
    "97": "终端未签到或未登记",
    "A0": "MAC校验错",
}
"""Every code of this bank and what it says in field 44."""

CODE_OF_REASON = {
    "": "00",
    "AC01": "14",
    "AC04": "14",
    "AC06": "62",
    "AG01": "57",
    "AM02": "61",
    "AM03": "12",
    "AM04": "51",
    "AM12": "13",
    "DUPL": "94",
    "MS03": "05",
}
CURRENCIES = {"156": "CNY", "840": "USD"}
"""ISO 4217 numbers in field 49."""

COPIED = ("3", "4", "7", "11", "12", "13", "25", "32", "41", "42", "49", "60", "70", "90")
"""Fields that an answer repeats."""

ANSWERS = {"0200": "0210", "0201": "0210", "0220": "0230", "0221": "0230", "0800": "0810"}
ANSWERS |= {"0400": "0410", "0401": "0410", "0420": "0430", "0421": "0430"}
"""Type of a request and of its answer; an odd last digit is a repetition."""


def answer(bank: Bank, message: Message, now_ms: int) -> tuple[Fields, bytes | None]:
    """(fields of the answer, key to seal it with). Everything it needs is in the books when it returns."""
    fields = {number: message.fields[number] for number in COPIED if number in message.fields}
    fields["t"] = ANSWERS.get(message.type, f"{message.type[:2]}10")
    terminal_number = _value(message, 41)
    known = terminals.terminal_named(bank, terminal_number)
    if message.type not in ANSWERS:
        code = "40"
    elif known is None:
        code = "97"
    elif _value(message, 42) != bank.keys.credentials.merchant:
        code = "03"
    elif not _value(message, 11) or not bank.codec.has_digits(message):
        code = "30"
    elif message.type == "0800":
        with bank.books.atomically():
            code, extra = _manage(bank, message, terminal_number)
        return fields | _closing(code) | extra, None
    elif not known.signed_on or not known.mac_key:
        code = "97"
    elif not bank.codec.is_sealed(message, bytes.fromhex(known.mac_key)):
        code = "A0"
    else:
        with bank.books.atomically():
            code, extra = _financial(bank, message, now_ms)
        return fields | _closing(code) | extra, bytes.fromhex(known.mac_key)
    key = bytes.fromhex(known.mac_key) if known is not None and known.mac_key else None
    return fields | _closing(code), key


def refused(bank: Bank, message: Message, code: str) -> tuple[Fields, bytes | None]:
    """An answer with a code and nothing done."""
    fields = {number: message.fields[number] for number in COPIED if number in message.fields}
    fields["t"] = ANSWERS.get(message.type, f"{message.type[:2]}10")
    known = terminals.terminal_named(bank, _value(message, 41))
    key = bytes.fromhex(known.mac_key) if known is not None and known.mac_key else None
    return fields | _closing(code), None if message.type == "0800" else key


def _manage(bank: Bank, message: Message, terminal: str) -> tuple[str, Fields]:
    profile = bank.codec.profile
    where = str(profile.where.management)
    code = profile.parts_of("management", message.fields.get(where, ""))["code"]
    codes = profile.management
    if code == codes.echo:
        return "00", {}
    if code == codes.sign_off:
        terminals.sign(bank, terminal, on=False)
        return "00", {}
    if code == codes.sign_on:
        terminals.sign(bank, terminal, on=True)
        if not profile.mac.key_with_sign_on:
            return "00", {}
    elif code != codes.key_exchange:
        return "40", {}
    return "00", {str(profile.where.key): terminals.new_key(bank, terminal)}


def _financial(bank: Bank, message: Message, now_ms: int) -> tuple[str, Fields]:
    if message.type.startswith("04"):
        return _reverse(bank, message, now_ms), {}
    processing = bank.codec.profile.processing
    code = _value(message, 3)
    if code == processing.transfer:
        return _transfer(bank, message, now_ms)
    if code == processing.balance and message.type == "0200":
        return _balance(bank, message)
    if code == processing.status and message.type == "0200":
        return _status(bank, message, now_ms)
    return "40", {}


def _transfer(bank: Bank, message: Message, now_ms: int) -> tuple[str, Fields]:
    terminal, day, stan = _value(message, 41), _day(message, now_ms), _value(message, 11)
    where = bank.codec.profile.where
    asked = [_value(message, number) for number in (4, 49, where.debit_account, where.credit_account)]
    digest = hashlib.sha256("|".join(asked).encode()).hexdigest()
    known = bank.books.row(
        "SELECT digest, code, transfer_id FROM exchanges WHERE terminal = ? AND day = ? AND stan = ?",
        terminal,
        day,
        stan,
    )
    if not day:
        return "30", {}
    if known is not None:
        kept_digest, kept_code, transfer_id = known
        if not kept_digest:
            return "05", {}  # its reversal came first
        if message.type == "0200" or kept_digest != digest:
            return "94", {}
        return _code_now(bank, kept_code, transfer_id)
    if "4" not in message.fields or asked[1] not in CURRENCIES:
        return "30", {}
    order = Order(
        front="socket",
        message_id=terminal,
        end_to_end_id=f"{terminal}{day.replace('-', '')}{stan}",
        debit_account=asked[2],
        creditor_name=_value(message, where.payee_name),
        creditor_account=asked[3],
        creditor_bank=_value(message, where.payee_bank),
        amount=int(asked[0]),
        currency=CURRENCIES[asked[1]],
        memo=_value(message, where.memo),
    )
    transfer = take(bank, order, now_ms)
    code = CODE_OF_REASON[transfer.reason]
    bank.books.write(
        "INSERT INTO exchanges VALUES (?, ?, ?, ?, ?, ?)", terminal, day, stan, digest, code, transfer.id
    )
    return _code_now(bank, code, transfer.id)


def _reverse(bank: Bank, message: Message, now_ms: int) -> str:
    profile = bank.codec.profile
    original = profile.parts_of("original", message.fields.get(str(profile.where.original), ""))
    terminal, day, stan = _value(message, 41), dated(original["day"], now_ms), original["stan"]
    if not day or len(stan) < 6:
        return "30"
    row = bank.books.row(
        "SELECT transfer_id FROM exchanges WHERE terminal = ? AND day = ? AND stan = ?", terminal, day, stan
    )
    if row is None:
        bank.books.write("INSERT INTO exchanges VALUES (?, ?, ?, '', '05', NULL)", terminal, day, stan)
        return "00"
    if row[0] is None:
        return "00"
    transfer = named(bank, row[0])
    if "4" in message.fields and int(_value(message, 4)) != transfer.amount:
        return "64"
    try:
        cancel(bank, transfer, now_ms)
    except Unacceptable as refused_here:
        return CODE_OF_REASON[refused_here.code]
    return "00"


def _status(bank: Bank, message: Message, now_ms: int) -> tuple[str, Fields]:
    profile = bank.codec.profile
    original = profile.parts_of("original", message.fields.get(str(profile.where.original), ""))
    row = bank.books.row(
        "SELECT code, transfer_id FROM exchanges WHERE terminal = ? AND day = ? AND stan = ? AND digest <> ''",
        _value(message, 41),
        dated(original["day"], now_ms),
        original["stan"],
    )
    return ("25", {}) if row is None else _code_now(bank, row[0], row[1])


def _balance(bank: Bank, message: Message) -> tuple[str, Fields]:
    where = bank.codec.profile.where
    account = account_named(bank.books, bank.profile, _value(message, where.debit_account))
    if account is None or account.kind not in ("corporate", "virtual"):
        return "14", {}
    currency = next(number for number, name in CURRENCIES.items() if name == account.currency)
    parts = [_amount("01", currency, account.balance), _amount("02", currency, account.available)]
    return "00", {"54": "".join(parts)}


def _amount(kind: str, currency: str, amount: int) -> str:
    """One amount of field 54: account type, amount type (01 ledger, 02 available), currency, sign, twelve digits."""
    return f"00{kind}{currency}{'C' if amount >= 0 else 'D'}{abs(amount):012d}"


def _code_now(bank: Bank, code: str, transfer_id: int) -> tuple[str, Fields]:
    transfer = named(bank, transfer_id)
    return _present(transfer, code), {"37": transfer.reference[-12:]}


def _present(transfer: Transfer, code: str) -> str:
    if transfer.status == "accepted":
        return "09"
    if transfer.status == "rejected":
        return CODE_OF_REASON.get(transfer.reason, code)
    return "05" if transfer.status in ("returned", "reversed") else "00"


def _closing(code: str) -> Fields:
    return {"39": code} if code == "00" else {"39": code, "44": CODES[code]}


def _day(message: Message, now_ms: int) -> str:
    return dated(_value(message, 13) or _value(message, 7)[:4] or beijing(now_ms, "%m%d"), now_ms)


def dated(day: str, now_ms: int) -> str:
    """The date nearest to now that a terminal can mean with ``MMDD``, ISO 8601; empty when there is none."""
    today = business_date(from_ms(now_ms))
    found: list[date] = []
    for year in (today.year - 1, today.year, today.year + 1):
        with suppress(ValueError):
            found.append(date.fromisoformat(f"{year}{day}"))
    return min(found, key=lambda one: abs(one - today)).isoformat() if found else ""


def _value(message: Message, field: int) -> str:
    return message.fields.get(str(field), "").strip()
