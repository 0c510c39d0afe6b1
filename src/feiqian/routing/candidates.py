"""Connections as routing looks at them."""

from feiqian.connections import Offer
from feiqian.routing.model import Candidate


def candidate_of(offer: Offer, *, taken_today: int = 0) -> Candidate:
    """What may be chosen of a connection for one method; ``taken_today`` is what was paid over it today, minor units."""
    limit = offer.amount_per_day
    return Candidate(
        code=offer.code,
        active=offer.active,
        terms=offer.terms,
        weight=offer.weight,
        cost_rate=offer.cost.rate,
        cost_fixed=offer.cost.fixed,
        holds=offer.holds,
        splits=offer.splits,
        platforms=frozenset(offer.audience.platforms),
        merchants=frozenset(offer.audience.merchants),
        left_today=None if limit is None else max(limit - taken_today, 0),
    )
