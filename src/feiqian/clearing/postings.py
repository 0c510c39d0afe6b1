"""Settlement as ledger legs."""

from datetime import datetime

from feiqian.clearing.model import Settlement
from feiqian.kernel.calendar import business_date
from feiqian.ledger import PLATFORM_BOOK, AccountCode, AccountRef, Leg, NewTransaction


def settled(settlement: Settlement, *, now: datetime) -> NewTransaction:
    """Pending money becomes available; refunds beyond the day's trade take available money back."""
    owner, currency = str(settlement.merchant), settlement.currency
    pending = AccountRef(PLATFORM_BOOK, AccountCode.MERCHANT_PENDING, owner, currency)
    available = AccountRef(PLATFORM_BOOK, AccountCode.MERCHANT_AVAILABLE, owner, currency)
    forward = settlement.amount > 0
    leg = Leg(pending if forward else available, available if forward else pending, abs(settlement.amount))
    return NewTransaction(
        id=settlement.id,
        kind="settlement",
        legs=(leg,),
        business_date=business_date(now),
        effective_at=now,
        reference=f"settlement {settlement.trade_date.isoformat()}",
    )
