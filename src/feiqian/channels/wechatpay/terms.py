"""What WeChat Pay allows.

Source: the official pages of each method, the guides on order states (an order lives seven days at most, its code or
prepay_id two hours, h5_url five minutes; refunds within a year), on profit sharing, and the merchant platform's help on
limits. Payment codes: the page on 付款码 (nothing to expire; give up after 45 seconds and take the order back).
Merchant transfers: the pages on 商家转账 (from 0.1 yuan, 20,000 yuan a day and person, the name from 2,000 yuan on).
"""

from datetime import time, timedelta

from feiqian.channels.model import (
    ChannelKind,
    ChannelTerms,
    MethodTerms,
    PayeeKind,
    PaymentMethod,
    RefundTerms,
    SplitTerms,
    TransferTerms,
)

AMOUNT_MAX = 10_000_000_000
"""One hundred million yuan in fen: the most that an order may say; a merchant's own limits are lower."""
LIFETIME_MAX = timedelta(days=7)
TRANSFER_MIN = 10
"""0.1 yuan in fen."""
TRANSFER_MAX = 2_000_000
"""20,000 yuan in fen: what a person may be given in a day."""
NAME_ALLOWED_FROM = 30
"""Fen: below 0.3 yuan WeChat Pay compares no names."""
NAME_NEEDED_FROM = 200_000
"""Fen: from 2,000 yuan on it insists."""
COMBINED_MIN = 2
COMBINED_MAX = 50
"""Orders that are paid at once; a direct merchant may have ten."""

SPLITS = SplitTerms(
    share_max_percent=30, after=timedelta(minutes=1), within=timedelta(days=30), calls_max=50, parts_max=50
)

TERMS = ChannelTerms(
    kind=ChannelKind.WECHATPAY,
    methods={
        PaymentMethod.WECHATPAY_NATIVE: MethodTerms(amount_max=AMOUNT_MAX, lifetime_max=LIFETIME_MAX),
        PaymentMethod.WECHATPAY_JSAPI: MethodTerms(
            amount_max=AMOUNT_MAX, lifetime_max=LIFETIME_MAX, needs=("openid",)
        ),
        PaymentMethod.WECHATPAY_H5: MethodTerms(
            amount_max=AMOUNT_MAX, lifetime_max=LIFETIME_MAX, needs=("client_ip",)
        ),
        PaymentMethod.WECHATPAY_APP: MethodTerms(amount_max=AMOUNT_MAX, lifetime_max=LIFETIME_MAX),
        PaymentMethod.WECHATPAY_BARCODE: MethodTerms(
            amount_max=AMOUNT_MAX, lifetime_max=LIFETIME_MAX, needs=("auth_code",)
        ),
    },
    refunds=RefundTerms(within=timedelta(days=365), count_max=50),
    transfers={PayeeKind.WECHATPAY: TransferTerms(amount_min=TRANSFER_MIN, amount_max=TRANSFER_MAX)},
    splits=SPLITS,
    bill_ready_at=time(10),
)
