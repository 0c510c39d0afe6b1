"""What the application gives to every handler, as parameter types."""

from typing import TypeAlias

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from feiqian.infra.database import Database
from feiqian.infra.invariants import StandingInvariants
from feiqian.infra.settings import Settings
from feiqian.kernel.clock import Clock
from feiqian.payments import Gateway

GivenDatabase: TypeAlias = NamedDependency[SkipValidation[Database]]
"""``database``: the pool."""
GivenClock: TypeAlias = NamedDependency[SkipValidation[Clock]]
"""``clock``: where now comes from."""
GivenSettings: TypeAlias = NamedDependency[SkipValidation[Settings]]
"""``settings``: the address and the currency of the books."""
GivenGateway: TypeAlias = NamedDependency[SkipValidation[Gateway]]
"""``gateway``: payments and their channels."""
GivenStanding: TypeAlias = NamedDependency[SkipValidation[StandingInvariants]]
"""``standing``: the last check of all invariants."""
GivenSandbox: TypeAlias = NamedDependency[str | None]
"""``sandbox_url``: where the simulated channel answers; None outside the sandbox. Handlers give it no default:
without a provider a parameter that has one would be read from the query, and so from whoever wrote the link."""
