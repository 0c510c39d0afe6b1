"""What a loader asks of the ledger: a function of the worker and the number of its batch, so that anybody can ask it again.

Every worker puts money in before it takes it out, so what is accepted never depends on what other workers do.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import msgspec

from feiqian.kernel.calendar import business_date
from feiqian.kernel.ids import derived_id
from feiqian.ledger import PLATFORM_BOOK, AccountCode, AccountRef, Action, Leg, NewTransaction
from tests.conftest import NOW

WORKERS = 3
MERCHANTS = 20
DEPOSIT, HELD, CAPTURED = 10_000, 5_000, 3_000


def account(code: AccountCode, owner: str) -> AccountRef:
    return AccountRef(PLATFORM_BOOK, code, owner, "CNY")


CHANNEL = account(AccountCode.CHANNEL_RECEIVABLE, "wechatpay")
BANK = account(AccountCode.BANK_CUSTODY, "bank")
FEE = account(AccountCode.PLATFORM_FEE, "platform")
POOR = account(AccountCode.MERCHANT_AVAILABLE, "nobody")
"""Has nothing, and gets nothing that it could keep."""


class Batch(msgspec.Struct, frozen=True, order=True):
    """One call of ``post``: the ``number``-th of a worker."""

    worker: int
    number: int

    def transactions(self) -> list[NewTransaction]:
        """Sales, a hold, captures, releases, reversals; and at the end what must be refused, three times."""
        dice = Random(f"{self.worker}/{self.number}")
        asked = [self._sale(place, dice) for place in range(dice.randint(1, 30))]
        asked.append(self._new("deposit", Leg(CHANNEL, self.purse, DEPOSIT)))
        asked.append(
            self._new(
                "hold", Leg(self.purse, BANK, HELD), action=Action.HOLD, expires_at=NOW + timedelta(days=999)
            )
        )
        if self.number >= 1:
            hold = self._id("hold", self.number - 1)
            asked.append(self._new("capture", action=Action.CAPTURE, hold=hold, amount=CAPTURED))
        if self.number >= 2:
            asked.append(self._new("release", action=Action.RELEASE, hold=self._id("hold", self.number - 2)))
        if self.number >= 3:
            before = Batch(self.worker, self.number - 3).transactions()[0]
            leg = before.legs[0]
            asked.append(self._new("reversal", Leg(leg.credit, leg.debit, 1), reverses=before.id))
        asked.append(self._new("chain", Leg(CHANNEL, POOR, 1), linked=True))
        asked.append(self._new("chain end", Leg(POOR, BANK, 2)))
        asked.append(self._new("overdrawn", Leg(POOR, BANK, 1)))
        return asked

    def expected(self) -> list[str]:
        """What becomes of each: ``posted``, or the code of its refusal."""
        refused = ["linked_failed", "insufficient_funds", "insufficient_funds"]
        return ["posted"] * (len(self.transactions()) - len(refused)) + refused

    @property
    def purse(self) -> AccountRef:
        """Where the worker's own money is."""
        return account(AccountCode.MERCHANT_AVAILABLE, f"worker {self.worker}")

    def _sale(self, place: int, dice: Random) -> NewTransaction:
        merchant = account(AccountCode.MERCHANT_PENDING, f"merchant {dice.randrange(MERCHANTS)}")
        legs = (Leg(CHANNEL, merchant, dice.randint(100, 1_000)), Leg(CHANNEL, FEE, dice.randint(1, 6)))
        return self._new(f"sale {place}", *legs)

    def _new(self, name: str, *legs: Leg, **more: Any) -> NewTransaction:
        fields: dict[str, Any] = {
            "id": self._id(name, self.number),
            "kind": name.split(maxsplit=1)[0],
            "legs": legs,
            "business_date": business_date(NOW),
            "effective_at": NOW,
            "reference": f"{self.worker}/{self.number}",
        }
        return NewTransaction(**{**fields, **more})

    def _id(self, name: str, number: int) -> UUID:
        return derived_id("fault", str(self.worker), str(number), name)


class Counters(msgspec.Struct):
    """What an account must show."""

    debits: int = 0
    credits: int = 0
    held_debits: int = 0
    held_credits: int = 0
    sequence: int = 0


def sums(batches: Iterable[Batch]) -> dict[UUID, Counters]:
    """The counters of every account that moved, once each batch has been taken once."""
    found: dict[UUID, Counters] = {}
    kinds: Counter[str] = Counter()
    for batch in batches:
        asked = batch.transactions()
        accepted = [t for t, outcome in zip(asked, batch.expected(), strict=True) if outcome == "posted"]
        for transaction in accepted:
            kinds[transaction.kind] += 1
            _move(found, batch, transaction)
    assert min(kinds[kind] for kind in ("sale", "hold", "capture", "release", "reversal")) > 0
    return found


def _move(found: dict[UUID, Counters], batch: Batch, transaction: NewTransaction) -> None:
    amounts = {Action.CAPTURE: (CAPTURED, -CAPTURED), Action.RELEASE: (0, CAPTURED - HELD)}
    legs = transaction.legs or (Leg(batch.purse, BANK, 0),)
    for leg in legs:
        posted, held = amounts.get(transaction.action, (leg.amount, 0))
        if transaction.action is Action.HOLD:
            posted, held = 0, leg.amount
        debit, credit = (found.setdefault(ref.id, Counters()) for ref in (leg.debit, leg.credit))
        debit.debits += posted
        debit.held_debits += held
        credit.credits += posted
        credit.held_credits += held
        debit.sequence += 1
        credit.sequence += 1
