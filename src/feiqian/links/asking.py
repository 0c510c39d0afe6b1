"""Asking somebody else to pay (找人代付): a second address of a payment."""

from datetime import datetime
from uuid import UUID

from feiqian.infra.database import Transaction
from feiqian.kernel.errors import InvalidRequest, NotFound
from feiqian.kernel.ids import new_id, show_id
from feiqian.links import store
from feiqian.links.model import Ask, AskTooLate, TooManyAsks
from feiqian.payments import Payment, PaymentState

ASKS_MAX = 20
"""Of one payment."""
ASKER_LENGTH_MAX = 20
MESSAGE_LENGTH_MAX = 100
_OPEN = (PaymentState.REQUIRES_METHOD, PaymentState.CREATED, PaymentState.AWAITING_PAYMENT)


async def ask_to_pay(tx: Transaction, *, now: datetime, payment: Payment, asker: str, message: str) -> Ask:
    """Raises: InvalidRequest, AskTooLate, TooManyAsks."""
    asker, message = asker.strip(), message.strip()
    for field, text, least, most in (
        ("asker", asker, 1, ASKER_LENGTH_MAX),
        ("message", message, 0, MESSAGE_LENGTH_MAX),
    ):
        if not least <= len(text) <= most or not text.isprintable():
            raise InvalidRequest(field=field, reason=f"must be {least} to {most} printable characters")
    if payment.state not in _OPEN or payment.expires_at <= now:
        raise AskTooLate(state=payment.state.value)
    if await store.count_asks(tx, payment.id) >= ASKS_MAX:
        raise TooManyAsks(count=ASKS_MAX)
    ask = Ask(id=new_id(now), payment=payment.id, asker=asker, message=message, created_at=now, attempt=None)
    await store.insert_ask(tx, ask)
    return ask


async def require_ask(tx: Transaction, id: UUID) -> Ask:
    """Raises: NotFound."""
    ask = await store.read_ask(tx, id)
    if ask is None:
        raise NotFound(what="request to pay", name=show_id("ask", id))
    return ask


async def record_helper(tx: Transaction, *, ask: Ask, attempt: int) -> None:
    """Whoever was asked chose this attempt: if it is the one that is paid, they are who paid."""
    await store.set_helper(tx, ask.id, attempt)


async def is_helped(tx: Transaction, payment: Payment) -> bool:
    """Whether the attempt that counts was chosen by somebody who was asked."""
    return payment.current is not None and await store.is_helped(tx, payment.id, payment.current.position)
