"""From what partners send to what the ledger answers: names looked up, chains kept whole, outcomes in order."""

from collections.abc import Iterator, Sequence
from uuid import UUID

import msgspec

from feiqian.kernel.errors import InvalidRequest, Refusal
from feiqian.ledger import LinkedFailed, NewTransaction, Outcome, Poster, Result
from feiqian.members import Caller
from feiqian.openapi.ledger.given import NewBatchPosting, NewPosting, books_of, read_transaction_id
from feiqian.openapi.ledger.postings import as_transaction


class OutcomeView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one transaction of a batch."""

    id: str
    """As you sent it."""
    outcome: str
    """posted; exists: it was posted before; refused: nothing moved."""
    code: str | None = None
    """Of a refusal."""
    detail: str | None = None
    """What happened and what to do, in your language."""
    retryable: bool | None = None
    """Of a refusal: whether it may succeed later under a new id."""
    field: str | None = None
    """What is malformed, or differs from what was sent before under this id."""


async def read_postings(
    asked: Sequence[NewPosting], *, caller: Caller, poster: Poster
) -> list[NewTransaction | Refusal]:
    """Each request as a transaction, or why it is none. Names are looked up once for all of them.

    What lies outside the caller's own books is unknown here, so nobody learns of another's accounts and holds.
    """
    books, now = books_of(caller), poster.clock.now()
    accounts = await poster.accounts(
        {name for each in asked for leg in each.legs for name in (leg.debit, leg.credit)}
    )
    wanted = {id for each in asked if each.hold is not None and (id := _hold_id(each.hold)) is not None}
    found = await poster.debited_by_holds(wanted) if wanted else {}
    holds = {id: found[id] for id in wanted if id in found}
    read: list[NewTransaction | Refusal] = []
    for each in asked:
        try:
            transaction = as_transaction(each, books=books, accounts=accounts, holds=holds, now=now)
        except Refusal as refusal:
            read.append(refusal)
            continue
        read.append(transaction)
        if transaction.id in wanted and each.action == "hold" and transaction.legs:
            # A capture further down may be about a hold of this very batch.
            holds.setdefault(transaction.id, transaction.legs[0].debit)
    return read


async def post_read(
    asked: Sequence[NewBatchPosting], read: Sequence[NewTransaction | Refusal], poster: Poster
) -> list[Result | Refusal]:
    """Post what could be read; of a chain with a member that could not be read, nothing."""
    failed: dict[int, Refusal] = {}
    for places in _chains(asked):
        if any(isinstance(read[place], Refusal) for place in places):
            for place in places:
                each = read[place]
                failed[place] = each if isinstance(each, Refusal) else LinkedFailed()
    results = iter(
        await poster.post_batch(
            [each for place, each in enumerate(read) if place not in failed and not isinstance(each, Refusal)]
        )
    )
    return [failed[place] if place in failed else next(results) for place in range(len(read))]


def _chains(asked: Sequence[NewBatchPosting]) -> Iterator[range]:
    """The places of each chain; whoever is not linked is a chain of one."""
    first = 0
    for place, each in enumerate(asked):
        if not each.linked:
            yield range(first, place + 1)
            first = place + 1
    if first < len(asked):
        yield range(first, len(asked))


def _hold_id(name: str) -> UUID | None:
    try:
        return read_transaction_id(name, field="hold")
    except InvalidRequest:
        return None


def show_outcome(asked: NewPosting, answer: Result | Refusal, language: str) -> OutcomeView:
    """One line of a batch's answer."""
    refusal = answer if isinstance(answer, Refusal) else answer.refusal
    if refusal is None:
        assert isinstance(answer, Result)
        return OutcomeView(id=asked.id, outcome=answer.outcome.value)
    field = refusal.facts.get("field")
    return OutcomeView(
        id=asked.id,
        outcome=Outcome.REFUSED.value,
        code=refusal.code,
        detail=refusal.sentence(language),
        retryable=refusal.retryable,
        field=None if field is None else str(field),
    )
