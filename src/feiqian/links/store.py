"""The SQL of links."""

from uuid import UUID

import msgspec

from feiqian.infra.database import Jsonb, Transaction
from feiqian.links.model import Ask, Link, LinkKind, Use, UseState

_LINK = (
    "SELECT id, platform, kind, link_no, description, shop, amount, currency, lines, methods, uses_max, expires_at,"
    " created_at, closed_at FROM links.link"
)
_USE = "SELECT link, number, key, amount, state, created_at FROM links.use"


async def insert_link(tx: Transaction, link: Link) -> bool:
    """False when the number is taken."""
    row = {
        **msgspec.structs.asdict(link),
        "cell": tx.cell,
        "kind": link.kind.value,
        "lines": Jsonb(msgspec.to_builtins(link.lines)),
        "methods": [method.value for method in link.methods],
    }
    touched = await tx.execute(
        "INSERT INTO links.link (cell, id, platform, kind, link_no, description, shop, amount, currency, lines, methods,"
        " uses_max, expires_at, created_at) VALUES (%(cell)s, %(id)s, %(platform)s, %(kind)s, %(link_no)s,"
        " %(description)s, %(shop)s, %(amount)s, %(currency)s, %(lines)s, %(methods)s, %(uses_max)s, %(expires_at)s,"
        " %(created_at)s) ON CONFLICT DO NOTHING",
        row,
    )
    return touched == 1


async def find_by_no(tx: Transaction, platform: UUID, kind: LinkKind, link_no: str) -> Link | None:
    return await tx.maybe(
        Link,
        _LINK + " WHERE cell = %s AND platform = %s AND kind = %s AND link_no = %s",
        (tx.cell, platform, kind.value, link_no),
    )


async def read_link(tx: Transaction, id: UUID) -> Link | None:
    return await tx.maybe(Link, _LINK + " WHERE cell = %s AND id = %s", (tx.cell, id))


async def lock_link(tx: Transaction, id: UUID) -> None:
    """Whoever uses it next waits until this transaction ends."""
    await tx.execute("SELECT 1 FROM links.link WHERE cell = %s AND id = %s FOR UPDATE", (tx.cell, id))


async def set_closed(tx: Transaction, link: Link) -> None:
    await tx.execute(
        "UPDATE links.link SET closed_at = %s WHERE cell = %s AND id = %s AND closed_at IS NULL",
        (link.closed_at, tx.cell, link.id),
    )


async def use_by_key(tx: Transaction, link: UUID, key: str) -> Use | None:
    return await tx.maybe(Use, _USE + " WHERE cell = %s AND link = %s AND key = %s", (tx.cell, link, key))


async def open_uses(tx: Transaction, link: UUID) -> list[Use]:
    """Those whose payments may still be paid, as was seen last."""
    return await tx.all(
        Use, _USE + " WHERE cell = %s AND link = %s AND state = 'open' ORDER BY number", (tx.cell, link)
    )


async def count_paid(tx: Transaction, link: UUID) -> int:
    return await tx.one(
        int,
        "SELECT count(*) FROM links.use WHERE cell = %s AND link = %s AND state = 'paid'",
        (tx.cell, link),
    )


async def set_use(tx: Transaction, use: Use, state: UseState) -> None:
    await tx.execute(
        "UPDATE links.use SET state = %s WHERE cell = %s AND link = %s AND number = %s",
        (state.value, tx.cell, use.link, use.number),
    )


async def last_number(tx: Transaction, link: UUID) -> int:
    """Of its uses; 0 before the first."""
    return await tx.one(
        int, "SELECT coalesce(max(number), 0) FROM links.use WHERE cell = %s AND link = %s", (tx.cell, link)
    )


async def insert_use(tx: Transaction, use: Use) -> None:
    await tx.execute(
        "INSERT INTO links.use (cell, link, number, key, amount, state, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (tx.cell, use.link, use.number, use.key, use.amount, use.state.value, use.created_at),
    )


async def insert_ask(tx: Transaction, ask: Ask) -> None:
    await tx.execute(
        "INSERT INTO links.ask (cell, id, payment, asker, message, created_at) VALUES (%s, %s, %s, %s, %s, %s)",
        (tx.cell, ask.id, ask.payment, ask.asker, ask.message, ask.created_at),
    )


async def read_ask(tx: Transaction, id: UUID) -> Ask | None:
    return await tx.maybe(
        Ask,
        "SELECT id, payment, asker, message, created_at, attempt FROM links.ask WHERE cell = %s AND id = %s",
        (tx.cell, id),
    )


async def count_asks(tx: Transaction, payment: UUID) -> int:
    return await tx.one(
        int, "SELECT count(*) FROM links.ask WHERE cell = %s AND payment = %s", (tx.cell, payment)
    )


async def set_helper(tx: Transaction, id: UUID, attempt: int) -> None:
    await tx.execute("UPDATE links.ask SET attempt = %s WHERE cell = %s AND id = %s", (attempt, tx.cell, id))


async def is_helped(tx: Transaction, payment: UUID, attempt: int) -> bool:
    return await tx.one(
        bool,
        "SELECT EXISTS (SELECT 1 FROM links.ask WHERE cell = %s AND payment = %s AND attempt = %s)",
        (tx.cell, payment, attempt),
    )
