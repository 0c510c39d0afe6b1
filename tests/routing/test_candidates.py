"""A connection with its contract, as routing looks at it."""

from datetime import timedelta
from decimal import Decimal

from feiqian.channels import ChannelKind, MethodTerms
from feiqian.connections import Audience, Cost, Offer
from feiqian.routing import Candidate, candidate_of

TERMS = MethodTerms(amount_max=5_000_000, lifetime_max=timedelta(hours=2))


def offer(amount_per_day: int | None) -> Offer:
    return Offer(
        code="alipay-2",
        kind=ChannelKind.ALIPAY,
        active=True,
        terms=TERMS,
        weight=30,
        priority=1,
        cost=Cost(rate=Decimal("0.006"), fixed=5),
        holds=False,
        splits=True,
        audience=Audience(platforms=("platform_1",), merchants=("shop-1", "shop-2")),
        amount_per_day=amount_per_day,
    )


class TestACandidate:
    def test_is_what_the_contract_says(self) -> None:
        assert candidate_of(offer(None)) == Candidate(
            code="alipay-2",
            active=True,
            terms=TERMS,
            weight=30,
            cost_rate=Decimal("0.006"),
            cost_fixed=5,
            splits=True,
            platforms=frozenset({"platform_1"}),
            merchants=frozenset({"shop-1", "shop-2"}),
        )

    def test_may_take_what_is_left_of_its_day(self) -> None:
        assert candidate_of(offer(1_000), taken_today=400).left_today == 600
        assert candidate_of(offer(1_000), taken_today=1_400).left_today == 0
