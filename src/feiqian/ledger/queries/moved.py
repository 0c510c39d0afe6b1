"""What legs moved, by account and business date; those in the archive by their totals. Part of statements of SQL."""

from typing import LiteralString

MOVED: LiteralString = (
    " (SELECT s.account, s.debits, s.credits, l.business_date, l.kind, l.transaction, 0::bigint AS archived"
    "  FROM ledger.leg l CROSS JOIN LATERAL"
    "  (VALUES (l.debit, l.amount, 0::bigint), (l.credit, 0::bigint, l.amount)) AS s (account, debits, credits)"
    "  WHERE l.cell = %(cell)s AND l.business_date >= %(first)s AND l.action IN (0, 2)"
    "  UNION ALL"
    "  SELECT account, debits, credits, business_date, kind, NULL::uuid, transactions FROM ledger.archived_total"
    "  WHERE cell = %(cell)s AND business_date >= %(first)s) moved"
)
"""Of %(first)s and later; read through the index of dates."""

OF_THE_HOUSE: LiteralString = " NOT starts_with(a.book, 'own:')"
"""Books of the platform and the funders: whose codes are the chart's, and whose days are closed."""
