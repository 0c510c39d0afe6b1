import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { transactionQuery } from "../../api/queries";
import type { Transaction } from "../../api/types";
import { CopyId } from "../../kit/CopyId";
import { FlowDiagram } from "../../kit/FlowDiagram";
import { LegTable } from "../../kit/LegTable";
import { Facts, PageHead, Panel } from "../../kit/layout";
import { currencySign, currencyUnit, formatMoney } from "../../kit/money";
import { QueryView } from "../../kit/QueryView";
import { Reference } from "../../kit/Reference";
import { SkeletonPage } from "../../kit/states";
import { formatInstant } from "../../kit/time";
import { useWords, wordFor } from "../../words";

const route = getRouteApi("/shell/transactions/$id");

export function TransactionPage() {
  const { id } = route.useParams();
  const query = useQuery(transactionQuery(id));
  return (
    <QueryView query={query} skeleton={<SkeletonPage />}>
      {(transaction) => <Content transaction={transaction} />}
    </QueryView>
  );
}

function Content({ transaction }: { transaction: Transaction }) {
  const { t, language } = useWords();
  const currency = transaction.legs[0]?.currency ?? "CNY";
  const sum = transaction.legs.reduce((total, leg) => total + leg.amount, 0);
  return (
    <div className="page">
      <PageHead
        over={t("ledger.transaction")}
        title={wordFor("kind", transaction.kind)}
        below={<CopyId value={transaction.id} />}
        aside={
          <span className="page-amount money" data-minor={sum} data-currency={currency}>
            <small>{currencySign(currency)}</small>
            {formatMoney(sum, currency)}
          </span>
        }
      />
      <Panel>
        <Facts
          items={[
            [t("ledger.businessDate"), transaction.business_date],
            [t("ledger.bookedAt"), formatInstant(transaction.booked_at)],
            [
              t("ledger.reference"),
              <Reference key="reference" reference={transaction.reference} memo={transaction.memo} />,
            ],
            [t("ledger.memo"), transaction.memo || "–"],
          ]}
        />
      </Panel>
      <Panel title={t("ledger.flow")} aside={currencyUnit(currency, language)}>
        <FlowDiagram legs={transaction.legs} />
      </Panel>
      <Panel flush title={t("ledger.legs")}>
        <LegTable legs={transaction.legs} />
      </Panel>
    </div>
  );
}
