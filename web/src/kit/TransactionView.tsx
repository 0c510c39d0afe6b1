import type { Transaction } from "../api/types";
import { useWords, wordFor } from "../words";
import { AppLink } from "./AppLink";
import { FlowDiagram } from "./FlowDiagram";
import { LegTable } from "./LegTable";
import { paths } from "./paths";
import { formatInstant } from "./time";

/** A ledger transaction among others: its kind and time, the flow, then debit and credit. */
export function TransactionView({ transaction }: { transaction: Transaction }) {
  const { t } = useWords();
  return (
    <article className="transaction">
      <header>
        <h3>
          <AppLink href={paths.transaction(transaction.id)}>{wordFor("kind", transaction.kind)}</AppLink>
        </h3>
        <span className="quiet">
          {formatInstant(transaction.booked_at)} · {t("ledger.businessDate")} {transaction.business_date}
          {transaction.memo && ` · ${transaction.memo}`}
        </span>
      </header>
      <FlowDiagram legs={transaction.legs} />
      <details className="fold">
        <summary>
          {t("ledger.legs")} · {t("ledger.legCount", { n: transaction.legs.length })}
        </summary>
        <LegTable legs={transaction.legs} />
      </details>
    </article>
  );
}
