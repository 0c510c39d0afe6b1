"""UnionPay's online gateway 5.1.0 (B2C, B2B, pre-authorisation, payouts, settlement files): the merchant's side of the wire."""

from feiqian.channels.unionpay.client import UnionPay
from feiqian.channels.unionpay.config import UnionPayConfig, unionpay_config_from_sandbox

__all__ = ["UnionPay", "UnionPayConfig", "unionpay_config_from_sandbox"]
