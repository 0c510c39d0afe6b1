"""Clearing."""
from feiqian.clearing.events import MerchantSettled
__all__ = ["MerchantSettled"]
