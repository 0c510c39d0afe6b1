"""What must always hold of reconciled days: every query returns the rows that break it, and must return none."""

from feiqian.infra.invariants import Invariant

INVARIANTS = (
    Invariant(
        name="reconciliation_bill_lines_once",
        english="Every line of a bill is in exactly one item of its run.",
        chinese="账单的每一行在该次对账中恰有一条结果。",
        sql="""
        SELECT concat_ws(' ', r.channel, r.day, r.run) AS subject, r.bill_lines, coalesce(i.stored, 0) AS stored
        FROM reconciliation.run r LEFT JOIN (
          SELECT channel, day, run, count(*) AS stored FROM reconciliation.item
          WHERE cell = %(cell)s AND in_bill GROUP BY channel, day, run
        ) i USING (channel, day, run)
        WHERE r.cell = %(cell)s AND coalesce(r.bill_lines, 0) <> coalesce(i.stored, 0)
        """,
    ),
    Invariant(
        name="reconciliation_our_lines_once",
        english="No line of ours stands in two items of the runs that count.",
        chinese="我方每一笔在有效对账结果中至多出现一次。",
        sql="""
        SELECT concat_ws(' ', i.channel, i.kind, i.no) AS subject, count(*) AS items
        FROM reconciliation.day d JOIN reconciliation.item i USING (cell, channel, day, run)
        WHERE d.cell = %(cell)s AND i.in_ours GROUP BY i.channel, i.kind, i.no HAVING count(*) > 1
        """,
    ),
    Invariant(
        name="reconciliation_explained_lines_agree",
        english="Both sides of every explained line have one amount, and are confirmed where money moved.",
        chinese="已核对的每一笔双方金额、币种一致；资金已动者有确认记录。",
        sql="""
        SELECT concat_ws(' ', i.channel, i.day, i.run, i.line) AS subject, i.our_amount, i.their_amount,
               c.amount AS confirmed
        FROM reconciliation.day d JOIN reconciliation.item i USING (cell, channel, day, run)
        LEFT JOIN reconciliation.confirmation c USING (cell, channel, kind, no)
        WHERE d.cell = %(cell)s AND i.in_bill
          AND (i.status = 'matched' OR i.status = 'carried_over' AND i.resolved_on IS NOT NULL)
          AND ((i.our_amount, i.our_currency) IS DISTINCT FROM (i.their_amount, i.their_currency)
            OR i.their_state <> 'failed' AND c.amount IS DISTINCT FROM i.their_amount)
        """,
    ),
    Invariant(
        name="reconciliation_settlements_equal_lines",
        english="Every settlement by a channel lowers what it owes by the lines that the same run confirmed.",
        chinese="每笔渠道结算冲减的应收等于该次对账新确认的各笔净额。",
        sql="""
        WITH line AS (
          SELECT channel, resolved_on AS day, run, currency,
                 sum(CASE kind WHEN 'refund' THEN -amount ELSE amount END) AS net, sum(fee) AS fee
          FROM reconciliation.confirmation WHERE cell = %(cell)s GROUP BY channel, resolved_on, run, currency
        ), leg AS (
          SELECT r.channel, r.day, r.run, a.currency,
                 sum(s.amount) FILTER (WHERE a.code = 'channel.receivable') AS net,
                 -sum(s.amount) FILTER (WHERE a.code = 'platform.channel_cost') AS fee
          FROM reconciliation.run r
          CROSS JOIN LATERAL (
            SELECT credit AS account, amount FROM ledger.leg WHERE cell = r.cell AND transaction = r.settlement
            UNION ALL SELECT debit, -amount FROM ledger.leg WHERE cell = r.cell AND transaction = r.settlement) s
          JOIN ledger.account a ON a.cell = r.cell AND a.id = s.account
          WHERE r.cell = %(cell)s GROUP BY r.channel, r.day, r.run, a.currency
        ), archived AS (
          SELECT r.channel, r.day, r.run FROM reconciliation.run r
          JOIN ledger.archived_transaction x ON x.cell = r.cell AND x.id = r.settlement WHERE r.cell = %(cell)s
        )
        SELECT concat_ws(' ', channel, day, run, currency) AS subject, line.net AS line_net, leg.net AS leg_net,
               line.fee AS line_fee, leg.fee AS leg_fee
        FROM line FULL JOIN leg USING (channel, day, run, currency)
        WHERE (coalesce(line.net, 0) <> coalesce(leg.net, 0) OR coalesce(line.fee, 0) <> coalesce(leg.fee, 0))
          AND (channel, day, run) NOT IN (SELECT channel, day, run FROM archived)
        """,
    ),
    Invariant(
        name="reconciliation_settles_every_settlement",
        english="Every ledger transaction of the kind channel_settlement belongs to a run.",
        chinese="账本中每笔渠道结算都对应一次对账。",
        sql="""
        SELECT t.transaction::text AS subject, t.reference FROM ledger.leg t
        JOIN ledger.account a ON a.cell = t.cell AND a.id = t.debit AND NOT starts_with(a.book, 'own:')
        LEFT JOIN reconciliation.run r ON r.cell = t.cell AND r.settlement = t.transaction
        WHERE t.cell = %(cell)s AND t.kind = 'channel_settlement' AND t.number = 0 AND r.run IS NULL
        """,
    ),
)
