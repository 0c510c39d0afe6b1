"""Days: the business day's steps in their order, over the domains that each do one of them.

Owns no state: every step is done once by its own domain. close: interest of the day, then settlement, which repays
loans. reconcile: the channel's bill against our books. vouchers: the day's facts for the accountants.
"""

from feiqian.days.steps import ChannelReconciled, DayBeforeTrade, DayClosed, DayReconciled, Days, DayVouchered

__all__ = ["ChannelReconciled", "DayBeforeTrade", "DayClosed", "DayReconciled", "DayVouchered", "Days"]
