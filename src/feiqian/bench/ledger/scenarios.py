"""What the ledger is measured with: scenarios, and the trade that they make."""

import itertools
import os
import random
import struct
from collections.abc import Callable, Iterator
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from feiqian.bench.ledger import postings
from feiqian.ledger import AccountCode, AccountRef, NewTransaction

ACCOUNT_COUNT = 10_000
HOT_OTHERS = 100
AMOUNT = 100
CURRENCY = "CNY"
FUNDS = 10**12
"""Given to each account with a limit before the clock starts, so that few are refused."""


class Spread(StrEnum):
    """How a scenario chooses its accounts."""

    UNIFORM = "uniform"
    """Every account as likely as any other."""
    ZIPF = "zipf"
    """The k-th account with a weight of 1/k^2 (Zipf 2.0): a few take nearly everything."""
    HOT = "hot"
    """Every transaction debits the same one account, a channel's receivable, and credits one of a hundred."""
    HOT_WIDE = "hot-wide"
    """Every transaction debits the same one account and credits any of the ten thousand."""


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to measure."""

    name: str
    batch: int
    """Transactions in a batch."""
    spread: Spread = Spread.UNIFORM
    limited: bool = False
    """Whether the accounts may not be overdrawn, so that every debit is checked against what is there."""
    holds: bool = False
    """Whether every transaction is a hold, and later its capture."""
    described: bool = False
    """Whether transactions carry a reference and metadata, which are indexed."""


def scenarios(name_part: str = "") -> list[Scenario]:
    """Those whose name contains the text."""
    every = [
        *(Scenario(name=f"batch-{size}", batch=size) for size in (1, 100, 1_000, 4_000, 8_000)),
        Scenario(name="zipf-1000", batch=1_000, spread=Spread.ZIPF),
        Scenario(name="zipf-4000", batch=4_000, spread=Spread.ZIPF),
        Scenario(name="zipf-8000", batch=8_000, spread=Spread.ZIPF),
        Scenario(name="hot-4000", batch=4_000, spread=Spread.HOT),
        Scenario(name="hot-wide-4000", batch=4_000, spread=Spread.HOT_WIDE),
        Scenario(name="limited-4000", batch=4_000, limited=True),
        Scenario(name="limited-zipf-4000", batch=4_000, spread=Spread.ZIPF, limited=True),
        Scenario(name="holds-4000", batch=4_000, holds=True),
        Scenario(name="described-4000", batch=4_000, described=True),
    ]
    return [scenario for scenario in every if name_part in scenario.name]


def account(number: int, *, limited: bool) -> AccountRef:
    """The account of that number."""
    code = AccountCode.MERCHANT_AVAILABLE if limited else AccountCode.MERCHANT_PENDING
    return AccountRef("platform", code, f"bench-{number:06d}", CURRENCY)


def new_ids(now: datetime) -> Callable[[], UUID]:
    """UUIDv7 that rise with every call from a moment on, as a caller would make them."""
    counter = itertools.count(int(now.timestamp() * 1_000_000))
    pack = struct.Struct(">QQ").pack

    def make() -> UUID:
        tick = next(counter)
        head = ((tick // 1000) << 16) | 0x7000 | (tick % 1000)
        return UUID(bytes=pack(head, (2 << 62) | (random.getrandbits(62))))

    return make


def trade(scenario: Scenario, *, now: datetime, seed: int = 1) -> Iterator[list[NewTransaction]]:
    """Batches without end."""
    choose = random.Random(seed)
    accounts = [account(number, limited=scenario.limited) for number in range(ACCOUNT_COUNT)]
    weights = list(itertools.accumulate(1 / (k + 1) ** 2 for k in range(ACCOUNT_COUNT)))
    make_id = new_ids(now)
    run = os.urandom(3).hex()
    held: list[UUID] = []
    is_hot = scenario.spread in (Spread.HOT, Spread.HOT_WIDE)
    for batch_number in itertools.count():
        if scenario.holds and held:
            yield [postings.capture(make_id(), hold, now=now) for hold in held]
            held = []
            continue
        if scenario.spread is Spread.ZIPF:
            sides = choose.choices(accounts, cum_weights=weights, k=2 * scenario.batch)
        else:
            others = accounts[1 : HOT_OTHERS + 1] if scenario.spread is Spread.HOT else accounts
            sides = choose.choices(others, k=2 * scenario.batch)
        batch: list[NewTransaction] = []
        for number in range(scenario.batch):
            debit = accounts[0] if is_hot else sides[2 * number]
            credit = sides[2 * number + 1]
            if debit is credit:
                credit = accounts[1] if debit is accounts[0] else accounts[0]
            reference = f"order-{run}-{batch_number}-{number}" if scenario.described else ""
            metadata = {"channel": "bench", "order": number} if scenario.described else None
            if scenario.holds:
                batch.append(postings.hold(make_id(), debit, credit, AMOUNT, now=now))
            else:
                batch.append(
                    postings.payment(
                        make_id(), debit, credit, AMOUNT, now=now, reference=reference, metadata=metadata
                    )
                )
        if scenario.holds:
            held = [transaction.id for transaction in batch]
        yield batch
