"""What must always hold in the ledger: every query returns the rows that break it, and must return none."""

from feiqian.infra.invariants import Invariant

INVARIANTS = (
    Invariant(
        name="ledger_counters_equal_entries",
        english="Every account's debits, credits and sequence equal the sums and the count of its entries.",
        chinese="每个账户的借方、贷方累计与序号等于其分录的合计与笔数。",
        sql="""
        SELECT a.code || '/' || a.owner AS subject, a.debits, a.credits, e.debits AS debits_summed, e.credits AS credits_summed
        FROM ledger.account a
        LEFT JOIN (
          SELECT account, count(*) AS entries, max(sequence) AS newest,
                 sum(amount) FILTER (WHERE amount > 0) AS raised, -sum(amount) FILTER (WHERE amount < 0) AS lowered
          FROM ledger.entry WHERE cell = %(cell)s GROUP BY account
        ) s ON s.account = a.id
        CROSS JOIN LATERAL (
          SELECT CASE WHEN a.code = ANY(%(debit_codes)s) THEN coalesce(s.raised, 0) ELSE coalesce(s.lowered, 0) END AS debits,
                 CASE WHEN a.code = ANY(%(debit_codes)s) THEN coalesce(s.lowered, 0) ELSE coalesce(s.raised, 0) END AS credits
        ) e
        WHERE a.cell = %(cell)s AND (a.debits <> e.debits OR a.credits <> e.credits
          OR a.sequence <> coalesce(s.entries, 0) OR a.sequence <> coalesce(s.newest, 0))
        """,
    ),
    Invariant(
        name="ledger_balances_run",
        english="Every entry's balance is the balance before it plus its amount.",
        chinese="每条分录后的余额等于前一余额加本次金额。",
        sql="""
        SELECT account::text AS subject, sequence, balance, amount, before FROM (
          SELECT account, sequence, balance, amount,
                 lag(balance, 1, 0::bigint) OVER w AS before, lag(sequence, 1, 0::bigint) OVER w AS previous
          FROM ledger.entry WHERE cell = %(cell)s WINDOW w AS (PARTITION BY account ORDER BY sequence)
        ) e WHERE balance <> before + amount OR sequence <> previous + 1
        """,
    ),
    Invariant(
        name="ledger_entries_equal_legs",
        english="The entries of every transaction are its legs, no more and no less.",
        chinese="每笔交易的分录与其借贷一致，不多不少。",
        sql="""
        WITH leg AS (
          SELECT t.id, l.account, sum(l.amount) AS amount FROM ledger.transaction t
          CROSS JOIN LATERAL (
            SELECT d.account, d.amount AS amount FROM unnest(t.debits, t.amounts) AS d (account, amount)
            UNION ALL SELECT c.account, -c.amount FROM unnest(t.credits, t.amounts) AS c (account, amount)) l
          WHERE t.cell = %(cell)s GROUP BY t.id, l.account
        ), entry AS (
          SELECT e.transaction AS id, e.account,
                 sum(CASE WHEN a.code = ANY(%(debit_codes)s) THEN e.amount ELSE -e.amount END) AS amount
          FROM ledger.entry e JOIN ledger.account a ON a.cell = e.cell AND a.id = e.account
          WHERE e.cell = %(cell)s GROUP BY e.transaction, e.account
        )
        SELECT coalesce(leg.id, entry.id)::text AS subject, leg.amount AS leg_amount, entry.amount AS entry_amount
        FROM leg FULL JOIN entry ON entry.id = leg.id AND entry.account = leg.account
        WHERE leg.amount IS DISTINCT FROM entry.amount
        """,
    ),
    Invariant(
        name="ledger_books_balance",
        english="In every book and currency all debits equal all credits.",
        chinese="每个账套、每种货币借贷总额相等。",
        sql="""
        SELECT book || ' ' || currency AS subject, sum(debits) AS debits, sum(credits) AS credits
        FROM ledger.account WHERE cell = %(cell)s GROUP BY book, currency HAVING sum(debits) <> sum(credits)
        """,
    ),
    Invariant(
        name="ledger_no_overdraft",
        english="No account that must not be overdrawn is below zero.",
        chinese="不可透支的账户余额不为负。",
        sql="""
        SELECT code || '/' || owner AS subject, debits, credits FROM ledger.account
        WHERE cell = %(cell)s AND code = ANY(%(covered_codes)s)
          AND CASE WHEN code = ANY(%(debit_codes)s) THEN debits - credits ELSE credits - debits END < 0
        """,
    ),
    Invariant(
        name="funders_money_agrees",
        english="What each funder's own book says it has at the platform is what the platform owes it.",
        chinese="资金方账套的存放平台款与平台账套的资金方存放款一致。",
        sql="""
        SELECT coalesce(p.owner, f.owner) AS subject, p.credits - p.debits AS platform, f.debits - f.credits AS funder
        FROM (SELECT * FROM ledger.account WHERE cell = %(cell)s AND code = 'funder.available') p
        FULL JOIN (SELECT * FROM ledger.account WHERE cell = %(cell)s AND code = 'funder.cash') f
          ON f.owner = p.owner AND f.currency = p.currency
        WHERE coalesce(p.credits - p.debits, 0) <> coalesce(f.debits - f.credits, 0)
        """,
    ),
)
