import type { CreditDecision, CreditReason } from "../api/types";
import { useWords, wordFor } from "../words";
import { Facts } from "./layout";
import { Money } from "./Money";
import { formatCount, formatPercent } from "./money";
import { StateTag } from "./StateTag";
import { formatDay, formatInstant } from "./time";

/** A fact of a decision in its own unit, which its name tells: a rate, a number of days, an amount, a count. */
export function FactValue({ name, value, currency }: { name: string; value: unknown; currency: string }) {
  const { t } = useWords();
  if (value === null || value === undefined) return <>–</>;
  const number = Number(value);
  if (!Number.isFinite(number) || value === "" || typeof value === "boolean") return <>{String(value)}</>;
  if (/rate|share|ratio/.test(name)) return <>{formatPercent(number)}</>;
  if (/days/.test(name)) return <>{t("common.days", { n: formatCount(number) })}</>;
  if (/volume|gross|refunded|limit|amount/.test(name)) {
    return <Money minor={number} currency={currency} />;
  }
  return <>{formatCount(number)}</>;
}

type Verdict = "passed" | "failed" | "unknown";

const marks: Record<Verdict, string> = { passed: "✓", failed: "✕", unknown: "?" };

function verdictOf(reason: CreditReason): Verdict {
  if (reason.value === null) return "unknown";
  return reason.passed ? "passed" : "failed";
}

/** A credit decision that explains itself: the outcome, every rule in a sentence, the facts. */
export function CreditView({ decision, currency }: { decision: CreditDecision; currency: string }) {
  const { t, pick } = useWords();
  return (
    <div className="credit">
      <div className="credit-head">
        <StateTag kind="credit.outcome" state={decision.outcome} />
        <span>
          {t("credit.limit")}{" "}
          <b>
            <Money minor={decision.limit} currency={currency} />
          </b>
        </span>
        <span>
          {t("credit.available")}{" "}
          <b>
            <Money minor={decision.available} currency={currency} />
          </b>
        </span>
      </div>
      <h3>{t("credit.reasons")}</h3>
      <ul className="reasons">
        {decision.reasons.map((reason) => (
          <li key={reason.code} className={`reason-${verdictOf(reason)}`}>
            <span role="img" aria-label={t(`credit.${verdictOf(reason)}`)}>
              {marks[verdictOf(reason)]}
            </span>
            <div>
              {pick(reason.chinese, reason.english)}
              {!reason.passed && <small className="mono">{reason.code}</small>}
            </div>
          </li>
        ))}
      </ul>
      <details className="fold">
        <summary>{t("credit.facts")}</summary>
        <Facts
          narrow
          items={[
            ...Object.entries(decision.facts).map(([name, value]): [string, React.ReactNode] => [
              wordFor("fact", name),
              <FactValue key={name} name={name} value={value} currency={currency} />,
            ]),
            [t("credit.decidedAt"), formatInstant(decision.decided_at)],
            [t("credit.validUntil"), decision.valid_until ? formatDay(decision.valid_until) : "–"],
            [t("credit.rules"), decision.rules_version],
          ]}
        />
      </details>
    </div>
  );
}
