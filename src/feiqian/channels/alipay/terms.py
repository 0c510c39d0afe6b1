"""What Alipay allows.

Source: the official pages of each method: total_amount is 0.01 to 100,000,000 yuan, time_expire lies 1 minute to 15 days
ahead, the code of precreate is valid for 2 hours; refunds within 12 months (product pages of page, wap, app and
face-to-face payment); trans_amount of alipay.fund.trans.uni.transfer; splits: guide on 分账 (at most 30 % unless agreed
otherwise); the bill of a day about 9:00 of the next. Alipay documents no number of refunds or splits of one order and no
end of splitting but that of refunding: those bounds are ours, the same as at WeChat Pay; twenty receivers are what
alipay.trade.royalty.relation.bind takes at once.
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
TRANSFER_MIN = 10
"""0.1 yuan."""
LIFETIME_MAX = timedelta(days=15)
CODE_LIFETIME = timedelta(hours=2)
"""The code of precreate is dead after it, whatever the order says."""

TERMS = ChannelTerms(
    kind=ChannelKind.ALIPAY,
    methods={
        PaymentMethod.ALIPAY_PAGE: MethodTerms(amount_max=AMOUNT_MAX, lifetime_max=LIFETIME_MAX),
        PaymentMethod.ALIPAY_WAP: MethodTerms(amount_max=AMOUNT_MAX, lifetime_max=LIFETIME_MAX),
        PaymentMethod.ALIPAY_APP: MethodTerms(amount_max=AMOUNT_MAX, lifetime_max=LIFETIME_MAX),
        PaymentMethod.ALIPAY_QR: MethodTerms(amount_max=AMOUNT_MAX, lifetime_max=CODE_LIFETIME),
        PaymentMethod.ALIPAY_BARCODE: MethodTerms(
            amount_max=AMOUNT_MAX, lifetime_max=LIFETIME_MAX, needs=("auth_code",)
        ),
    },
    refunds=RefundTerms(within=timedelta(days=365), count_max=50),
    transfers={
        PayeeKind.ALIPAY: TransferTerms(amount_min=TRANSFER_MIN, amount_max=AMOUNT_MAX),
        PayeeKind.PERSON_BANK: TransferTerms(amount_min=TRANSFER_MIN, amount_max=AMOUNT_MAX),
    },
    splits=SplitTerms(
        share_max_percent=30, after=timedelta(), within=timedelta(days=365), calls_max=50, parts_max=20
    ),
    bill_ready_at=time(9),
)
