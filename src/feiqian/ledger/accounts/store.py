"""SQL of what changes an account, a subject or a group."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from feiqian.infra.database import Transaction
from feiqian.kernel.ids import new_id
from feiqian.ledger.accounts.model import AccountChange, ChangeKind, OwnSubject
from feiqian.ledger.model import AccountRef, Frozen

_SUBJECT = "SELECT code, sign, overdraft, chinese, english, created_at FROM ledger.subject"

CHANGE = "SELECT id, changed_at, what, before, after, reason, changed_by FROM ledger.account_change"


async def insert_account(
    tx: Transaction, *, ref: AccountRef, sign: int, overdraft: int | None, now: datetime
) -> bool:
    """Open it; False when it is there already."""
    return bool(
        await tx.execute(
            "INSERT INTO ledger.account"
            " (cell, id, sign, overdraft, book, code, owner, currency, booked_at, opened_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (tx.cell, ref.id, sign, overdraft, ref.book, str(ref.code), ref.owner, ref.currency, now, now),
        )
    )


async def write_overdraft(tx: Transaction, *, account: UUID, overdraft: int | None) -> None:
    await tx.execute(
        "UPDATE ledger.account SET overdraft = %s WHERE cell = %s AND id = %s", (overdraft, tx.cell, account)
    )


async def write_frozen(tx: Transaction, *, account: UUID, frozen: Frozen) -> None:
    await tx.execute(
        "UPDATE ledger.account SET frozen = %s WHERE cell = %s AND id = %s", (int(frozen), tx.cell, account)
    )


async def write_closed(tx: Transaction, *, account: UUID, now: datetime) -> None:
    await tx.execute(
        "UPDATE ledger.account SET closed_at = %s WHERE cell = %s AND id = %s", (now, tx.cell, account)
    )


async def write_change(
    tx: Transaction,
    *,
    account: UUID,
    what: ChangeKind,
    before: int | None,
    after: int | None,
    reason: str,
    by: str,
    now: datetime,
) -> None:
    """Keep what was changed, by whom and why."""
    await tx.execute(
        "INSERT INTO ledger.account_change"
        " (cell, account, id, changed_at, what, before, after, reason, changed_by)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (tx.cell, account, new_id(now), now, what.value, before, after, reason, by),
    )


async def read_first_limit(tx: Transaction, account: UUID) -> AccountChange | None:
    """The oldest line about its overdraft limit."""
    return await tx.maybe(
        AccountChange,
        CHANGE
        + " WHERE cell = %s AND account = %s AND what IN ('opened', 'overdraft') ORDER BY changed_at, id LIMIT 1",
        (tx.cell, account),
    )


async def insert_subject(tx: Transaction, subject: OwnSubject) -> bool:
    """Define it; False when its code is taken."""
    return bool(
        await tx.execute(
            "INSERT INTO ledger.subject (cell, code, sign, overdraft, chinese, english, created_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (
                tx.cell,
                subject.code,
                subject.sign,
                subject.overdraft,
                subject.chinese,
                subject.english,
                subject.created_at,
            ),
        )
    )


async def read_subject(tx: Transaction, code: str) -> OwnSubject | None:
    return await tx.maybe(OwnSubject, _SUBJECT + " WHERE cell = %s AND code = %s", (tx.cell, code))


async def read_subjects(tx: Transaction) -> list[OwnSubject]:
    return await tx.all(OwnSubject, _SUBJECT + " WHERE cell = %s ORDER BY code", (tx.cell,))


async def insert_members(tx: Transaction, *, name: str, accounts: Sequence[UUID]) -> None:
    """Put accounts into a group, in the order of their ids so that two writers never wait crosswise."""
    await tx.execute(
        "INSERT INTO ledger.account_group (cell, name, account)"
        " SELECT %s, %s, m.account FROM unnest(%s::uuid[]) AS m (account) ON CONFLICT DO NOTHING",
        (tx.cell, name, sorted(accounts)),
    )


async def delete_members(tx: Transaction, *, name: str, accounts: Sequence[UUID]) -> None:
    await tx.execute(
        "DELETE FROM ledger.account_group WHERE cell = %s AND name = %s AND account = ANY(%s)",
        (tx.cell, name, list(accounts)),
    )
