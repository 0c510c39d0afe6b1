"""What the timeline says of each event, in Chinese and English."""

from typing import NamedTuple

from feiqian.payments import PaymentEvent


class Wording(NamedTuple):
    """One sentence in both languages."""

    chinese: str
    english: str


EVENTS = {
    PaymentEvent.CREATED: Wording("平台创建支付", "Created by the platform"),
    PaymentEvent.ATTEMPT_MADE: Wording("选择了另一种支付方式", "Another way to pay was chosen"),
    PaymentEvent.CODE_ISSUED: Wording("渠道受理，待买家支付", "Accepted by the channel; the buyer may pay"),
    PaymentEvent.CHANNEL_UNANSWERED: Wording(
        "渠道未给出确定答复，待查询", "No certain answer from the channel; it will be asked"
    ),
    PaymentEvent.CHANNEL_REFUSED: Wording("渠道拒绝", "Refused by the channel"),
    PaymentEvent.PAID: Wording("支付成功，已入账", "Paid and posted"),
    PaymentEvent.CONFLICTED: Wording("渠道结果与订单不符，未入账", "Paid, but not as ordered; not posted"),
    PaymentEvent.PAID_TWICE: Wording("渠道报告重复支付，待财务处理", "Paid a second time; finance decides"),
    PaymentEvent.PAID_AGAIN: Wording(
        "另一次支付尝试也已付款，资金转入待处理款", "Paid by another order too; the money is in suspense"
    ),
    PaymentEvent.ATTEMPT_CLOSED: Wording("关闭一次支付尝试", "One order was closed"),
    PaymentEvent.CLOSED: Wording("订单关闭", "Closed unpaid"),
    PaymentEvent.REFUND_REQUESTED: Wording(
        "平台申请退款，资金已划入在途", "Refund requested, money set aside"
    ),
    PaymentEvent.REFUND_ACCEPTED: Wording("渠道受理退款", "Refund accepted by the channel"),
    PaymentEvent.REFUND_SUCCEEDED: Wording("退款到账", "Refund reached the buyer"),
    PaymentEvent.REFUND_FAILED: Wording("退款失败，资金已退回", "Refund failed, money put back"),
    PaymentEvent.REFUND_ABNORMAL: Wording("退款异常，待人工处理", "Refund needs a person's decision"),
}

CHANNELS = {"wechatpay": Wording("微信支付", "WeChat Pay")}

KINDS = {
    "payment": Wording("收款", "Payment"),
    "payment_duplicate": Wording("重复支付待处理", "Paid twice, in suspense"),
    "refund_requested": Wording("退款受理", "Refund requested"),
    "refund_succeeded": Wording("退款成功", "Refund paid"),
    "refund_failed": Wording("退款失败退回", "Failed refund put back"),
    "settlement": Wording("结算", "Settlement"),
    "channel_settlement": Wording("渠道结算到账", "Settlement by the channel"),
    "funder_deposit": Wording("资金方存入", "Funder's deposit"),
    "loan_draw": Wording("放款", "Loan drawn"),
    "interest": Wording("计息", "Interest accrued"),
    "penalty": Wording("罚息", "Penalty interest accrued"),
    "loan_repayment": Wording("还款", "Loan repayment"),
    "hold_expiry": Wording("到期解冻", "Hold expired"),
}
"""The house's own kinds of transactions, as in the words of the pages; platforms name theirs themselves."""


def kind_names(language: str) -> dict[str, str]:
    """What files call the kinds of transactions."""
    return {kind: wording.chinese if language == "zh" else wording.english for kind, wording in KINDS.items()}
