import { useQuery } from "@tanstack/react-query";
import { fundersQuery } from "../../api/queries";
import type { Funder } from "../../api/types";
import { type Column, DataTable } from "../../kit/DataTable";
import { PageHead, Panel } from "../../kit/layout";
import { Money } from "../../kit/Money";
import { currencyUnit, formatCount } from "../../kit/money";
import { QueryView } from "../../kit/QueryView";
import { Empty, SkeletonTable } from "../../kit/states";
import { useWords } from "../../words";

type Amount =
  | "deposited"
  | "available"
  | "principal_outstanding"
  | "interest_receivable"
  | "penalty_receivable"
  | "interest_income"
  | "penalty_income";

export function Funders() {
  const { t, language } = useWords();
  const query = useQuery(fundersQuery);
  const amount = (key: Amount, title: string, card?: "aside"): Column<Funder> => ({
    key,
    title,
    unit: currencyUnit("CNY", language),
    align: "right",
    card,
    cell: (funder) => <Money minor={funder[key]} currency={funder.currency} />,
  });
  const columns: Column<Funder>[] = [
    { key: "name", title: t("funder.name"), card: "title", cell: (funder) => funder.name },
    { key: "no", title: t("funder.no"), cell: (funder) => funder.funder_no },
    amount("deposited", t("funder.deposited")),
    amount("available", t("funder.available"), "aside"),
    amount("principal_outstanding", t("funder.principal")),
    {
      key: "loans",
      title: t("funder.loansActive"),
      align: "right",
      cell: (funder) => formatCount(funder.loans_active),
    },
    amount("interest_receivable", t("funder.interestReceivable")),
    amount("penalty_receivable", t("funder.penaltyReceivable")),
    amount("interest_income", t("funder.interestIncome")),
    amount("penalty_income", t("funder.penaltyIncome")),
  ];
  return (
    <div className="page">
      <PageHead title={t("funder.title")} />
      <Panel flush>
        <QueryView query={query} skeleton={<SkeletonTable rows={3} />}>
          {(page) => (
            <DataTable
              label={t("funder.title")}
              columns={columns}
              rows={page.items}
              rowKey={(funder) => funder.funder_no}
              empty={<Empty title="empty.funders" next="empty.funders.next" />}
            />
          )}
        </QueryView>
      </Panel>
    </div>
  );
}
