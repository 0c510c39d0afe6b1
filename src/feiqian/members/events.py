"""Facts that members tell the floors above, inside the transaction that made them true."""

from datetime import datetime
from uuid import UUID

import msgspec


class WebhookSet(msgspec.Struct, frozen=True, kw_only=True):
    """The operator has said where a platform is told of events, and under which secret."""

    platform: UUID
    url: str
    secret: str
    at: datetime
