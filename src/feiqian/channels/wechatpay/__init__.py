"""WeChat Pay API v3: the merchant's side of the wire, for direct merchants and for service providers."""

from feiqian.channels.wechatpay.client import WechatPay
from feiqian.channels.wechatpay.config import WechatPayConfig, config_from_sandbox
from feiqian.channels.wechatpay.fundflow import FlowDirection, FlowLine, FundFlow
from feiqian.channels.wechatpay.refunding import BankCard
from feiqian.channels.wechatpay.transferring import TransferToConfirm

__all__ = [
    "BankCard",
    "FlowDirection",
    "FlowLine",
    "FundFlow",
    "TransferToConfirm",
    "WechatPay",
    "WechatPayConfig",
    "config_from_sandbox",
]
