"""Groups: named sets of accounts that are read together."""

from collections.abc import Sequence
from uuid import UUID

from feiqian.infra.database import Transaction
from feiqian.kernel.errors import NotFound
from feiqian.kernel.ids import show_id
from feiqian.ledger.accounts import store
from feiqian.ledger.accounts.given import NAME_LENGTH_MAX, check_text
from feiqian.ledger.store import read_accounts


async def add_to_group(tx: Transaction, *, name: str, accounts: Sequence[UUID]) -> None:
    """Put accounts into a group, which begins with its first; those already in it stay.

    Raises: InvalidRequest for the name, NotFound for the first account that is not open; nothing has changed then.
    """
    check_text(name, "name", NAME_LENGTH_MAX)
    known = {row.id for row in await read_accounts(tx, accounts)}
    for account in accounts:
        if account not in known:
            raise NotFound(what="account", name=show_id("account", account))
    await store.insert_members(tx, name=name, accounts=accounts)


async def remove_from_group(tx: Transaction, *, name: str, accounts: Sequence[UUID]) -> None:
    """Take accounts out of a group, which ends with its last; those not in it do not matter."""
    await store.delete_members(tx, name=name, accounts=accounts)
