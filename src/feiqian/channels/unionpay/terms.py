"""What UnionPay's online gateway allows.

Sources: the product's interface pages (format of txnAmt, refunds within 11 months, settlement day
from 23:00 to 23:00 with its file from 09:00 of the next day), and UnionPay's payout demo. UnionPay publishes no ceiling
for the time an order stays payable nor for the lines of a batch: those two are the house's own, below what is known to pass.
"""

from datetime import time, timedelta

from feiqian.channels.model import (
    ChannelKind,
    ChannelTerms,
    MethodTerms,
    PayeeKind,
    PaymentMethod,
    RefundTerms,
    TransferTerms,
)
from feiqian.channels.unionpay.messages import AMOUNT_MAX

SETTLEMENT_ENDS = time(23)
"""Beijing time at which UnionPay's settlement day ends; what comes later is in the next day's file."""
DAY_TOLERANCE = timedelta(minutes=30)
"""How far a line may stand from the ends of its settlement day: the change is not made in one instant."""
BATCH_MAX = 5_000

TERMS = ChannelTerms(
    kind=ChannelKind.UNIONPAY,
    methods={
        PaymentMethod.UNIONPAY_B2C: MethodTerms(
            amount_max=AMOUNT_MAX, needs=("return_url",), lifetime_max=timedelta(days=1)
        ),
        # A company's second person may confirm days after the first has entered the payment.
        PaymentMethod.UNIONPAY_B2B: MethodTerms(
            amount_max=AMOUNT_MAX, needs=("return_url",), lifetime_max=timedelta(days=7)
        ),
    },
    refunds=RefundTerms(within=timedelta(days=330), count_max=999),
    transfers={
        PayeeKind.PERSON_BANK: TransferTerms(amount_min=1, amount_max=AMOUNT_MAX, batch_max=BATCH_MAX),
        PayeeKind.COMPANY_BANK: TransferTerms(amount_min=1, amount_max=AMOUNT_MAX, batch_max=BATCH_MAX),
    },
    holds=frozenset({PaymentMethod.UNIONPAY_B2C}),
    day_cut=timedelta(hours=1) + DAY_TOLERANCE,
    bill_ready_at=time(9),
)
