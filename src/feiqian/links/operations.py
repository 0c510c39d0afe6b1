"""What is done with links, each in the one transaction it is given."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from feiqian.infra.database import Transaction
from feiqian.kernel.errors import InvalidRequest, NotFound, ReplayAltered
from feiqian.kernel.ids import new_id
from feiqian.links import rules, store
from feiqian.links.model import Link, LinkBusy, LinkKind, LinkUsedUp, NewLink, Use, UseState
from feiqian.members import require_merchants
from feiqian.payments import PaymentState, find_by_order

KEY_LENGTH_MAX = 64
_UNPAID = (PaymentState.CLOSED, PaymentState.FAILED)


async def create_link(
    tx: Transaction, *, now: datetime, platform: UUID, kind: LinkKind, asked: NewLink
) -> Link:
    """The same number again returns the first.

    Raises: InvalidRequest, MerchantUnknown, ReplayAltered.
    """
    had = await store.find_by_no(tx, platform, kind, asked.link_no)
    if had is not None:
        rules.refuse_altered(asked, had)
        return had
    rules.check_new(asked, kind, now)
    nos = list(dict.fromkeys(line.merchant_no for line in asked.lines))
    await require_merchants(tx, platform=platform, merchant_nos=nos)
    link = Link(
        id=new_id(now),
        platform=platform,
        kind=kind,
        created_at=now,
        closed_at=None,
        **msgspec.structs.asdict(asked),
    )
    if not await store.insert_link(tx, link):
        return await create_link(tx, now=now, platform=platform, kind=kind, asked=asked)
    return link


async def require_link(
    tx: Transaction, id: UUID, *, platform: UUID | None = None, kind: LinkKind | None = None
) -> Link:
    """A link, of that platform and kind where they are given.

    Raises: NotFound.
    """
    link = await store.read_link(tx, id)
    if link is None or platform not in (None, link.platform) or kind not in (None, link.kind):
        raise NotFound(what="payment link", name=str(id))
    return link


async def close_link(tx: Transaction, *, now: datetime, link: Link) -> Link:
    """Nobody begins to pay under it any more; who has begun may end."""
    if link.closed_at is not None:
        return link
    closed = msgspec.structs.replace(link, closed_at=now)
    await store.set_closed(tx, closed)
    return closed


async def take_use(tx: Transaction, *, now: datetime, link: Link, key: str, typed: int | None) -> Use:
    """Begin to pay: ``payment_of`` says what. The same key again is the same use; and of a link for one payment, whoever
    comes while it may still be paid gets that payment.

    Raises: LinkClosed, LinkUsedUp, LinkBusy, AmountMissing, InvalidRequest, ReplayAltered.
    """
    if not 1 <= len(key) <= KEY_LENGTH_MAX or not key.isascii() or not key.isprintable():
        raise InvalidRequest(field="key", reason=f"must be 1 to {KEY_LENGTH_MAX} printable characters")
    amount = rules.amount_of(link, typed)
    await store.lock_link(tx, link.id)
    link = await require_link(tx, link.id)
    had = await store.use_by_key(tx, link.id, key)
    if had is not None:
        if had.amount != amount:
            raise ReplayAltered(key="key", field="amount")
        return had
    rules.refuse_closed(link, now)
    if link.uses_max is not None:
        paid, open_now = await _counted(tx, link, now)
        if paid >= link.uses_max:
            raise LinkUsedUp
        if paid + len(open_now) >= link.uses_max:
            if link.uses_max == 1 and open_now[0].amount == amount:
                return open_now[0]
            raise LinkBusy
    use = Use(
        link=link.id,
        number=await store.last_number(tx, link.id) + 1,
        key=key,
        amount=amount,
        state=UseState.OPEN,
        created_at=now,
    )
    await store.insert_use(tx, use)
    return use


async def _counted(tx: Transaction, link: Link, now: datetime) -> tuple[int, list[Use]]:
    """How many are paid, and those that may still be: what was seen last, brought up to now."""
    open_now: list[Use] = []
    for use in await store.open_uses(tx, link.id):
        payment = await find_by_order(tx, link.platform, rules.order_no_of(link, use.number))
        if payment is None:
            # Its process died before the payment was made, or is making it.
            over = use.created_at + timedelta(seconds=rules.PAY_WITHIN_S) <= now
            state = UseState.GIVEN_BACK if over else UseState.OPEN
        elif payment.state in _UNPAID:
            state = UseState.GIVEN_BACK
        else:
            paid = payment.state in (PaymentState.SUCCEEDED, PaymentState.CONFLICTED)
            state = UseState.PAID if paid else UseState.OPEN
        if state is UseState.OPEN:
            open_now.append(use)
        else:
            await store.set_use(tx, use, state)
    return await store.count_paid(tx, link.id), open_now
