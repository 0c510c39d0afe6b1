import type { Loan } from "../api/types";
import { useWords } from "../words";
import { type Column, DataTable } from "./DataTable";
import { Money } from "./Money";
import { currencyUnit, formatPercent } from "./money";
import { paths } from "./paths";
import { StateTag } from "./StateTag";
import { Empty } from "./states";

/** What is still owed on a loan: principal, interest and penalty. */
export function outstanding(loan: Loan): number {
  return loan.principal_outstanding + loan.interest_outstanding + loan.penalty_outstanding;
}

/** Loans of many merchants, or of one, whose name then need not be repeated. */
export function LoanTable(props: { loans: Loan[]; filtered?: boolean; ofMerchant?: boolean }) {
  const { loans, filtered = false, ofMerchant = false } = props;
  const { t, language } = useWords();
  const unit = currencyUnit(loans[0]?.currency ?? "CNY", language);
  const columns: Column<Loan>[] = [
    {
      key: "no",
      title: t("loan.no"),
      card: "title",
      cell: (loan) => <span className="nowrap">{loan.loan_no}</span>,
    },
    {
      key: "state",
      title: t("loan.state"),
      cell: (loan) => <StateTag kind="loan.state" state={loan.state} />,
    },
    {
      key: "merchant",
      title: t("loan.merchant"),
      cell: (loan) => (
        <span>
          {loan.merchant_name ?? loan.merchant_no}{" "}
          {loan.merchant_name && <span className="quiet">{loan.merchant_no}</span>}
        </span>
      ),
    },
    {
      key: "principal",
      title: t("loan.principal"),
      unit,
      align: "right",
      cell: (loan) => <Money minor={loan.principal} currency={loan.currency} />,
    },
    {
      key: "outstanding",
      title: t("loan.outstanding"),
      unit,
      align: "right",
      card: "aside",
      cell: (loan) => <Money minor={outstanding(loan)} currency={loan.currency} />,
    },
    {
      key: "interest",
      title: t("loan.interestAccrued"),
      unit,
      align: "right",
      card: "hidden",
      optional: true,
      cell: (loan) => <Money minor={loan.interest_accrued} currency={loan.currency} />,
    },
    {
      key: "rate",
      title: t("loan.annualRate"),
      align: "right",
      card: "hidden",
      optional: true,
      cell: (loan) => formatPercent(loan.annual_rate, 4),
    },
    { key: "funder", title: t("loan.funder"), card: "hidden", optional: true, cell: (loan) => loan.funder },
    {
      key: "drawnOn",
      title: t("loan.drawnOn"),
      card: "hidden",
      cell: (loan) => <span className="nowrap">{loan.drawn_on}</span>,
    },
    { key: "dueOn", title: t("loan.dueOn"), cell: (loan) => <span className="nowrap">{loan.due_on}</span> },
  ];
  return (
    <DataTable
      label={t("loan.title")}
      columns={ofMerchant ? columns.filter((column) => column.key !== "merchant") : columns}
      rows={loans}
      rowKey={(loan) => loan.id}
      href={(loan) => paths.loan(loan.id)}
      settings="loans"
      empty={
        filtered ? (
          <Empty title="empty.filtered" next="empty.filtered.next" />
        ) : (
          <Empty title="empty.loans" next="empty.loans.next" />
        )
      }
    />
  );
}
