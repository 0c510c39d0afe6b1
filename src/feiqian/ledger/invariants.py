"""What must always hold in the ledger: every query returns the rows that break it, and must return none."""

from feiqian.infra.invariants import Invariant
from feiqian.ledger.seals.store import BLOCK_ROOT

INVARIANTS = (
    Invariant(
        name="ledger_counters_equal_entries",
        english="Every account's debits, credits, held amounts and sequence equal the sums and the count of its entries.",
        chinese="每个账户的借方、贷方、冻结累计与序号等于其分录的合计与笔数。",
        sql="""
        SELECT a.code || '/' || a.owner AS subject, a.debits, a.credits,
               coalesce(o.debits, 0) + coalesce(e.debits, 0) AS debits_summed,
               coalesce(o.credits, 0) + coalesce(e.credits, 0) AS credits_summed
        FROM ledger.account a
        LEFT JOIN ledger.opening o ON o.cell = a.cell AND o.account = a.id
        LEFT JOIN (
          SELECT account, count(*) AS entries, max(sequence) AS newest,
                 sum(abs(amount)) FILTER (WHERE is_debit) AS debits, sum(abs(amount)) FILTER (WHERE NOT is_debit) AS credits,
                 sum(held) FILTER (WHERE is_debit) AS held_debits, sum(held) FILTER (WHERE NOT is_debit) AS held_credits
          FROM ledger.entry WHERE cell = %(cell)s GROUP BY account
        ) e ON e.account = a.id
        WHERE a.cell = %(cell)s AND (a.debits <> coalesce(o.debits, 0) + coalesce(e.debits, 0)
          OR a.credits <> coalesce(o.credits, 0) + coalesce(e.credits, 0)
          OR a.held_debits <> coalesce(o.held_debits, 0) + coalesce(e.held_debits, 0)
          OR a.held_credits <> coalesce(o.held_credits, 0) + coalesce(e.held_credits, 0)
          OR a.sequence <> coalesce(o.sequence, 0) + coalesce(e.entries, 0)
          OR a.sequence <> coalesce(e.newest, o.sequence, 0))
        """,
    ),
    Invariant(
        name="ledger_balances_run",
        english="Every entry's balance is the balance before it plus its amount, and bookings never run backwards.",
        chinese="每条分录后的余额等于前一余额加本次金额，记账时间不早于前一条。",
        sql="""
        SELECT account::text AS subject, sequence, balance, amount, before FROM (
          SELECT account, sequence, balance, amount, booked_at, lag(booked_at) OVER w AS booked_before,
                 lag(balance, 1, 0::bigint) OVER w AS before, lag(sequence, 1, 0::bigint) OVER w AS previous, is_opening
          FROM (
            SELECT account, sequence, balance, amount, booked_at, false AS is_opening FROM ledger.entry WHERE cell = %(cell)s
            UNION ALL
            SELECT o.account, o.sequence, a.sign * (o.debits - o.credits), 0, o.booked_at, true
            FROM ledger.opening o JOIN ledger.account a ON a.cell = o.cell AND a.id = o.account WHERE o.cell = %(cell)s
          ) e WINDOW w AS (PARTITION BY account ORDER BY sequence)
        ) e WHERE (balance <> before + amount OR sequence <> previous + 1 OR booked_at < booked_before) AND NOT is_opening
        """,
    ),
    Invariant(
        name="ledger_legs_agree",
        english="The legs of a transaction are numbered from 0 without gaps, say the same of it, and agree with their accounts.",
        chinese="同一交易的分录从 0 连续编号、抬头一致，借贷方向与账户一致。",
        sql="""
        SELECT transaction::text AS subject, count(*) AS legs, max(number) AS last FROM ledger.leg WHERE cell = %(cell)s
        GROUP BY transaction
        HAVING (max(number) + 1 <> count(*)
          OR count(DISTINCT (kind, action, business_date, effective_at, booked_at, reference, memo, reverses, hold)) <> 1)
          -- Of a transaction over several books one book may be archived before the other.
          AND NOT EXISTS (SELECT FROM ledger.archived_transaction a WHERE a.cell = %(cell)s AND a.id = leg.transaction)
        UNION ALL
        SELECT l.transaction::text, l.number, l.debit_sign FROM ledger.leg l
        LEFT JOIN ledger.account d ON d.cell = l.cell AND d.id = l.debit
        LEFT JOIN ledger.account c ON c.cell = l.cell AND c.id = l.credit
        WHERE l.cell = %(cell)s AND (d.id IS NULL OR c.id IS NULL OR d.sign <> l.debit_sign OR c.sign <> l.credit_sign
          OR d.book <> c.book OR d.currency <> c.currency)
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
        english="No account is further below zero than its limit allows, what is held counted as spent.",
        chinese="任何账户（含冻结）均未超过其透支限额。",
        sql="""
        SELECT code || '/' || owner AS subject, debits, credits, held_debits, held_credits, overdraft FROM ledger.account
        WHERE cell = %(cell)s AND overdraft IS NOT NULL
          AND sign * (debits - credits) - CASE WHEN sign > 0 THEN held_credits ELSE held_debits END < -overdraft
        """,
    ),
    Invariant(
        name="ledger_holds_equal_legs",
        english="Every hold's amount, captures and releases equal its legs.",
        chinese="每笔冻结的金额、扣款与解冻等于其分录。",
        sql="""
        SELECT h.id::text AS subject, h.amount, h.captured, h.released FROM ledger.hold h
        LEFT JOIN (
          SELECT hold AS id, sum(amount) FILTER (WHERE action = 2) AS captured,
                 sum(amount) FILTER (WHERE action IN (3, 4)) AS released
          FROM ledger.leg WHERE cell = %(cell)s AND hold IS NOT NULL GROUP BY hold) l ON l.id = h.id
        LEFT JOIN ledger.leg o ON o.cell = h.cell AND o.transaction = h.id AND o.number = 0 AND o.action = 1
        LEFT JOIN ledger.archived_hold a ON a.cell = h.cell AND a.id = h.id
        WHERE h.cell = %(cell)s AND (coalesce(o.amount, a.amount) IS DISTINCT FROM h.amount
          OR o.debit <> h.debit OR o.credit <> h.credit
          OR coalesce(l.captured, 0) + coalesce(a.captured, 0) <> h.captured
          OR coalesce(l.released, 0) + coalesce(a.released, 0) <> h.released)
        """,
    ),
    Invariant(
        name="ledger_reversals_within_originals",
        english="No transaction is taken back beyond what it moved.",
        chinese="冲正合计不超过原交易。",
        sql="""
        SELECT r.reverses::text AS subject, r.amount AS reversed, coalesce(o.amount, 0) AS posted FROM (
          SELECT reverses, debit, credit, sum(amount) AS amount FROM ledger.leg
          WHERE cell = %(cell)s AND reverses IS NOT NULL GROUP BY reverses, debit, credit) r
        LEFT JOIN LATERAL (
          SELECT sum(amount) AS amount FROM ledger.leg WHERE cell = %(cell)s AND transaction = r.reverses
            AND debit = r.credit AND credit = r.debit AND action IN (0, 2)) o ON true
        WHERE r.amount > coalesce(o.amount, 0)
          AND NOT EXISTS (SELECT FROM ledger.archived_transaction a WHERE a.cell = %(cell)s AND a.id = r.reverses)
        """,
    ),
    Invariant(
        name="ledger_seals_hold",
        english="Every sealed block is the hash of its header and names the block before it.",
        chinese="每个封存区块的根等于其区块头的哈希，并指向前一区块。",
        sql="SELECT b.book || ' ' || b.number AS subject, encode(b.root, 'hex') AS root FROM ("
        " SELECT *, lag(root) OVER w AS root_before, lag(number, 1, 0::bigint) OVER w AS number_before FROM ledger.block"
        " WHERE cell = %(cell)s WINDOW w AS (PARTITION BY book ORDER BY number)) b"
        " WHERE number <> number_before + 1 OR previous <> coalesce(root_before, decode(repeat('00', 32), 'hex'))"
        " OR root <> " + BLOCK_ROOT,
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
