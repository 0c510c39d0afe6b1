"""What must always hold in clearing; every query returns the rows that break it."""

from feiqian.infra.invariants import Invariant

INVARIANTS = (
    Invariant(
        name="settlements_equal_ledger",
        english="Every settlement is in the ledger with its amount, and every ledger settlement is one of them.",
        chinese="每笔结算与总账一致，总账的每笔结算都有对应记录。",
        sql="""
        SELECT coalesce(s.id, t.id)::text AS subject, s.amount, t.amount AS ledger_amount
        FROM (SELECT * FROM clearing.settlement WHERE cell = %(cell)s) s
        FULL JOIN (SELECT l.transaction AS id, sum(l.amount) AS amount FROM ledger.leg l
                   JOIN ledger.account a ON a.cell = l.cell AND a.id = l.debit AND a.code LIKE 'merchant.%%'
                   WHERE l.cell = %(cell)s AND l.kind = 'settlement' GROUP BY l.transaction) t ON t.id = s.id
        WHERE t.amount IS DISTINCT FROM abs(s.amount)
          AND NOT EXISTS (SELECT FROM ledger.archived_transaction x WHERE x.cell = %(cell)s AND x.id = s.id)
        """,
    ),
    Invariant(
        name="closed_days_add_up",
        english="A closed day's amount and count are those of its settlements.",
        chinese="日切汇总等于当日结算明细合计。",
        sql="""
        SELECT d.trade_date::text AS subject, d.amount, d.merchants, sum(s.amount) AS settlements
        FROM clearing.day d LEFT JOIN clearing.settlement s
          ON s.cell = d.cell AND s.trade_date = d.trade_date AND s.currency = d.currency
        WHERE d.cell = %(cell)s GROUP BY d.trade_date, d.currency, d.amount, d.merchants
        HAVING d.amount <> coalesce(sum(s.amount), 0) OR d.merchants <> count(s.id)
        """,
    ),
)
