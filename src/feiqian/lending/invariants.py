"""What must always hold in lending: every query returns the rows that break it.

They hold lending's own rows against the ledger's accounts and entries, which is what they are for.
"""

from feiqian.infra.invariants import Invariant

INVARIANTS = (
    Invariant(
        name="loans_are_in_the_ledger",
        english="Every loan is lent once and in full: principal owed is what was drawn less what was repaid.",
        chinese="每笔借款在总账中足额放款一次：未还本金等于放款额减已还本金。",
        sql="""
        SELECT l.loan_no AS subject, l.principal, e.drawn, e.repaid, a.debits - a.credits AS outstanding
        FROM lending.loan l
        LEFT JOIN ledger.account a ON a.cell = l.cell AND a.code = 'loan.principal' AND a.owner = l.id::text
        LEFT JOIN LATERAL (
          SELECT sum(m.debits - m.credits) FILTER (WHERE m.kind = 'loan_draw') AS drawn,
                 coalesce(sum(m.credits - m.debits) FILTER (WHERE m.kind = 'loan_repayment'), 0) AS repaid
          FROM ledger.moved m WHERE m.cell = a.cell AND m.account = a.id) e ON true
        WHERE l.cell = %(cell)s
          AND (e.drawn IS DISTINCT FROM l.principal OR a.debits - a.credits IS DISTINCT FROM l.principal - e.repaid)
        """,
    ),
    Invariant(
        name="loan_interest_is_exact",
        english="Interest posted is the exact interest of every day through the last accrued one, rounded half up.",
        chinese="已计提利息等于截至最后计息日逐日精确利息之和（四舍五入）。",
        # A movement of principal on a business date counts for every day from that date on: before the due date at
        # the annual rate, from it on at the penalty rate. Independent of how the days were accrued.
        sql="""
        WITH exact AS (
          SELECT l.id,
                 coalesce(sum((e.debits - e.credits) * l.annual_rate * 100000000 * greatest(0,
                   least(n.day, l.due_on) - e.business_date)), 0) AS interest,
                 coalesce(sum((e.debits - e.credits) * l.penalty_rate * 100000000 * greatest(0,
                   n.day - greatest(e.business_date, l.due_on))), 0) AS penalty
          FROM lending.loan l
          CROSS JOIN LATERAL (SELECT coalesce(l.accrued_through + 1, l.drawn_on) AS day) n
          JOIN ledger.account a ON a.cell = l.cell AND a.code = 'loan.principal' AND a.owner = l.id::text
          JOIN ledger.moved e ON e.cell = a.cell AND e.account = a.id
          WHERE l.cell = %(cell)s GROUP BY l.id
        )
        SELECT l.loan_no AS subject, x.interest, l.interest_numerator, i.debits AS interest_posted,
               x.penalty, l.penalty_numerator, p.debits AS penalty_posted
        FROM lending.loan l JOIN exact x ON x.id = l.id
        LEFT JOIN ledger.account i ON i.cell = l.cell AND i.code = 'loan.interest_receivable' AND i.owner = l.id::text
        LEFT JOIN ledger.account p ON p.cell = l.cell AND p.code = 'loan.penalty_receivable' AND p.owner = l.id::text
        WHERE l.cell = %(cell)s AND (
          x.interest <> l.interest_numerator OR x.penalty <> l.penalty_numerator
          OR round(x.interest / 36500000000) <> coalesce(i.debits, 0)
          OR round(x.penalty / 36500000000) <> coalesce(p.debits, 0))
        """,
    ),
    Invariant(
        name="loan_states_are_true",
        english="A repaid loan owes nothing; an open loan owes principal; an overdue one is past its due date.",
        chinese="已还清借款无欠款；未还清借款有未还本金；逾期借款已过到期日。",
        sql="""
        SELECT l.loan_no AS subject, l.state, s.principal, s.owed FROM lending.loan l
        CROSS JOIN LATERAL (
          SELECT coalesce(sum(a.debits - a.credits), 0) AS owed,
                 coalesce(sum(a.debits - a.credits) FILTER (WHERE a.code = 'loan.principal'), 0) AS principal
          FROM ledger.account a WHERE a.cell = l.cell AND a.owner = l.id::text
            AND a.code IN ('loan.principal', 'loan.interest_receivable', 'loan.penalty_receivable')) s
        WHERE l.cell = %(cell)s AND (
          (l.state = 'repaid' AND s.owed <> 0)
          OR (l.state <> 'repaid' AND s.principal <= 0)
          OR (l.state <> 'repaid' AND (l.state = 'overdue') <> coalesce(l.accrued_through >= l.due_on, false)))
        """,
    ),
    Invariant(
        name="draws_stay_within_the_line",
        english="At every draw, all principal that the merchant owed after it was within its line's limit.",
        chinese="每次支用后，商户未还本金合计均未超过当时的授信额度。",
        # Draws at the very same moment are judged together, by the highest of their limits; those whose entries were
        # archived have been judged while they were here.
        sql="""
        SELECT d.merchant::text AS subject, d.drawn_at, d.line_limit, s.owed
        FROM (SELECT merchant, drawn_at, max(line_limit) AS line_limit FROM lending.loan
              WHERE cell = %(cell)s GROUP BY merchant, drawn_at) d
        CROSS JOIN LATERAL (
          SELECT sum(e.amount) AS owed, bool_or(o.booked_at >= d.drawn_at) AS archived FROM lending.loan l
          JOIN ledger.account a ON a.cell = l.cell AND a.code = 'loan.principal' AND a.owner = l.id::text
          LEFT JOIN ledger.opening o ON o.cell = a.cell AND o.account = a.id
          CROSS JOIN LATERAL (
            SELECT amount FROM ledger.entry WHERE cell = a.cell AND account = a.id AND booked_at <= d.drawn_at
            UNION ALL SELECT o.debits - o.credits) e
          WHERE l.cell = %(cell)s AND l.merchant = d.merchant) s
        WHERE s.owed > d.line_limit AND s.archived IS NOT TRUE
        """,
    ),
    Invariant(
        name="funders_capital_is_deposits",
        english="What a funder's book shows as put in is the sum of its deposits.",
        chinese="资金方账套的投入资金等于其入金合计。",
        sql="""
        SELECT f.funder_no AS subject, coalesce(d.amount, 0) AS deposited, coalesce(a.credits - a.debits, 0) AS capital
        FROM lending.funder f
        LEFT JOIN (SELECT funder_no, sum(amount) AS amount FROM lending.deposit WHERE cell = %(cell)s
                   GROUP BY funder_no) d ON d.funder_no = f.funder_no
        LEFT JOIN ledger.account a ON a.cell = f.cell AND a.code = 'funder.capital' AND a.owner = f.funder_no
        WHERE f.cell = %(cell)s AND coalesce(d.amount, 0) <> coalesce(a.credits - a.debits, 0)
        """,
    ),
    Invariant(
        name="repayments_are_in_the_ledger",
        english="What merchants' repayments took in a moment is within what those repayments might take.",
        chinese="商户同一时刻的还款扣款合计不超过还款指令金额合计。",
        sql="""
        SELECT r.merchant::text AS subject, r.repaid_at, r.amount, s.taken
        FROM (SELECT merchant, repaid_at, sum(amount) AS amount FROM lending.repayment
              WHERE cell = %(cell)s GROUP BY merchant, repaid_at) r
        CROSS JOIN LATERAL (
          SELECT -sum(e.amount) AS taken FROM ledger.account a
          JOIN ledger.entry e ON e.cell = a.cell AND e.account = a.id
          WHERE a.cell = %(cell)s AND a.code = 'merchant.available' AND a.owner = r.merchant::text
            AND e.kind = 'loan_repayment' AND e.booked_at = r.repaid_at) s
        WHERE s.taken > r.amount
        """,
    ),
)
