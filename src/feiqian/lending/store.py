"""SQL of lending's writes and of the rows that its operations lock."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from feiqian.infra.database import Transaction
from feiqian.lending.model import Deposit, Funder, Loan, LoanState, Product, RepaymentSource

_LOAN = (
    "SELECT id, platform, loan_no, merchant, funder_no, currency, principal, product,"
    " trim_scale(annual_rate) AS annual_rate, trim_scale(penalty_rate) AS penalty_rate, day_count,"
    " trim_scale(repayment_share) AS repayment_share, drawn_at, drawn_on, due_on, decision, line_limit, state,"
    " accrued_through, interest_numerator, penalty_numerator, repaid_on FROM lending.loan"
)
_DEPOSIT = "SELECT funder_no, deposit_no, currency, amount, deposited_at FROM lending.deposit"


class RepaymentRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of lending.repayment."""

    id: UUID
    source: RepaymentSource
    merchant: UUID
    loan: UUID | None
    repayment_no: str | None
    settlement: UUID | None
    amount: int
    repaid_at: datetime


class _FunderCount(msgspec.Struct, frozen=True):
    funder_no: str
    loans: int


async def read_product(tx: Transaction, code: str, day: date) -> Product | None:
    return await tx.maybe(
        Product,
        "SELECT code, valid_from, name_chinese, name_english, trim_scale(annual_rate) AS annual_rate,"
        " trim_scale(penalty_rate) AS penalty_rate, day_count, term_days,"
        " trim_scale(repayment_share) AS repayment_share, amount_min FROM lending.product"
        " WHERE code = %s AND valid_from <= %s ORDER BY valid_from DESC LIMIT 1",
        (code, day),
    )


async def insert_product(tx: Transaction, product: Product) -> None:
    await tx.execute(
        "INSERT INTO lending.product (code, valid_from, name_chinese, name_english, annual_rate, penalty_rate,"
        " day_count, term_days, repayment_share, amount_min) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            product.code,
            product.valid_from,
            product.name_chinese,
            product.name_english,
            product.annual_rate,
            product.penalty_rate,
            product.day_count.value,
            product.term_days,
            product.repayment_share,
            product.amount_min,
        ),
    )


async def insert_funder(tx: Transaction, funder: Funder) -> None:
    await tx.execute(
        "INSERT INTO lending.funder (cell, funder_no, name, created_at) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (cell, funder_no) DO NOTHING",
        (tx.cell, funder.funder_no, funder.name, funder.created_at),
    )


async def read_funders(tx: Transaction, funder_no: str | None = None) -> list[Funder]:
    return await tx.all(
        Funder,
        "SELECT funder_no, name, created_at FROM lending.funder"
        " WHERE cell = %s AND (%s::text IS NULL OR funder_no = %s) ORDER BY funder_no",
        (tx.cell, funder_no, funder_no),
    )


async def read_deposit(tx: Transaction, funder_no: str, deposit_no: str) -> Deposit | None:
    return await tx.maybe(
        Deposit,
        _DEPOSIT + " WHERE cell = %s AND funder_no = %s AND deposit_no = %s",
        (tx.cell, funder_no, deposit_no),
    )


async def insert_deposit(tx: Transaction, deposit: Deposit) -> None:
    await tx.execute(
        "INSERT INTO lending.deposit (cell, funder_no, deposit_no, currency, amount, deposited_at)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        (
            tx.cell,
            deposit.funder_no,
            deposit.deposit_no,
            deposit.currency,
            deposit.amount,
            deposit.deposited_at,
        ),
    )


async def read_loan(tx: Transaction, id: UUID) -> Loan | None:
    return await tx.maybe(Loan, _LOAN + " WHERE cell = %s AND id = %s", (tx.cell, id))


async def read_loan_by_no(tx: Transaction, platform: UUID, loan_no: str) -> Loan | None:
    return await tx.maybe(
        Loan, _LOAN + " WHERE cell = %s AND platform = %s AND loan_no = %s", (tx.cell, platform, loan_no)
    )


async def read_open_loans(tx: Transaction, merchant: UUID | None = None) -> list[Loan]:
    """Loans that are not repaid, of one merchant or of all, oldest first."""
    return await tx.all(
        Loan,
        _LOAN
        + " WHERE cell = %s AND state <> 'repaid' AND (%s::uuid IS NULL OR merchant = %s) ORDER BY drawn_at, id",
        (tx.cell, merchant, merchant),
    )


async def read_open_loans_of(tx: Transaction, merchants: Sequence[UUID]) -> list[Loan]:
    return await tx.all(
        Loan,
        _LOAN + " WHERE cell = %s AND state <> 'repaid' AND merchant = ANY(%s) ORDER BY drawn_at, id",
        (tx.cell, list(merchants)),
    )


async def read_loans(
    tx: Transaction,
    *,
    platform: UUID | None,
    merchant: UUID | None,
    state: LoanState | None,
    before: UUID | None,
    limit: int | None,
) -> list[Loan]:
    """Newest first: ids begin with the time of the draw. Without a limit, all of them."""
    return await tx.all(
        Loan,
        _LOAN
        + " WHERE cell = %s AND (%s::uuid IS NULL OR platform = %s) AND (%s::uuid IS NULL OR merchant = %s)"
        " AND (%s::text IS NULL OR state = %s) AND (%s::uuid IS NULL OR id < %s) ORDER BY id DESC LIMIT %s",
        (tx.cell, platform, platform, merchant, merchant, state, state, before, before, limit),
    )


async def count_open_loans(tx: Transaction) -> dict[str, int]:
    """Loans that are not repaid, by funder."""
    rows = await tx.all(
        _FunderCount,
        "SELECT funder_no, count(*) AS loans FROM lending.loan"
        " WHERE cell = %s AND state <> 'repaid' GROUP BY funder_no",
        (tx.cell,),
    )
    return {row.funder_no: row.loans for row in rows}


async def lock_open_loans(tx: Transaction, merchant: UUID | None = None) -> int:
    """Hold the same loans against every other change, in order of their ids; returns how many there are."""
    return await tx.execute(
        "SELECT id FROM lending.loan WHERE cell = %s AND state <> 'repaid'"
        " AND (%s::uuid IS NULL OR merchant = %s) ORDER BY id FOR UPDATE",
        (tx.cell, merchant, merchant),
    )


async def lock_loan(tx: Transaction, id: UUID) -> None:
    await tx.execute("SELECT id FROM lending.loan WHERE cell = %s AND id = %s FOR UPDATE", (tx.cell, id))


async def insert_loan(tx: Transaction, loan: Loan) -> None:
    await tx.execute(
        "INSERT INTO lending.loan (cell, id, platform, loan_no, merchant, funder_no, currency, principal, product,"
        " annual_rate, penalty_rate, day_count, repayment_share, drawn_at, drawn_on, due_on, decision, line_limit,"
        " state) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            tx.cell,
            loan.id,
            loan.platform,
            loan.loan_no,
            loan.merchant,
            loan.funder_no,
            loan.currency,
            loan.principal,
            loan.product,
            loan.annual_rate,
            loan.penalty_rate,
            loan.day_count.value,
            loan.repayment_share,
            loan.drawn_at,
            loan.drawn_on,
            loan.due_on,
            loan.decision,
            loan.line_limit,
            loan.state.value,
        ),
    )


async def update_accruals(tx: Transaction, loans: Sequence[Loan]) -> None:
    """Write how far the loans' interest has come, in one statement."""
    await tx.execute(
        "UPDATE lending.loan AS l SET state = n.state, accrued_through = n.accrued_through,"
        " interest_numerator = n.interest, penalty_numerator = n.penalty"
        " FROM unnest(%s::uuid[], %s::text[], %s::date[], %s::numeric[], %s::numeric[])"
        " AS n (id, state, accrued_through, interest, penalty) WHERE l.cell = %s AND l.id = n.id",
        (
            [loan.id for loan in loans],
            [loan.state.value for loan in loans],
            [loan.accrued_through for loan in loans],
            [loan.interest_numerator for loan in loans],
            [loan.penalty_numerator for loan in loans],
            tx.cell,
        ),
    )


async def set_repaid(tx: Transaction, ids: Sequence[UUID], day: date) -> None:
    await tx.execute(
        "UPDATE lending.loan SET state = %s, repaid_on = %s WHERE cell = %s AND id = ANY(%s)",
        (LoanState.REPAID.value, day, tx.cell, list(ids)),
    )


async def read_repayment(tx: Transaction, id: UUID) -> RepaymentRow | None:
    return await tx.maybe(
        RepaymentRow,
        "SELECT id, source, merchant, loan, repayment_no, settlement, amount, repaid_at FROM lending.repayment"
        " WHERE cell = %s AND id = %s",
        (tx.cell, id),
    )


async def insert_repayment(tx: Transaction, row: RepaymentRow) -> bool:
    """Write it; False when it was written before."""
    return bool(
        await tx.execute(
            "INSERT INTO lending.repayment (cell, id, source, merchant, loan, repayment_no, settlement, amount,"
            " repaid_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (cell, id) DO NOTHING",
            (
                tx.cell,
                row.id,
                row.source.value,
                row.merchant,
                row.loan,
                row.repayment_no,
                row.settlement,
                row.amount,
                row.repaid_at,
            ),
        )
    )
