"""The steps of a business day, for whoever runs its own schedule; the house's own does the same when they are due."""

from datetime import date

from litestar import Controller, post
from litestar.params import FromPath

from feiqian.days import DayClosed, DayReconciled, DayVouchered
from feiqian.members import Scope
from feiqian.openapi.access import needs
from feiqian.openapi.given import GivenCaller, GivenDays


class DayController(Controller):
    """Close, reconcile and voucher a day. Every step is done once; asking again gives the first answer."""

    path = "/v1/days"
    tags = ("days",)
    opt = needs(Scope.OPERATIONS)

    @post("/{day:date}/close", summary="Close a business day", status_code=200)
    async def close(self, day: FromPath[date], caller: GivenCaller, day_steps: GivenDays) -> DayClosed:
        """Interest of the day; its trade becomes available and repays loans. Days are closed in order."""
        return await day_steps.close(day)

    @post("/{day:date}/reconcile", summary="Reconcile a day with the channels' bills", status_code=200)
    async def reconcile(
        self, day: FromPath[date], caller: GivenCaller, day_steps: GivenDays
    ) -> DayReconciled:
        """From 10:00 of the day after. A bill that is missing or damaged leaves the day failed; ask again."""
        return await day_steps.reconcile(day)

    @post("/{day:date}/vouchers", summary="Write a day's vouchers", status_code=200)
    async def vouchers(self, day: FromPath[date], caller: GivenCaller, day_steps: GivenDays) -> DayVouchered:
        """Vouchers from the ledger's facts of the day, and whether the trial balance equals the ledger."""
        return await day_steps.vouchers(day)
