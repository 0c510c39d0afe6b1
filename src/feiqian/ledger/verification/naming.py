"""Which row is at fault in a part of an account's history that does not add up. Pure."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from feiqian.ledger.model import Account
from feiqian.ledger.seals.model import MARK_BYTES, SealedLeg
from feiqian.ledger.verification.model import Fault, HashedLeg, Rule, State

Side = tuple[UUID, int]
"""An account and a place in its sequence."""


class Named(msgspec.Struct, frozen=True):
    """A fault, and the entries that it explains: those of both accounts of a leg."""

    fault: Fault
    sides: tuple[Side, ...]
    """Empty for what can only be said of the account as a whole."""
    leg: HashedLeg | None = None


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """What every fault of a part says of where it is."""

    id: UUID
    account: Account | None
    before: State
    after: State | None
    """None behind the account's newest entry."""
    sealed: bool

    @property
    def sign(self) -> int:
        return self.account.sign if self.account else 1

    def balance(self, state: State) -> int:
        return self.sign * (state.debits - state.credits)

    def fault(self, rule: Rule, what: str, *, field: str = "", sequence: int | None = None) -> Fault:
        return Fault(
            rule=rule,
            what=what,
            field=field,
            book=self.account.book if self.account else "",
            block=self.after.block if self.after else None,
            account=self.id,
            account_name=self.account.ref.name if self.account else "",
            sequence=sequence,
        )

    def leg_fault(self, leg: HashedLeg, rule: Rule, what: str, *, field: str = "") -> Named:
        fault = msgspec.structs.replace(
            self.fault(rule, what, field=field, sequence=leg.place),
            transaction=leg.transaction,
            number=leg.number,
            booked_at=leg.booked_at,
        )
        return Named(fault, ((leg.debit, leg.debit_sequence), (leg.credit, leg.credit_sequence)), leg)


def name_faults(place: Place, legs: Sequence[HashedLeg]) -> list[Named]:
    """What is wrong with a part: its rows where they can be named, else its counters or its seal."""
    if place.account is None:
        return [place.leg_fault(leg, Rule.LEGS, "posts to an account that does not exist") for leg in legs]
    if place.after is None:
        return [
            place.leg_fault(leg, Rule.BALANCES, "was put in behind the account's newest entry")
            for leg in legs
        ]
    if place.after.sequence <= place.before.sequence:
        return [place.leg_fault(leg, Rule.BALANCES, "was put in where history is archived") for leg in legs]
    return list(_rows(place, place.after, legs)) or list(_states(place, place.after, legs))


def _rows(place: Place, after: State, legs: Sequence[HashedLeg]) -> Iterator[Named]:
    sequence, balance, booked_at = place.before.sequence, place.balance(place.before), place.before.booked_at
    marks = _marks(place, after, legs)
    for index, leg in enumerate(legs):
        gap = leg.place != sequence + 1
        if gap:
            yield _missing(place, sequence + 1, leg.place - 1)
        field = what = ""
        if not gap and _balance(place, leg) != balance + _net(place, leg):
            following = legs[index + 1] if index + 1 < len(legs) else None
            field, what = _which(place, leg, balance, _balance_from_behind(place, after, following))
        elif _sign(place, leg) != place.sign:
            field, what = (
                f"{_side(place, leg)}_sign",
                f"is {_sign(place, leg)}, its account's is {place.sign}",
            )
        elif booked_at is not None and leg.booked_at < booked_at:
            field, what = "booked_at", f"{leg.booked_at} is before the entry before it, {booked_at}"
        if what:
            yield place.leg_fault(
                leg, Rule.LEGS if field.endswith("_sign") else Rule.BALANCES, what, field=field
            )
        elif marks.get(leg.place, leg.hash[:MARK_BYTES]) != leg.hash[:MARK_BYTES]:
            yield place.leg_fault(leg, Rule.SEALS, "its content differs from its seal")
        repaired = field == f"{_side(place, leg)}_balance"
        balance = balance + _net(place, leg) if repaired else _balance(place, leg)
        sequence = leg.place
        booked_at = _later(booked_at, leg.booked_at) if field != "booked_at" else booked_at
    if sequence < after.sequence:
        yield _missing(place, sequence + 1, after.sequence)


def _states(place: Place, after: State, legs: Sequence[HashedLeg]) -> Iterator[Named]:
    """No row could be named: the counters themselves, or the seal's row."""
    rule, what = (Rule.SEALS, "of the block's row") if place.sealed else (Rule.COUNTERS, "of the account")
    for field in ("debits", "credits", "held_debits", "held_credits"):
        expected = getattr(place.before, field) + sum(_moved(place, leg)[field] for leg in legs)
        found = getattr(after, field)
        if found != expected:
            sentence = f"{what} is {found}, its entries give {expected}"
            yield Named(place.fault(rule, sentence, field=field, sequence=after.sequence), ())
    if legs and after.booked_at != legs[-1].booked_at:
        sentence = f"{what} is {after.booked_at}, its newest entry's is {legs[-1].booked_at}"
        yield Named(place.fault(rule, sentence, field="booked_at", sequence=after.sequence), ())
    if place.sealed:
        hashes = [leg.hash for leg in legs if leg.debit == place.id]
        if after.digest != hashlib.sha256(b"".join(hashes)).digest():
            sentence = "of the block's row is not the hash of the legs it covers"
            yield Named(place.fault(rule, sentence, field="digest", sequence=after.sequence), ())
        if after.marks != b"".join(hash[:MARK_BYTES] for hash in hashes):
            sentence = "of the block's row are not those of the legs it covers"
            yield Named(place.fault(rule, sentence, field="marks", sequence=after.sequence), ())
        if after.first != place.before.sequence + 1:
            sentence = f"of the block's row is {after.first}, the seal before ends at {place.before.sequence}"
            yield Named(place.fault(rule, sentence, field="first", sequence=after.sequence), ())


def _which(place: Place, leg: HashedLeg, before: int, from_behind: int | None) -> tuple[str, str]:
    """Whether the amount or the balance was altered: what follows agrees with one of them."""
    amounts_to = before + _net(place, leg)
    if from_behind == amounts_to:
        return f"{_side(place, leg)}_balance", f"is {_balance(place, leg)}, must be {amounts_to}"
    moved = abs(_balance(place, leg) - before)
    return "amount", f"is {leg.amount}, the balances around it moved by {moved}"


def _balance_from_behind(place: Place, after: State, following: HashedLeg | None) -> int | None:
    """What the balance before the next entry was, by that entry; or what the counters that follow give."""
    if following is None:
        return place.balance(after)
    return _balance(place, following) - _net(place, following)


def _marks(place: Place, after: State, legs: Sequence[HashedLeg]) -> dict[int, bytes]:
    """The mark of each leg that debits the account, by its place. Where legs are missing, marks are told apart by
    looking from both ends."""
    if not place.sealed:
        return {}
    places = [leg for leg in legs if leg.debit == place.id]
    marks = [after.marks[at : at + MARK_BYTES] for at in range(0, len(after.marks), MARK_BYTES)]
    if len(marks) == len(places):
        return {leg.place: mark for leg, mark in zip(places, marks, strict=True)}
    known = set(marks)
    return {leg.place: leg.hash[:MARK_BYTES] if leg.hash[:MARK_BYTES] in known else b"" for leg in places}


def _missing(place: Place, first: int, last: int) -> Named:
    what = "is missing" if first == last else f"and those up to {last} are missing"
    sides = tuple((place.id, sequence) for sequence in range(first, min(last, first + 100_000) + 1))
    return Named(place.fault(Rule.BALANCES, what, sequence=first), sides)


def _side(place: Place, leg: SealedLeg) -> str:
    return "debit" if leg.debit == place.id else "credit"


def _balance(place: Place, leg: SealedLeg) -> int:
    return leg.debit_balance if leg.debit == place.id else leg.credit_balance


def _sign(place: Place, leg: SealedLeg) -> int:
    return leg.debit_sign if leg.debit == place.id else leg.credit_sign


def _net(place: Place, leg: SealedLeg) -> int:
    if leg.action not in (0, 2):
        return 0
    return place.sign * (leg.amount if leg.debit == place.id else -leg.amount)


def _moved(place: Place, leg: SealedLeg) -> dict[str, int]:
    side = "debits" if leg.debit == place.id else "credits"
    held = 0 if leg.action == 0 else leg.amount if leg.action == 1 else -leg.amount
    moved = {"debits": 0, "credits": 0, "held_debits": 0, "held_credits": 0}
    return moved | {side: leg.amount if leg.action in (0, 2) else 0, f"held_{side}": held}


def _later(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else max(one, other)
