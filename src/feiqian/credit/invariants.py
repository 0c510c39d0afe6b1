"""What must always hold in credit: every query returns the rows that break it."""

from feiqian.infra.invariants import Invariant

INVARIANTS = (
    Invariant(
        name="credit_line_is_newest_decision",
        english="Every line names its merchant's newest decision.",
        chinese="每个授信额度对应该商户最新的授信决策。",
        sql="""
        SELECT l.merchant::text AS subject, l.currency, l.decision::text AS decision FROM credit.line l
        LEFT JOIN credit.decision d ON d.cell = l.cell AND d.id = l.decision
          AND d.merchant = l.merchant AND d.currency = l.currency
        WHERE l.cell = %(cell)s AND (d.id IS NULL OR EXISTS (
          SELECT FROM credit.decision n WHERE n.cell = l.cell AND n.merchant = l.merchant AND n.currency = l.currency
            AND n.decided_at > d.decided_at))
        """,
    ),
    Invariant(
        name="credit_limit_is_explained",
        english="A limit is granted only where every rule was passed, and by rules that exist.",
        chinese="仅当全部规则通过且规则版本存在时才授予额度。",
        sql="""
        SELECT d.id::text AS subject, d.outcome, d.line_limit FROM credit.decision d
        WHERE d.cell = %(cell)s AND (
          NOT EXISTS (SELECT FROM credit.rule_set r WHERE r.version = d.rules_version AND r.valid_from <= d.decided_on)
          OR (d.line_limit > 0 AND EXISTS (
            SELECT FROM jsonb_array_elements(d.reasons) reason WHERE NOT (reason ->> 'passed')::boolean)))
        """,
    ),
)
