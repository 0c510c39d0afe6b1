"""What lending does: funders put money in, merchants draw, days accrue, merchants repay."""

from feiqian.lending.operations.accrual import accrue_day
from feiqian.lending.operations.drawing import draw, publish_product
from feiqian.lending.operations.funding import deposit, register_funder
from feiqian.lending.operations.repayment import repay, repay_from_settlement

__all__ = [
    "accrue_day",
    "deposit",
    "draw",
    "publish_product",
    "register_funder",
    "repay",
    "repay_from_settlement",
]
