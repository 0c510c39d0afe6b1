"""Payouts: accepted, paid when the bank works, given back. Every front asks for them here."""

import secrets
from datetime import date, datetime

import msgspec

from feiqian.kernel.calendar import business_date, start_of
from feiqian.simulators.bank.accounts import (
    Movement,
    Party,
    account_named,
    entry_of,
    keep_account,
    move,
    reserve,
    settlement,
)
from feiqian.simulators.bank.context import Bank
from feiqian.simulators.bank.notices import notify
from feiqian.simulators.bank.orders import (
    COLUMNS,
    REASONS,
    Order,
    Transfer,
    Unacceptable,
    check,
    is_ours,
    named,
)
from feiqian.simulators.kit.moments import beijing, from_ms, to_ms

STEPS_AT_ONCE = 200
"""Steps of waiting transfers that are taken before anybody else gets a turn."""


def take(bank: Bank, order: Order, now_ms: int, mode: str | None = None) -> Transfer:
    """Accept or reject an order, pay it if it can be paid at once, and remember it. Only inside ``atomically``.

    ``mode`` is what the switch ``payment`` said, when the caller asked it already.
    """
    mode = mode or bank.sandbox.behaviour.take("payment")
    try:
        if mode == "rejected":
            raise Unacceptable("MS03")
        check(bank, order, now_ms)
    except Unacceptable as refused:
        return _keep(bank, order, now_ms, mode, status="rejected", reason=refused.code, detail=refused.detail)
    transfer = _keep(bank, order, now_ms, mode, status="accepted", reason="", detail="")
    return _accept(bank, transfer, order.execute_on, now_ms)


def receive(bank: Bank, order: Order, now_ms: int) -> Transfer:
    """Remember an order that will be looked at in a moment, as part of a long message."""
    mode = bank.sandbox.behaviour.take("payment")
    if order.execute_on is not None and order.execute_on < business_date(from_ms(now_ms)):
        return _keep(bank, order, now_ms, mode, status="rejected", reason="DT01", detail=REASONS["DT01"])
    transfer = _keep(bank, order, now_ms, mode, status="received", reason="", detail="")
    _plan(bank, transfer, "received", "accept", to_ms(_earliest(order.execute_on, now_ms)))
    return named(bank, transfer.id)


def work_on_what_is_due(bank: Bank, now_ms: int) -> bool:
    """Take the steps whose time has come, at most STEPS_AT_ONCE; whether any may be left."""
    steps = 0
    while (
        row := bank.books.row(
            f"SELECT {COLUMNS} FROM transfers WHERE next_step IS NOT NULL AND next_at <= ?"
            " ORDER BY next_at, id LIMIT 1",
            now_ms,
        )
    ) is not None:
        if steps == STEPS_AT_ONCE:
            return True
        steps += 1
        transfer = Transfer(*row)
        with bank.books.atomically():
            _step(bank, transfer)
    return False


def end(bank: Bank, transfer: Transfer, status: str, reason: str, now_ms: int) -> Transfer:
    """The sandbox's hand: settle or reject what was left accepted, return what was paid.

    Raises: ValueError when the transfer is not in a state for it.
    """
    expected = "settled" if status == "returned" else "accepted"
    if transfer.status != expected:
        raise ValueError(f"the transfer is {transfer.status}, not {expected}")
    with bank.books.atomically():
        if status == "settled":
            _settle(bank, transfer, now_ms)
        elif status == "rejected":
            _reject(bank, transfer, reason or "AC01")
        elif can_give_back(bank, transfer):
            give_back(bank, transfer, "return", now_ms, reason or "AC01")
        else:
            raise ValueError("the payee has spent the money")
    return named(bank, transfer.id)


def cancel(bank: Bank, transfer: Transfer, now_ms: int) -> Transfer:
    """Undo a payout as if it had not been: release what is reserved, or give back what was paid.

    Only inside ``atomically``. One that was rejected, returned or reversed stays as it is.

    Raises: Unacceptable AM04 when the payee has spent it.
    """
    if transfer.status == "accepted":
        reserve(bank.books, transfer.debit_account, -transfer.amount)
        _plan(bank, transfer, "reversed", None, None)
    elif transfer.status == "settled":
        if not can_give_back(bank, transfer):
            raise Unacceptable("AM04", "收款方余额不足")
        give_back(bank, transfer, "reversal", now_ms, "")
    return named(bank, transfer.id)


def can_give_back(bank: Bank, transfer: Transfer) -> bool:
    """Whether the money is still where it was paid to; it always is at another bank."""
    if not is_ours(bank, transfer):
        return True
    payee = account_named(bank.books, bank.profile, transfer.creditor_account)
    assert payee is not None, "it was paid to"
    holder = account_named(bank.books, bank.profile, payee.parent) if payee.parent else payee
    assert holder is not None, "a virtual account has a parent"
    return min(payee.available, holder.available) >= transfer.amount


def give_back(bank: Bank, transfer: Transfer, kind: str, now_ms: int, reason: str) -> None:
    """Book a paid amount back to where it came from: ``return`` by the other bank, ``reversal`` by the payer."""
    debit = transfer.creditor_account if is_ours(bank, transfer) else settlement(transfer.currency)
    entry_id = move(
        bank.books,
        Movement(
            kind=kind,
            debit=debit,
            credit=transfer.debit_account,
            payer=_payee(bank, transfer),
            payee=_payer(bank, transfer),
            amount=transfer.amount,
            memo=f"退汇：{transfer.memo}" if kind == "return" else f"冲正：{transfer.memo}",
            reference=f"{transfer.reference}R",
            transfer_id=transfer.id,
            reason=reason,
        ),
        now_ms,
    )
    status = "returned" if kind == "return" else "reversed"
    bank.books.write(
        "UPDATE transfers SET reason = ?, detail = ? WHERE id = ?",
        reason,
        REASONS.get(reason, ""),
        transfer.id,
    )
    _plan(bank, transfer, status, None, None)
    if kind == "return":
        notify(bank, entry_of(bank.books, entry_id), now_ms)


def _accept(bank: Bank, transfer: Transfer, execute_on: date | None, now_ms: int) -> Transfer:
    reserve(bank.books, transfer.debit_account, transfer.amount)
    if transfer.mode == "processing":
        return transfer
    if transfer.mode == "rejected_later":
        due_at = now_ms + round(bank.sandbox.behaviour.seconds("reject_after_s") * 1000)
        _plan(bank, transfer, "accepted", "reject", due_at)
        return named(bank, transfer.id)
    pays_at = to_ms(bank.profile.hours.pays_at(transfer.amount, _earliest(execute_on, now_ms)))
    if pays_at > now_ms:
        _plan(bank, transfer, "accepted", "settle", pays_at)
    else:
        _settle(bank, transfer, now_ms)
    return named(bank, transfer.id)


def _step(bank: Bank, transfer: Transfer) -> None:
    assert transfer.next_at is not None, "only what has a time is due"
    due_at = transfer.next_at
    if transfer.next_step == "accept":
        order = msgspec.convert(
            {name: getattr(transfer, name) for name in Order.__struct_fields__ if name != "execute_on"}, Order
        )
        try:
            check(bank, order, due_at)
        except Unacceptable as refused:
            bank.books.write(
                "UPDATE transfers SET status = 'rejected', reason = ?, detail = ?, next_step = NULL WHERE id = ?",
                refused.code,
                refused.detail,
                transfer.id,
            )
            return
        _plan(bank, transfer, "accepted", None, None)
        _accept(bank, transfer, None, due_at)
    elif transfer.next_step == "settle":
        _settle(bank, transfer, due_at)
    elif transfer.next_step == "reject":
        _reject(bank, transfer, "AC01")
    elif can_give_back(bank, transfer):
        give_back(bank, transfer, "return", due_at, "AC01")
    else:
        _plan(bank, transfer, "settled", None, None)


def _settle(bank: Bank, transfer: Transfer, now_ms: int) -> None:
    ours = is_ours(bank, transfer)
    credit = settlement(transfer.currency)
    if ours:
        credit = transfer.creditor_account
        opened = account_named(bank.books, bank.profile, credit)
        assert opened is not None, "checked when it was accepted"
        if opened.kind == "virtual":
            keep_account(bank.books, opened)
    reserve(bank.books, transfer.debit_account, -transfer.amount)
    entry_id = move(
        bank.books,
        Movement(
            kind="payout",
            debit=transfer.debit_account,
            credit=credit,
            payer=_payer(bank, transfer),
            payee=_payee(bank, transfer),
            amount=transfer.amount,
            memo=transfer.memo,
            reference=transfer.reference,
            transfer_id=transfer.id,
        ),
        now_ms,
    )
    bank.books.write("UPDATE transfers SET settled_at = ? WHERE id = ?", now_ms, transfer.id)
    if transfer.mode == "returned":
        return_at = now_ms + round(bank.sandbox.behaviour.seconds("return_after_s") * 1000)
        _plan(bank, transfer, "settled", "return", return_at)
    else:
        _plan(bank, transfer, "settled", None, None)
    if ours:
        notify(bank, entry_of(bank.books, entry_id), now_ms)


def _reject(bank: Bank, transfer: Transfer, reason: str) -> None:
    reserve(bank.books, transfer.debit_account, -transfer.amount)
    bank.books.write(
        "UPDATE transfers SET reason = ?, detail = ? WHERE id = ?",
        reason,
        REASONS.get(reason, reason),
        transfer.id,
    )
    _plan(bank, transfer, "rejected", None, None)


def _plan(bank: Bank, transfer: Transfer, status: str, next_step: str | None, next_at: int | None) -> None:
    bank.books.write(
        "UPDATE transfers SET status = ?, next_step = ?, next_at = ? WHERE id = ?",
        status,
        next_step,
        next_at,
        transfer.id,
    )


def _keep(
    bank: Bank, order: Order, now_ms: int, mode: str, *, status: str, reason: str, detail: str
) -> Transfer:
    values = {name: getattr(order, name) for name in Order.__struct_fields__ if name != "execute_on"}
    values |= {"status": status, "reason": reason, "detail": detail, "mode": mode, "created_at": now_ms}
    values["reference"] = f"{beijing(now_ms, '%Y%m%d')}{bank.books.series}{secrets.randbelow(10**10):010d}"
    names = ", ".join(values)
    marks = ", ".join("?" * len(values))
    return named(
        bank, bank.books.write(f"INSERT INTO transfers ({names}) VALUES ({marks})", *values.values())
    )


def _earliest(execute_on: date | None, now_ms: int) -> datetime:
    now = from_ms(now_ms)
    return now if execute_on is None else max(now, start_of(execute_on))


def _payer(bank: Bank, transfer: Transfer) -> Party:
    account = account_named(bank.books, bank.profile, transfer.debit_account)
    assert account is not None, "checked when it was accepted"
    return Party(account.number, account.name, bank.profile.bank.clearing_number)


def _payee(bank: Bank, transfer: Transfer) -> Party:
    its_bank = transfer.creditor_bank or (
        bank.profile.bank.clearing_number if is_ours(bank, transfer) else ""
    )
    return Party(transfer.creditor_account, transfer.creditor_name, its_bank)
