"""Whether the books are sound: what the last check of every domain's standing invariants found, and the next one at will."""

from datetime import datetime

import msgspec
import structlog
from litestar import Response, get, post
from litestar.background_tasks import BackgroundTask
from litestar.status_codes import HTTP_202_ACCEPTED

from feiqian.console.given import GivenClock, GivenStanding
from feiqian.infra.invariants import InvariantReport, StandingInvariants

log = structlog.get_logger(__name__)


@get("/invariants")
async def invariants(standing: GivenStanding) -> InvariantReport:
    """What must always hold, and the first rows that break it."""
    return await standing.latest()


@post("/invariants", status_code=HTTP_202_ACCEPTED)
async def check_invariants(standing: GivenStanding, clock: GivenClock) -> Response[InvariantReport]:
    """Begin a check, unless one is under way, and answer with the last one; the new one takes its place when it is done."""
    report = msgspec.structs.replace(await standing.latest(), running=True)
    check = BackgroundTask(_check, standing, clock.now())
    return Response(report, status_code=HTTP_202_ACCEPTED, background=check)


async def _check(standing: StandingInvariants, now: datetime) -> None:
    try:
        await standing.check(now)
    except Exception:
        # The answer is out: nobody else would hear of it.
        log.exception("invariant_round_failed")
