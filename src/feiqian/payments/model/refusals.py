"""What is refused, and why."""

from feiqian.kernel.errors import Refusal


class NotPayable(Refusal):
    """An order without an amount above zero cannot be paid."""

    code = "not_payable"
    status = 422
    english = "An order of {amount} minor units cannot be paid; the amount must be above zero."
    chinese = "金额为 {amount} 的订单无法支付，金额必须大于零。"


class LinesDiffer(Refusal):
    """The lines do not add up to the amount."""

    code = "lines_differ_from_amount"
    status = 422
    english = "The lines add up to {lines} minor units, the amount is {amount}. Send lines that add up."
    chinese = "明细合计 {lines} 与金额 {amount} 不一致，请使明细合计等于金额。"


class ShareNegative(Refusal):
    """A merchant's lines add up to less than nothing."""

    code = "share_negative"
    status = 422
    english = "The lines of merchant {merchant_no} add up to {amount}; a share cannot be below zero."
    chinese = "商户 {merchant_no} 的明细合计为 {amount}，分账金额不能为负。"


class NotRefundable(Refusal):
    """Only a paid payment can be refunded."""

    code = "payment_not_refundable"
    english = "The payment is {state}; only a succeeded payment can be refunded."
    chinese = "支付状态为 {state}，只有支付成功的订单才能退款。"


class RefundExceedsPayment(Refusal):
    """More was asked back than is left."""

    code = "refund_exceeds_payment"
    english = "{amount} minor units were asked back, {left} are left of the payment."
    chinese = "申请退款 {amount}，该支付剩余可退 {left}。"


class TooManyRefunds(Refusal):
    """The channel allows fifty refunds of one payment."""

    code = "too_many_refunds"
    english = "The payment already has {count} refunds; the channel allows no more."
    chinese = "该支付已有 {count} 笔退款，渠道不允许更多。"


class RefundTooLate(Refusal):
    """The channel refunds within a year."""

    code = "refund_too_late"
    english = "The payment was made more than {days} days ago; the channel refunds no more."
    chinese = "支付已超过 {days} 天，渠道不再支持退款。"


class NotClosable(Refusal):
    """Only an unpaid payment can be closed."""

    code = "payment_not_closable"
    english = "The payment is {state}; only an unpaid payment can be closed."
    chinese = "支付状态为 {state}，只有未支付的订单才能关闭。"


class PaymentEnded(Refusal):
    """Nothing more can be paid."""

    code = "payment_ended"
    english = "The payment is {state}; no other way to pay can be chosen any more."
    chinese = "支付状态为 {state}，不能再选择支付方式。"


class TooManyAttempts(Refusal):
    """Somebody goes to and fro between methods without end."""

    code = "too_many_attempts"
    english = "The payment already has {count} attempts; it takes no more. Use a new order."
    chinese = "该支付已有 {count} 次支付尝试，不能再增加，请使用新的订单。"


class MethodNotAllowed(Refusal):
    """The platform left the buyer other methods."""

    code = "method_not_allowed"
    status = 422
    english = "{method} is not among the methods of this payment ({allowed}). Choose one of those."
    chinese = "{method} 不在该支付允许的方式（{allowed}）之内，请另选一种。"


class NoChannel(Refusal):
    """No connection takes the method."""

    code = "no_channel"
    status = 422
    english = "No channel is set up that takes {method}. Choose another method."
    chinese = "没有可受理 {method} 的支付渠道，请更换支付方式。"


class NoticeUnmatched(Refusal):
    """A channel reports an order or refund that we do not have."""

    code = "notice_unmatched"
    status = 404
    english = "No order or refund has the number {number}."
    chinese = "没有编号为 {number} 的订单或退款。"
