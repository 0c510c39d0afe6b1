"""Alipay's open API, domestic: the merchant's side of the wire, with bare keys or with certificates."""

from feiqian.channels.alipay.client import Alipay
from feiqian.channels.alipay.config import (
    AlipayConfig,
    alipay_config_from_sandbox,
    alipay_config_from_texts,
)

__all__ = ["Alipay", "AlipayConfig", "alipay_config_from_sandbox", "alipay_config_from_texts"]
