"""Which transactions of a batch are posted, decided in order over the locked accounts. Pure.

``decide`` moves the books on as it accepts; what they are left with is what is written.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from feiqian.kernel.money import MINOR_DIGITS
from feiqian.ledger.model import Action, Hold, HoldState, Leg, NewTransaction, PostedTransaction
from feiqian.ledger.positions import Books, Position
from feiqian.ledger.refusals import (
    AccountClosed,
    AccountFrozen,
    AccountInvalid,
    AccountUnknown,
    ActionInvalid,
    CounterOverflow,
    HoldEnded,
    HoldExceeded,
    HoldUnknown,
    InsufficientFunds,
    LedgerRefusal,
    LinkedFailed,
    ReversalExceeded,
    ReversalMismatch,
    ReversedUnknown,
)
from feiqian.ledger.rules import ACCOUNT_NAME_LENGTH_MAX, COUNTER_MAX, is_account_name

Movement = tuple[Position, Position, int]
"""(debited, credited, amount)."""


def decide(
    transactions: Sequence[NewTransaction],
    books: Books,
    known: Mapping[int, LedgerRefusal | None],
    repeated: Mapping[int, int],
) -> list[LedgerRefusal | None]:
    """Accept or refuse each transaction in order; ``books`` moves as they are accepted.

    ``known`` has, by index, those that are not to be decided again: None when they were posted before, else the refusal.
    ``repeated`` has those that ask the same as an earlier one of this batch, whose outcome they share.
    Returns the refusal of each, or None.
    """
    reversed_ids = {t.reverses for t in transactions if t.reverses is not None}
    refusals: list[LedgerRefusal | None] = []
    chain_from: int | None = None
    chain_failed = False
    for index, transaction in enumerate(transactions):
        if transaction.linked and chain_from is None:
            chain_from, chain_failed = index, False
            books.begin_chain()
        if index in known:
            refusal = known[index]
        elif chain_failed:
            refusal = LinkedFailed()
        elif index in repeated:
            refusal = refusals[repeated[index]]
        elif chain_from is None and not reversed_ids and _post_plain(index, transaction, books):
            refusal = None
        else:
            refusal = _decide_one(index, transaction, books)
            if refusal is None and transaction.id in reversed_ids and _moves_money(transaction.action):
                books.add_original(_as_posted(index, transaction, books))
        refusals.append(refusal)
        if chain_from is None:
            continue
        if refusal is not None and not chain_failed:
            chain_failed = True
            books.undo_chain()
            for earlier in range(chain_from, index):
                refusals[earlier] = LinkedFailed() if earlier not in known else known[earlier]
        if not transaction.linked:
            chain_from, chain_failed = None, False
            books.end_chain()
    return refusals


def _post_plain(index: int, transaction: NewTransaction, books: Books) -> bool:
    """The common case in one pass: one leg, nothing unusual. False, and nothing has moved, for ``_decide_one`` to judge.

    Measured as half of the time that a batch is decided in; whatever might be refused is left to the general rules.
    """
    if transaction.action is not Action.POST or len(transaction.legs) != 1:
        return False
    leg = transaction.legs[0]
    debit, credit = books.positions.get(leg.debit.key), books.positions.get(leg.credit.key)
    if debit is None or credit is None or debit.frozen or credit.frozen or debit.closed or credit.closed:
        return False
    amount = leg.amount
    debits, credits = debit.debits + amount, credit.credits + amount
    if debits + debit.held_debits > COUNTER_MAX or credits + credit.held_credits > COUNTER_MAX:
        return False
    if debit.overdraft is not None and debit.sign < 0 and debit.available < amount:
        return False
    if credit.overdraft is not None and credit.sign > 0 and credit.available < amount:
        return False
    debit.debits = debits
    credit.credits = credits
    debit.sequence = debit_at = debit.sequence + 1
    credit.sequence = credit_at = credit.sequence + 1
    debit_after, credit_after = debit.sign * (debits - debit.credits), credit.sign * (credit.debits - credits)
    books.rows.append((index, 0, 0, debit, credit, amount, debit_at, credit_at, debit_after, credit_after))
    return True


def _decide_one(index: int, transaction: NewTransaction, books: Books) -> LedgerRefusal | None:
    action = transaction.action
    if action is Action.POST or action is Action.HOLD:
        legs: list[Movement] = []
        for leg in transaction.legs:
            debit, credit = books.positions.get(leg.debit.key), books.positions.get(leg.credit.key)
            if debit is None or credit is None:
                return _refuse_unopened(transaction.legs, books)
            legs.append((debit, credit, leg.amount))
        refusal = _refuse_barred(legs)
        if refusal is None and transaction.reverses is not None:
            refusal = _refuse_reversal(transaction.reverses, legs, books)
        refusal = refusal or _refuse_counters(legs)
        if refusal is not None:
            return refusal
        if transaction.reverses is not None:
            _take_back(transaction.reverses, legs, books)
        if action is Action.HOLD:
            books.add_hold(_new_hold(transaction, legs[0], books.now))
        for number, leg in enumerate(legs):
            _move(index, number, action, leg, books)
        return None
    return _resolve(index, transaction, books)


def _moves_money(action: Action) -> bool:
    return action is Action.POST or action is Action.CAPTURE


def _refuse_unopened(legs: Sequence[Leg], books: Books) -> LedgerRefusal:
    unopened = [ref for leg in legs for ref in (leg.debit, leg.credit) if ref.key not in books.positions]
    if not all(map(is_account_name, unopened)):
        return AccountInvalid(limit=ACCOUNT_NAME_LENGTH_MAX, currencies=", ".join(MINOR_DIGITS))
    return AccountUnknown(account=unopened[0].name)


def _refuse_barred(legs: Sequence[Movement]) -> LedgerRefusal | None:
    for debit, credit, _ in legs:
        if debit.closed or credit.closed:
            return AccountClosed(account=(debit if debit.closed else credit).ref.name)
    for debit, credit, _ in legs:
        if debit.frozen & 1:
            return AccountFrozen(account=debit.ref.name, side="debits")
        if credit.frozen & 2:
            return AccountFrozen(account=credit.ref.name, side="credits")
    return None


def _refuse_counters(legs: Sequence[Movement]) -> LedgerRefusal | None:
    """Overflow and overdraft, judged on what the transaction does to each account as a whole."""
    if len(legs) == 1:
        ((debit, credit, amount),) = legs
        return (
            _refuse_overflow(debit, amount, 0)
            or _refuse_overflow(credit, 0, amount)
            or _refuse_overdraft(debit, debit.sign * amount)
            or _refuse_overdraft(credit, -credit.sign * amount)
        )
    sums: dict[bytes, list[int]] = {}
    touched: dict[bytes, Position] = {}
    for debit, credit, amount in legs:
        touched[debit.key], touched[credit.key] = debit, credit
        sums.setdefault(debit.key, [0, 0])[0] += amount
        sums.setdefault(credit.key, [0, 0])[1] += amount
    for key, (debits, credits) in sums.items():
        refusal = _refuse_overflow(touched[key], debits, credits)
        if refusal is not None:
            return refusal
    for key, (debits, credits) in sums.items():
        refusal = _refuse_overdraft(touched[key], touched[key].sign * (debits - credits))
        if refusal is not None:
            return refusal
    return None


def _refuse_overflow(position: Position, debits: int, credits: int) -> LedgerRefusal | None:
    # What is held counts as if posted, so that a capture can never overflow.
    if (
        position.debits + position.held_debits + debits > COUNTER_MAX
        or position.credits + position.held_credits + credits > COUNTER_MAX
    ):
        return CounterOverflow(account=position.ref.name)
    return None


def _refuse_overdraft(position: Position, change: int) -> LedgerRefusal | None:
    if change >= 0 or position.overdraft is None or position.available + change >= 0:
        return None
    return InsufficientFunds(account=position.ref.name, available=position.available, needed=-change)


def _refuse_reversal(reversed: UUID, legs: Sequence[Movement], books: Books) -> LedgerRefusal | None:
    original = books.originals.get(reversed)
    if original is None:
        return ReversedUnknown(reversed=reversed)
    if original.is_reversal:
        return ReversalMismatch(reversed=reversed)
    asked: dict[tuple[bytes, bytes], int] = {}
    for debit, credit, amount in legs:
        pair = (debit.key, credit.key)
        if pair not in original.left:
            return ReversalMismatch(reversed=reversed)
        asked[pair] = asked.get(pair, 0) + amount
    for pair, amount in asked.items():
        if amount > original.left[pair]:
            return ReversalExceeded(reversed=reversed, left=original.left[pair], needed=amount)
    return None


def _take_back(reversed: UUID, legs: Sequence[Movement], books: Books) -> None:
    original = books.originals[reversed]
    books.touch(original)
    for debit, credit, amount in legs:
        original.left[(debit.key, credit.key)] -= amount


def _resolve(index: int, transaction: NewTransaction, books: Books) -> LedgerRefusal | None:
    """Capture, release or expire a hold."""
    action = transaction.action
    hold = books.holds.get(transaction.hold) if transaction.hold is not None else None
    if hold is None:
        return HoldUnknown(hold=transaction.hold)
    debit, credit = books.positions[hold.debit], books.positions[hold.credit]
    amount = hold.left if transaction.amount is None else transaction.amount
    is_over = hold.expires_at is not None and hold.expires_at <= books.now
    if action is Action.CAPTURE:
        refusal = _refuse_barred([(debit, credit, amount)])
        if refusal is not None:
            return refusal
    if action is Action.EXPIRE and not is_over:
        return ActionInvalid(action="expire", reason="is not due yet")
    if hold.left == 0:
        return HoldEnded(hold=hold.id, state=hold.state.value)
    if action is Action.CAPTURE and is_over:
        return HoldEnded(hold=hold.id, state=HoldState.EXPIRED.value)
    if amount > hold.left:
        return HoldExceeded(hold=hold.id, left=hold.left, needed=amount)
    books.touch(hold)
    if action is Action.CAPTURE:
        hold.captured += amount
    else:
        hold.released += amount
    hold.changed = True
    if hold.left == 0:
        hold.state = _ENDS[action]
    _move(index, 0, action, (debit, credit, amount), books)
    return None


_ENDS = {
    Action.CAPTURE: HoldState.CAPTURED,
    Action.RELEASE: HoldState.RELEASED,
    Action.EXPIRE: HoldState.EXPIRED,
}


def _move(index: int, number: int, action: Action, leg: Movement, books: Books) -> None:
    debit, credit, amount = leg
    books.touch(debit)
    books.touch(credit)
    if _moves_money(action):
        debit.debits += amount
        credit.credits += amount
    if action is Action.HOLD:
        debit.held_debits += amount
        credit.held_credits += amount
    elif action is not Action.POST:
        debit.held_debits -= amount
        credit.held_credits -= amount
    debit.sequence += 1
    credit.sequence += 1
    books.rows.append(
        (
            index,
            number,
            int(action),
            debit,
            credit,
            amount,
            debit.sequence,
            credit.sequence,
            debit.sign * (debit.debits - debit.credits),
            credit.sign * (credit.debits - credit.credits),
        )
    )


def _new_hold(transaction: NewTransaction, leg: Movement, now: datetime) -> Hold:
    debit, credit, amount = leg
    return Hold(
        id=transaction.id,
        debit=UUID(bytes=debit.key),
        credit=UUID(bytes=credit.key),
        amount=amount,
        captured=0,
        released=0,
        expires_at=transaction.expires_at,
        opened_at=now,
        state=HoldState.OPEN,
    )


def _as_posted(index: int, transaction: NewTransaction, books: Books) -> PostedTransaction:
    """A transaction of this very batch, for a reversal that follows it."""
    rows = [row for row in books.rows[-max(1, len(transaction.legs)) :] if row[0] == index]
    return PostedTransaction(
        id=transaction.id,
        kind=transaction.kind,
        action=transaction.action,
        business_date=transaction.business_date,
        effective_at=transaction.effective_at,
        booked_at=books.now,
        reference=transaction.reference,
        memo=transaction.memo,
        reverses=transaction.reverses,
        hold=transaction.hold,
        metadata=None,
        debits=tuple(UUID(bytes=row[3].key) for row in rows),
        credits=tuple(UUID(bytes=row[4].key) for row in rows),
        amounts=tuple(row[5] for row in rows),
    )
