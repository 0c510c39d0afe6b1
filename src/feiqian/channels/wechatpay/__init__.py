"""WeChat Pay API v3, Native (the buyer scans a QR code): the merchant's side of the wire."""

from feiqian.channels.wechatpay.client import WechatPay
from feiqian.channels.wechatpay.config import WechatPayConfig, config_from_sandbox

__all__ = ["WechatPay", "WechatPayConfig", "config_from_sandbox"]
