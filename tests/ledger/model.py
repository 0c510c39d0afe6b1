"""The ledger as a finance person would keep it on paper: a journal, and every figure summed from it anew.

Written from the guide of refusals alone and as plainly as possible; it shares no decision with the code it judges.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from feiqian.ledger import AccountRef, Action, Leg, NewTransaction

MOST = 2**63 - 1


@dataclass
class Terms:
    """What is agreed about an account."""

    sign: int
    overdraft: int | None
    no_debits: bool = False
    no_credits: bool = False
    is_closed: bool = False


@dataclass(frozen=True)
class Line:
    """A line of the journal."""

    asked: NewTransaction
    leg: Leg
    """For a capture, release or expiry: the hold's accounts with the amount of this act."""

    @property
    def moves(self) -> bool:
        return self.asked.action in (Action.POST, Action.CAPTURE)

    def held(self) -> int:
        if self.asked.action is Action.POST:
            return 0
        return self.leg.amount if self.asked.action is Action.HOLD else -self.leg.amount


@dataclass
class Paper:
    """Everything that was accepted, in order, and what was refused for good."""

    terms: dict[AccountRef, Terms]
    journal: list[Line] = field(default_factory=list[Line])
    refused: dict[UUID, tuple[NewTransaction, str]] = field(
        default_factory=dict[UUID, tuple[NewTransaction, str]]
    )

    def post(self, batch: list[NewTransaction], now: datetime) -> list[str]:
        """What becomes of each: "posted", "exists", or the reason."""
        words: list[str] = []
        first: dict[UUID, int] = {}
        copies: dict[int, int] = {}
        for chain in _chains(batch):
            mark, start = len(self.journal), len(words)
            has_failed = False
            for asked in chain:
                place = len(words)
                is_open = asked.linked and place == len(batch) - 1
                word = _malformed(asked) or ("chain_open" if is_open else None)
                if word is None and asked.id in first:
                    earlier = first[asked.id]
                    if _is_same_request(asked, batch[earlier]):
                        copies[place] = earlier
                        word = words[earlier]
                    else:
                        word = "exists_with_different_content"
                word = word or self._recalled(asked)
                if word is None:
                    first[asked.id] = place
                    word = "linked_failed" if has_failed else self._judged(asked, now)
                words.append(word)
                if word not in ("posted", "exists") and not has_failed:
                    has_failed = True
                    del self.journal[mark:]
                    for member in range(start, place):
                        words[member] = "linked_failed" if words[member] == "posted" else words[member]
        for copy, earlier in copies.items():
            words[copy] = "exists" if words[earlier] == "posted" else words[earlier]
        return words

    def expire(self, now: datetime) -> int:
        """Let go what is left of each hold whose time is over."""
        due = [
            (line.asked, left)
            for line in self.journal
            if line.asked.action is Action.HOLD
            and line.asked.expires_at is not None
            and line.asked.expires_at <= now
            and (left := self.left_of_hold(line.asked.id))
        ]
        for hold, left in due:
            by_time = NewTransaction(
                id=UUID(int=hold.id.int ^ 1), kind="hold_expiry", action=Action.EXPIRE, hold=hold.id,
                business_date=now.date(), effective_at=now,
            )  # fmt: skip
            leg = hold.legs[0]
            self.journal.append(Line(by_time, Leg(leg.debit, leg.credit, left)))
        return len(due)

    def counters(self, ref: AccountRef) -> tuple[int, int, int, int, int]:
        """(debits, credits, held debits, held credits, number of entries)."""
        debits = [line for line in self.journal if line.leg.debit == ref]
        credits = [line for line in self.journal if line.leg.credit == ref]
        return (
            sum(line.leg.amount for line in debits if line.moves),
            sum(line.leg.amount for line in credits if line.moves),
            sum(line.held() for line in debits),
            sum(line.held() for line in credits),
            len(debits) + len(credits),
        )

    def available(self, ref: AccountRef) -> int | None:
        terms = self.terms[ref]
        debits, credits, held_debits, held_credits, _ = self.counters(ref)
        if terms.overdraft is None:
            return None
        if terms.sign > 0:
            return debits - credits - held_credits + terms.overdraft
        return credits - debits - held_debits + terms.overdraft

    def left_of_hold(self, id: UUID) -> int:
        return sum(line.held() for line in self.journal if id in (line.asked.id, line.asked.hold))

    def posted(self, id: UUID | None) -> list[Line]:
        return [line for line in self.journal if line.asked.id == id]

    def _recalled(self, asked: NewTransaction) -> str | None:
        lines = self.posted(asked.id)
        if lines:
            return "exists" if _is_same(asked, lines) else "exists_with_different_content"
        if asked.id in self.refused:
            before, word = self.refused[asked.id]
            return word if _is_same_request(asked, before) else "exists_with_different_content"
        return None

    def _judged(self, asked: NewTransaction, now: datetime) -> str:
        legs = list(asked.legs)
        if asked.hold is not None:
            opened = [line for line in self.posted(asked.hold) if line.asked.action is Action.HOLD]
            if not opened:
                self.refused[asked.id] = (asked, "hold_unknown")
                return "hold_unknown"
            left = self.left_of_hold(asked.hold)
            of_hold = opened[0].leg
            legs = [Leg(of_hold.debit, of_hold.credit, left if asked.amount is None else asked.amount)]
        reasons = self._reasons(asked, legs, now)
        word = next(reasons, "posted")
        if word == "posted":
            self.journal += [Line(asked, leg) for leg in legs]
        else:
            self.refused[asked.id] = (asked, word)
        return word

    def _reasons(self, asked: NewTransaction, legs: list[Leg], now: datetime) -> Iterator[str]:
        """All that speaks against it, in the order in which it is said."""
        if asked.action is not Action.RELEASE:
            if any(self.terms[ref].is_closed for leg in legs for ref in (leg.debit, leg.credit)):
                yield "account_closed"
            if any(self.terms[leg.debit].no_debits or self.terms[leg.credit].no_credits for leg in legs):
                yield "account_frozen"
        if asked.hold is not None:
            expires_at = self.posted(asked.hold)[0].asked.expires_at
            is_late = expires_at is not None and expires_at <= now
            if self.left_of_hold(asked.hold) == 0 or (is_late and asked.action is Action.CAPTURE):
                yield "hold_ended"
            if legs[0].amount > self.left_of_hold(asked.hold):
                yield "hold_exceeded"
            return
        if asked.reverses is not None:
            yield from self._reasons_of_reversal(asked.reverses, legs)
        changes = {ref: self._change(ref, legs) for leg in legs for ref in (leg.debit, leg.credit)}
        for ref, (debited, credited) in changes.items():
            debits, credits, held_debits, held_credits, _ = self.counters(ref)
            if debits + held_debits + debited > MOST or credits + held_credits + credited > MOST:
                yield "counter_overflow"
        for ref, (debited, credited) in changes.items():
            available, change = self.available(ref), self.terms[ref].sign * (debited - credited)
            if available is not None and change < 0 and available + change < 0:
                yield "insufficient_funds"

    def _reasons_of_reversal(self, id: UUID, legs: list[Leg]) -> Iterator[str]:
        original = [line for line in self.posted(id) if line.moves]
        if not original:
            yield "reversed_unknown"
            return
        pairs = {(leg.debit, leg.credit) for leg in legs}
        mirrored = {(line.leg.credit, line.leg.debit) for line in original}
        if original[0].asked.reverses is not None or not pairs <= mirrored:
            yield "reversal_mismatch"
        taken = [line.leg for line in self.journal if line.asked.reverses == id] + legs
        for debit, credit in pairs & mirrored:
            moved = sum(
                line.leg.amount for line in original if (line.leg.credit, line.leg.debit) == (debit, credit)
            )
            if sum(leg.amount for leg in taken if (leg.debit, leg.credit) == (debit, credit)) > moved:
                yield "reversal_exceeded"

    @staticmethod
    def _change(ref: AccountRef, legs: list[Leg]) -> tuple[int, int]:
        return (
            sum(leg.amount for leg in legs if leg.debit == ref),
            sum(leg.amount for leg in legs if leg.credit == ref),
        )


def _malformed(asked: NewTransaction) -> str | None:
    amounts = [leg.amount for leg in asked.legs] + ([] if asked.amount is None else [asked.amount])
    if not all(0 < amount <= MOST for amount in amounts):
        return "amount_invalid"
    if any(leg.debit == leg.credit for leg in asked.legs):
        return "same_account"
    if any(leg.debit.currency != leg.credit.currency for leg in asked.legs):
        return "currency_mismatch"
    return None


def _content(asked: NewTransaction) -> tuple[Any, ...]:
    return (asked.action, asked.kind, asked.reference, asked.hold, asked.reverses, asked.metadata, asked.legs)


def _is_same_request(asked: NewTransaction, before: NewTransaction) -> bool:
    """Without an amount a capture or release asks for what is left, which may be whatever was asked before."""
    return _content(asked) == _content(before) and asked.amount in (None, before.amount)


def _is_same(asked: NewTransaction, lines: list[Line]) -> bool:
    """Compared with what was posted, where what was left has become an amount."""
    taken = None if asked.hold is None else lines[0].leg.amount
    return _content(asked) == _content(lines[0].asked) and asked.amount in (None, taken)


def _chains(batch: list[NewTransaction]) -> Iterator[list[NewTransaction]]:
    chain: list[NewTransaction] = []
    for asked in batch:
        chain.append(asked)
        if not asked.linked:
            yield chain
            chain = []
    if chain:
        yield chain
