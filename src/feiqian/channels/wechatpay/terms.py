"""What WeChat Pay allows.

Source: the official API pages and the merchant platform's help on limits.
"""

from datetime import time, timedelta

from feiqian.channels.model import ChannelKind, ChannelTerms, MethodTerms, PaymentMethod, RefundTerms

AMOUNT_MAX = 10_000_000_000
"""One hundred million yuan in fen: the most that an order may say; a merchant's own limits are lower."""

TERMS = ChannelTerms(
    kind=ChannelKind.WECHATPAY,
    methods={
        PaymentMethod.WECHATPAY_NATIVE: MethodTerms(amount_max=AMOUNT_MAX, lifetime_max=timedelta(days=7)),
    },
    refunds=RefundTerms(within=timedelta(days=365), count_max=50),
    bill_ready_at=time(10),
)
