"""What must always hold in payments; every query returns the rows that break it."""

from feiqian.infra.invariants import Invariant

INVARIANTS = (
    Invariant(
        name="payment_shares_add_up",
        english="The shares of every payment add up to its amount, their fees to its fee.",
        chinese="每笔支付的分账合计等于支付金额，手续费合计等于支付手续费。",
        sql="""
        SELECT p.order_no AS subject, p.amount, sum(s.amount) AS shares, p.fee, sum(s.fee) AS fees
        FROM payments.payment p LEFT JOIN payments.share s ON s.cell = p.cell AND s.payment = p.id
        WHERE p.cell = %(cell)s GROUP BY p.id, p.order_no, p.amount, p.fee
        HAVING p.amount IS DISTINCT FROM sum(s.amount) OR p.fee IS DISTINCT FROM sum(s.fee)
        """,
    ),
    Invariant(
        name="payments_equal_ledger",
        english="Succeeded payments add up to what the ledger posted as payments, and so many there are.",
        chinese="支付成功的订单笔数与金额等于总账入账的笔数与金额。",
        sql="""
        SELECT 'payments' AS subject, p.count, p.amount, l.count AS ledger_count, l.amount AS ledger_amount
        FROM (SELECT count(*), coalesce(sum(amount), 0) AS amount FROM payments.payment
              WHERE cell = %(cell)s AND state = 'succeeded') p
        CROSS JOIN (SELECT sum(count) AS count, sum(amount) AS amount FROM (
              SELECT count(DISTINCT l.transaction) AS count, coalesce(sum(l.amount), 0) AS amount FROM ledger.leg l
              JOIN ledger.account a ON a.cell = l.cell AND a.id = l.debit AND a.code = 'channel.receivable'
              WHERE l.cell = %(cell)s AND l.kind = 'payment'
              UNION ALL SELECT coalesce(sum(t.transactions), 0), coalesce(sum(t.debits), 0) FROM ledger.archived_total t
              JOIN ledger.account a ON a.cell = t.cell AND a.id = t.account AND a.code = 'channel.receivable'
              WHERE t.cell = %(cell)s AND t.kind = 'payment') m) l
        WHERE p.count <> l.count OR p.amount <> l.amount
        """,
    ),
    Invariant(
        name="refunds_within_payment",
        english="The refunds of a payment that did not fail never exceed it.",
        chinese="未失败的退款合计不超过支付金额。",
        sql="""
        SELECT p.order_no AS subject, p.amount, sum(r.amount) AS refunded
        FROM payments.payment p JOIN payments.refund r ON r.cell = p.cell AND r.payment = p.id
        WHERE p.cell = %(cell)s AND r.state <> 'failed'
        GROUP BY p.id, p.order_no, p.amount HAVING sum(r.amount) > p.amount
        """,
    ),
    Invariant(
        name="refund_parts_add_up",
        english="What a refund takes from the fee and the shares adds up to it.",
        chinese="退款从手续费与各分账收回的金额合计等于退款金额。",
        sql="""
        SELECT refund_no AS subject, amount, fee, parts FROM payments.refund
        WHERE cell = %(cell)s AND amount <> fee + (SELECT coalesce(sum(x), 0) FROM unnest(parts) x)
        """,
    ),
    Invariant(
        name="transit_equals_open_refunds",
        english="Money in transit is the sum of the refunds that are neither succeeded nor failed.",
        chinese="在途退款余额等于未完结退款合计。",
        sql="""
        SELECT coalesce(r.channel, a.owner) AS subject, r.amount, a.balance FROM
          (SELECT p.channel, p.currency, sum(r.amount) AS amount FROM payments.refund r
           JOIN payments.payment p ON p.cell = r.cell AND p.id = r.payment
           WHERE r.cell = %(cell)s AND r.state NOT IN ('succeeded', 'failed') GROUP BY p.channel, p.currency) r
        FULL JOIN (SELECT owner, currency, credits - debits AS balance FROM ledger.account
           WHERE cell = %(cell)s AND code = 'refund.in_transit') a ON a.owner = r.channel AND a.currency = r.currency
        WHERE coalesce(r.amount, 0) <> coalesce(a.balance, 0)
        """,
    ),
)
