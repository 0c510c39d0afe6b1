"""What the application gives to every handler, as parameter types."""

from typing import TypeAlias

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from feiqian.days import Days
from feiqian.infra.database import Database
from feiqian.infra.settings import Settings
from feiqian.kernel.clock import Clock
from feiqian.members import Caller
from feiqian.openapi.webhooks import Webhooks
from feiqian.payments import Gateway

GivenCaller: TypeAlias = NamedDependency[SkipValidation[Caller]]
"""``caller``: whose API key the request carries."""
GivenDatabase: TypeAlias = NamedDependency[SkipValidation[Database]]
"""``database``: the pool."""
GivenClock: TypeAlias = NamedDependency[SkipValidation[Clock]]
"""``clock``: where now comes from."""
GivenSettings: TypeAlias = NamedDependency[SkipValidation[Settings]]
"""``settings``: the address and the currency of the books."""
GivenGateway: TypeAlias = NamedDependency[SkipValidation[Gateway]]
"""``gateway``: payments and their channel."""
GivenDays: TypeAlias = NamedDependency[SkipValidation[Days]]
"""``day_steps``: the business day."""
GivenWebhooks: TypeAlias = NamedDependency[SkipValidation[Webhooks]]
"""``webhooks``: which addresses events may be sent to."""
