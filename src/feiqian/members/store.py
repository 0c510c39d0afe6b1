"""SQL of the members domain."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from feiqian.infra.database import Transaction
from feiqian.members.model import Caller, Merchant, Platform, Role, Scope, Staff, StaffSecret

_MERCHANT = "SELECT id, platform, merchant_no, name, created_at FROM members.merchant"


async def insert_platform(tx: Transaction, *, id: UUID, name: str, now: datetime) -> bool:
    """False when it is known already."""
    return bool(
        await tx.execute(
            "INSERT INTO members.platform (cell, id, name, created_at) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (cell, id) DO NOTHING",
            (tx.cell, id, name, now),
        )
    )


async def read_platform(tx: Transaction, id: UUID) -> Platform | None:
    return await tx.maybe(
        Platform,
        "SELECT id, name FROM members.platform WHERE cell = %s AND id = %s",
        (tx.cell, id),
    )


async def insert_api_key(
    tx: Transaction, *, hash: bytes, platform: UUID, label: str, scopes: Sequence[Scope], now: datetime
) -> None:
    await tx.execute(
        "INSERT INTO members.api_key (cell, hash, platform, label, scopes, created_at)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (cell, hash) DO NOTHING",
        (tx.cell, hash, platform, label, [scope.value for scope in scopes], now),
    )


async def revoke_api_keys(tx: Transaction, *, platform: UUID, label: str, now: datetime) -> int:
    return await tx.execute(
        "UPDATE members.api_key SET revoked_at = %s"
        " WHERE cell = %s AND platform = %s AND label = %s AND revoked_at IS NULL",
        (now, tx.cell, platform, label),
    )


async def find_caller(tx: Transaction, hash: bytes) -> Caller | None:
    return await tx.maybe(
        Caller,
        "SELECT k.platform, p.name AS platform_name, k.scopes FROM members.api_key k"
        " JOIN members.platform p ON p.cell = k.cell AND p.id = k.platform"
        " WHERE k.cell = %s AND k.hash = %s AND k.revoked_at IS NULL",
        (tx.cell, hash),
    )


async def insert_merchant(
    tx: Transaction, *, id: UUID, platform: UUID, merchant_no: str, name: str, now: datetime
) -> bool:
    return bool(
        await tx.execute(
            "INSERT INTO members.merchant (cell, id, platform, merchant_no, name, created_at)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (cell, platform, merchant_no) DO NOTHING",
            (tx.cell, id, platform, merchant_no, name, now),
        )
    )


async def read_merchants_by_no(
    tx: Transaction, platform: UUID, merchant_nos: Sequence[str]
) -> list[Merchant]:
    return await tx.all(
        Merchant,
        _MERCHANT + " WHERE cell = %s AND platform = %s AND merchant_no = ANY(%s)",
        (tx.cell, platform, list(merchant_nos)),
    )


async def read_merchants(tx: Transaction, ids: Sequence[UUID]) -> list[Merchant]:
    return await tx.all(Merchant, _MERCHANT + " WHERE cell = %s AND id = ANY(%s)", (tx.cell, list(ids)))


async def search_merchants(
    tx: Transaction,
    *,
    text: str | None = None,
    merchant_no: str | None = None,
    after: tuple[str, UUID] | None = None,
    limit: int,
) -> list[Merchant]:
    """Merchants of all platforms by number, after (number, id): with a text in number or name, or of one number."""
    number, id = after or ("", UUID(int=0))
    return await tx.all(
        Merchant,
        _MERCHANT
        + " WHERE cell = %s AND (merchant_no, id) > (%s, %s) AND (%s::text IS NULL OR merchant_no = %s)"
        " AND (%s::text IS NULL OR merchant_no ILIKE '%%' || %s || '%%' OR name ILIKE '%%' || %s || '%%')"
        " ORDER BY merchant_no, id LIMIT %s",
        (tx.cell, number, id, merchant_no, merchant_no, text, text, text, limit),
    )


async def upsert_staff(
    tx: Transaction, *, id: UUID, email: str, name: str, role: Role, password_hash: str, now: datetime
) -> None:
    await tx.execute(
        "INSERT INTO members.staff (cell, id, email, name, role, password_hash, created_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (cell, email) DO UPDATE"
        " SET name = excluded.name, role = excluded.role, password_hash = excluded.password_hash,"
        " failures = 0, locked_until = NULL",
        (tx.cell, id, email, name, role.value, password_hash, now),
    )


async def lock_staff(tx: Transaction, email: str) -> StaffSecret | None:
    return await tx.maybe(
        StaffSecret,
        "SELECT id, email, name, role, password_hash, failures, locked_until FROM members.staff"
        " WHERE cell = %s AND email = %s FOR UPDATE",
        (tx.cell, email),
    )


async def set_failures(tx: Transaction, id: UUID, failures: int, locked_until: datetime | None) -> None:
    await tx.execute(
        "UPDATE members.staff SET failures = %s, locked_until = %s WHERE cell = %s AND id = %s",
        (failures, locked_until, tx.cell, id),
    )


async def insert_session(
    tx: Transaction, *, hash: bytes, staff: UUID, now: datetime, lasts: timedelta
) -> None:
    await tx.execute("DELETE FROM members.session WHERE cell = %s AND expires_at <= %s", (tx.cell, now))
    await tx.execute(
        "INSERT INTO members.session (cell, hash, staff, created_at, expires_at) VALUES (%s, %s, %s, %s, %s)",
        (tx.cell, hash, staff, now, now + lasts),
    )


async def find_session(tx: Transaction, hash: bytes, now: datetime) -> Staff | None:
    return await tx.maybe(
        Staff,
        "SELECT s.id, s.email, s.name, s.role FROM members.session e"
        " JOIN members.staff s ON s.cell = e.cell AND s.id = e.staff"
        " WHERE e.cell = %s AND e.hash = %s AND e.expires_at > %s",
        (tx.cell, hash, now),
    )


async def delete_session(tx: Transaction, hash: bytes) -> None:
    await tx.execute("DELETE FROM members.session WHERE cell = %s AND hash = %s", (tx.cell, hash))
