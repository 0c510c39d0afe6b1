"""Orders and refunds by their numbers, as the channel tests ask about them."""

from datetime import UTC, datetime

from feiqian.channels import OrderKey, PaymentMethod, Prepaid, RefundKey, ShowCode

PLACED_AT = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def order_key(out_trade_no: str) -> OrderKey:
    return OrderKey(out_trade_no=out_trade_no, method=PaymentMethod.WECHATPAY_NATIVE, placed_at=PLACED_AT)


def refund_key(out_refund_no: str, *, out_trade_no: str = "order-000001") -> RefundKey:
    return RefundKey(order=order_key(out_trade_no), out_refund_no=out_refund_no, requested_at=PLACED_AT)


def code_of(prepaid: Prepaid) -> str:
    """The content of the QR code, which is what was asked for."""
    assert isinstance(prepaid.next_step, ShowCode)
    return prepaid.next_step.code_url
