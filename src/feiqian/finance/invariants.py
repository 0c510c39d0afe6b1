"""What must always hold of vouchers: every query returns the rows that break it, and must return none."""

from feiqian.infra.invariants import Invariant

INVARIANTS = (
    Invariant(
        name="finance_vouchers_balance",
        english="In every voucher debits equal credits and the total.",
        chinese="每张凭证借贷相等，并等于凭证合计。",
        sql="""
        SELECT concat_ws(' ', v.book, v.month, v.sequence) AS subject, v.total,
               sum(l.debit) AS debit, sum(l.credit) AS credit
        FROM finance.voucher v LEFT JOIN finance.voucher_line l ON l.cell = v.cell AND l.voucher = v.id
        WHERE v.cell = %(cell)s GROUP BY v.book, v.month, v.sequence, v.total
        HAVING coalesce(sum(l.debit), 0) <> v.total OR coalesce(sum(l.credit), 0) <> v.total
        """,
    ),
    Invariant(
        name="finance_numbers_without_gaps",
        english="Vouchers are numbered 1, 2, 3 … in every book and month, up to the counter.",
        chinese="各账套每月凭证编号自 1 起连续无断号，与编号计数一致。",
        sql="""
        SELECT concat_ws(' ', book, month) AS subject, v.vouchers, v.newest, c.newest AS counter
        FROM (SELECT book, month, count(*) AS vouchers, max(sequence) AS newest
              FROM finance.voucher WHERE cell = %(cell)s GROUP BY book, month) v
        FULL JOIN (SELECT book, month, newest FROM finance.voucher_counter WHERE cell = %(cell)s) c
          USING (book, month)
        WHERE v.vouchers IS DISTINCT FROM v.newest::bigint OR v.newest IS DISTINCT FROM c.newest
        """,
    ),
    Invariant(
        name="finance_vouchers_equal_ledger",
        english="The voucher lines of every vouchered date, book, kind and subject sum to what the ledger moved.",
        chinese="凡已生成凭证的日期，各账套、类型、科目的凭证金额与账本发生额一致。",
        sql="""
        WITH side AS (
          SELECT business_date AS day, booked_at, kind, debit AS account, amount AS debit, 0::bigint AS credit
          FROM ledger.leg WHERE cell = %(cell)s AND action IN (0, 2)
          UNION ALL SELECT business_date, booked_at, kind, credit, 0, amount
          FROM ledger.leg WHERE cell = %(cell)s AND action IN (0, 2)
          UNION ALL SELECT business_date, '-infinity', kind, account, debits, credits
          FROM ledger.archived_total WHERE cell = %(cell)s
        ), fact AS (
          SELECT a.book, s.day, s.kind, a.code, a.currency, sum(s.debit) AS debit, sum(s.credit) AS credit
          FROM finance.progress p
          JOIN side s ON s.day <= p.written_through AND s.booked_at <= p.checked_at
          JOIN ledger.account a ON a.cell = p.cell AND a.id = s.account AND NOT starts_with(a.book, 'own:')
          WHERE p.cell = %(cell)s
          GROUP BY a.book, s.day, s.kind, a.code, a.currency
        ), written AS (
          SELECT v.book, v.day, v.kind, l.code, v.currency, sum(l.debit) AS debit, sum(l.credit) AS credit
          FROM finance.voucher v JOIN finance.voucher_line l ON l.cell = v.cell AND l.voucher = v.id
          WHERE v.cell = %(cell)s GROUP BY v.book, v.day, v.kind, l.code, v.currency
        )
        SELECT concat_ws(' ', book, day, kind, code, currency) AS subject,
               written.debit AS voucher_debit, fact.debit AS ledger_debit,
               written.credit AS voucher_credit, fact.credit AS ledger_credit
        FROM fact FULL JOIN written USING (book, day, kind, code, currency)
        WHERE (written.debit, written.credit) IS DISTINCT FROM (fact.debit, fact.credit)
        """,
    ),
)
