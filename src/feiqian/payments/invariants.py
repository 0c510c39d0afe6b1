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
          (SELECT channel, currency, sum(amount) AS amount FROM payments.refund
           WHERE cell = %(cell)s AND state NOT IN ('succeeded', 'failed') GROUP BY channel, currency) r
        FULL JOIN (SELECT owner, currency, credits - debits AS balance FROM ledger.account
           WHERE cell = %(cell)s AND code = 'refund.in_transit') a ON a.owner = r.channel AND a.currency = r.currency
        WHERE coalesce(r.amount, 0) <> coalesce(a.balance, 0)
        """,
    ),
    Invariant(
        name="payments_follow_attempts",
        english="A payment is succeeded by exactly one attempt, of its amount and time; the others have no such attempt.",
        chinese="支付成功的订单恰有一次成功的支付尝试，金额与时间一致；其他订单没有。",
        sql="""
        SELECT p.order_no AS subject, p.state, p.attempt, count(a.payment) AS succeeded
        FROM payments.payment p
        LEFT JOIN payments.attempt a ON a.cell = p.cell AND a.payment = p.id AND a.state = 'succeeded'
        WHERE p.cell = %(cell)s GROUP BY p.id, p.order_no, p.state, p.attempt, p.amount, p.currency, p.paid_at
        HAVING count(a.payment) <> (p.state = 'succeeded')::int
          OR bool_or((a.position, a.amount, a.currency, a.paid_at) IS DISTINCT FROM (p.attempt, p.amount, p.currency, p.paid_at))
             AND p.state = 'succeeded'
        """,
    ),
    Invariant(
        name="payments_have_one_way",
        english="No payment has two attempts that the buyer could pay, unless it is paid and they are being closed.",
        chinese="同一笔支付不会有两次可支付的尝试；已支付者，其余正在关闭。",
        sql="""
        SELECT p.order_no AS subject, count(*) AS open FROM payments.payment p
        JOIN payments.attempt a ON a.cell = p.cell AND a.payment = p.id
          AND a.state IN ('created', 'unknown', 'awaiting_payment')
        WHERE p.cell = %(cell)s GROUP BY p.id, p.order_no, p.state
        HAVING count(*) > 1 OR p.state IN ('requires_method', 'closed', 'failed')
        """,
    ),
    Invariant(
        name="suspense_equals_duplicates",
        english="What is in payment.suspense of a channel is the sum of the attempts there that were paid for nothing.",
        chinese="各渠道待处理款余额等于该渠道重复支付的合计。",
        sql="""
        SELECT coalesce(d.channel, a.owner) AS subject, d.amount, a.balance FROM
          (SELECT channel, currency, sum(amount) AS amount FROM payments.attempt
           WHERE cell = %(cell)s AND attention_at IS NOT NULL AND state = 'duplicate' GROUP BY channel, currency) d
        FULL JOIN (SELECT owner, currency, credits - debits AS balance FROM ledger.account
           WHERE cell = %(cell)s AND code = 'payment.suspense') a ON a.owner = d.channel AND a.currency = d.currency
        WHERE coalesce(d.amount, 0) <> coalesce(a.balance, 0)
        """,
    ),
)
