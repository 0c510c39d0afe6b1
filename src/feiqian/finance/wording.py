"""What vouchers call each kind of ledger transaction, in the order in which a day's vouchers are numbered."""

from typing import NamedTuple


class Wording(NamedTuple):
    """The summary (摘要) of a kind."""

    chinese: str
    english: str


WORDING = {
    "payment": Wording("支付收款", "Payments received"),
    "payment_duplicate": Wording("重复支付待处理", "Payments received twice"),
    "refund_requested": Wording("退款受理", "Refunds requested"),
    "refund_succeeded": Wording("退款成功", "Refunds paid"),
    "refund_failed": Wording("退款失败退回", "Failed refunds put back"),
    "settlement": Wording("商户结算", "Settlement to merchants"),
    "channel_settlement": Wording("渠道结算到账", "Settlement by channels"),
    "funder_deposit": Wording("资金方存入", "Funders' deposits"),
    "loan_draw": Wording("贷款发放", "Loans drawn"),
    "interest": Wording("计提利息", "Interest accrued"),
    "penalty": Wording("计提罚息", "Penalty interest accrued"),
    "loan_repayment": Wording("贷款还款", "Loan repayments"),
}

_PLACE = {kind: place for place, kind in enumerate(WORDING)}


def wording_of(kind: str) -> Wording:
    """The wording of a kind; one that is not listed is named by its own code."""
    return WORDING.get(kind) or Wording(f"其他业务 {kind}", f"Other: {kind}")


def place_of(kind: str) -> tuple[int, str]:
    """Sorts kinds in the order of the table, unlisted ones last."""
    return _PLACE.get(kind, len(_PLACE)), kind
