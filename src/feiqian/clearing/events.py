"""Facts that clearing tells the floors above."""

from datetime import date, datetime
from uuid import UUID

import msgspec


class MerchantSettled(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant's pending money became available; published inside the transaction that moved it."""

    settlement: UUID
    """The ledger transaction that moved it."""
    merchant: UUID
    currency: str
    amount: int
    """Minor units that became available, > 0."""
    trade_date: date
    """The day whose trade was settled."""
    settled_at: datetime
    """The moment of the close; its business date is the day after the trade."""
