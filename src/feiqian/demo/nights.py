"""What the platform's own jobs do between trading days: close, credit, loans; and the bill in the morning."""

from collections.abc import Sequence
from datetime import date

from feiqian.demo.api import DayReconciliation, DayVouchers, PartnerApi
from feiqian.demo.trade import all_of

FUNDER = "bank-a"
DEPOSIT_FEN = 10_000_000_00
"""What the funder brings at the start: ten million yuan, more than the suppliers of the file can draw."""
MERCHANTS_AT_ONCE = 4


async def fund(partner: PartnerApi) -> None:
    """The funder's deposit; the same one however often the story begins."""
    await partner.deposit(funder_no=FUNDER, deposit_no=f"demo-{FUNDER}-1", amount=DEPOSIT_FEN)


async def close_and_lend(partner: PartnerApi, *, closed: date, today: date, suppliers: Sequence[str]) -> None:
    """Close a business date, then let every supplier without a loan ask for a line and draw on it."""
    await partner.close_day(closed)
    borrowers = {
        loan.merchant_no for state in ("active", "overdue") for loan in await partner.loans(state=state)
    }

    async def borrow(merchant_no: str) -> None:
        decision = await partner.decide_credit(merchant_no)
        amount = draw_of(decision.available) if decision.outcome == "approved" else 0
        if amount > 0:
            loan_no = f"L-{merchant_no}-{today}"
            await partner.draw_loan(loan_no=loan_no, merchant_no=merchant_no, amount=amount)

    await all_of(borrow, [name for name in suppliers if name not in borrowers], at_once=MERCHANTS_AT_ONCE)


def draw_of(available_fen: int) -> int:
    """What a supplier draws: half of its line, in whole yuan."""
    return available_fen // 2 // 100 * 100


async def reconcile(partner: PartnerApi, closed: date) -> tuple[DayReconciliation, DayVouchers]:
    """Compare a closed date with every channel's bill and write its vouchers."""
    return await partner.reconcile_day(closed), await partner.write_vouchers(closed)
