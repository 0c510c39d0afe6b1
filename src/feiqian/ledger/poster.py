"""Posting for callers outside: single requests gather into batches, accounts are known by their outside ids."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from feiqian.infra.collapse import Collapser
from feiqian.infra.database import Database
from feiqian.kernel.clock import Clock
from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.ids import parse_id, show_id
from feiqian.ledger.model import Account, AccountRef, NewTransaction, Result
from feiqian.ledger.operations import post
from feiqian.ledger.store import read_accounts, read_holds

BATCH_COUNT_MAX = 8_000
"""Transactions that are posted together at most: in a call, or gathered from single calls."""
KNOWN_COUNT_MAX = 500_000
"""Names kept in memory; about 300 bytes each."""


class Poster:
    """Posts for callers that each bring their own database transaction; one is enough for a process.

    While a batch of single requests is being posted, those that arrive form the next one. Every caller gets the result
    of its own request; where the database went away, DatabaseUnavailable: whether it was posted is then unknown, and the
    same id may be sent again.
    """

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self.clock = clock
        self._collapser: Collapser[NewTransaction, Result] = Collapser(self._run, count_max=BATCH_COUNT_MAX)
        self._lookups: Collapser[list[UUID], list[Account]] = Collapser(self._look_up)
        self._batch_lane = asyncio.Lock()
        self._accounts: dict[str, AccountRef] = {}
        self._holds: dict[UUID, AccountRef] = {}

    async def post_one(self, transaction: NewTransaction) -> Result:
        """Post a request together with those of others. It must not be linked. Raises: DatabaseUnavailable."""
        return await self._collapser.submit(transaction)

    async def post_batch(self, transactions: Sequence[NewTransaction]) -> list[Result]:
        """Post a caller's own batch in one database transaction; a result for each, in order.

        Batches of this process take turns: two side by side were measured slower than one after the other.
        Raises: DatabaseUnavailable.
        """
        if not transactions:
            return []
        async with self._batch_lane:
            return await self._run(transactions)

    async def accounts(self, names: Iterable[str]) -> Mapping[str, AccountRef]:
        """Accounts by their outside ids (``account_…``), those asked for among others; what is no account is absent.

        An account's name never changes, so it is looked up once.
        """
        missing = [
            id for name in names if name not in self._accounts and (id := _account_id(name)) is not None
        ]
        if missing:
            found = await self._lookups.submit(missing)
            if len(self._accounts) + len(found) > KNOWN_COUNT_MAX:
                self._accounts = {name: self._accounts[name] for name in names if name in self._accounts}
            self._accounts.update({show_id("account", row.id): row.ref for row in found})
        return self._accounts

    async def debited_by_holds(self, holds: Iterable[UUID]) -> Mapping[UUID, AccountRef]:
        """The account that each hold debits, by the hold's id: it says in whose book the hold is."""
        missing = [hold for hold in holds if hold not in self._holds]
        if missing:
            async with self._database.reading() as tx:
                found = await read_holds(tx, missing)
            debited = await self.accounts([show_id("account", hold.debit) for hold in found])
            if len(self._holds) + len(found) > KNOWN_COUNT_MAX:
                self._holds = {hold: self._holds[hold] for hold in holds if hold in self._holds}
            self._holds.update({hold.id: debited[show_id("account", hold.debit)] for hold in found})
        return self._holds

    async def _look_up(self, wanted: list[list[UUID]]) -> list[list[Account]]:
        async with self._database.reading() as tx:
            found = {row.id: row for row in await read_accounts(tx, [id for ids in wanted for id in ids])}
        return [[found[id] for id in ids if id in found] for ids in wanted]

    async def _run(self, transactions: Sequence[NewTransaction]) -> list[Result]:
        now = self.clock.now()
        return await self._database.run(lambda tx: post(tx, now=now, transactions=transactions))


def _account_id(name: str) -> UUID | None:
    try:
        return parse_id("account", name)
    except InvalidRequest:
        return None
