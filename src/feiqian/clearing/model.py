"""Values of the clearing domain."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from feiqian.kernel.errors import Refusal


class ClosedDay(msgspec.Struct, frozen=True, kw_only=True):
    """A row of clearing.day; ``amount`` in minor units."""

    trade_date: date
    currency: str
    merchants: int
    amount: int
    closed_at: datetime


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """A row of clearing.settlement; ``amount`` below zero takes available money back for refunds."""

    id: UUID
    trade_date: date
    currency: str
    merchant: UUID
    amount: int
    settled_on: date


class DayNotOver(Refusal):
    """A day is settled after its end only."""

    code = "day_not_over"
    english = "{day} is not over yet; close it after midnight (Asia/Shanghai)."
    chinese = "{day} 尚未结束，请在次日零点（北京时间）之后日切。"
    retryable = True


class DayOutOfOrder(Refusal):
    """Days are closed one after the other."""

    code = "day_out_of_order"
    english = "{last} is closed already, so {day} cannot be closed after it."
    chinese = "{last} 已日切，不能再补切更早的 {day}。"
