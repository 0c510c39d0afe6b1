import type { Entry } from "../api/types";
import { useWords, wordFor } from "../words";
import { AppLink } from "./AppLink";
import { type Column, DataTable } from "./DataTable";
import { Money } from "./Money";
import { currencyUnit } from "./money";
import { paths } from "./paths";
import { Reference } from "./Reference";
import { Empty } from "./states";
import { formatInstant } from "./time";

/** An account as its owner reads it: every entry with the balance after it, newest first. */
export function StatementTable({ entries, currency }: { entries: Entry[]; currency: string }) {
  const { t, language } = useWords();
  const unit = currencyUnit(currency, language);
  const columns: Column<Entry>[] = [
    {
      key: "kind",
      title: t("statement.kind"),
      card: "title",
      cell: (entry) => (
        <AppLink href={paths.transaction(entry.transaction_id)}>{wordFor("kind", entry.kind)}</AppLink>
      ),
    },
    {
      key: "bookedAt",
      title: t("statement.bookedAt"),
      cell: (entry) => <span className="nowrap">{formatInstant(entry.booked_at)}</span>,
    },
    {
      key: "businessDate",
      title: t("statement.businessDate"),
      card: "hidden",
      optional: true,
      cell: (entry) => <span className="nowrap">{entry.business_date}</span>,
    },
    {
      key: "reference",
      title: t("statement.reference"),
      cell: (entry) => <Reference reference={entry.reference} memo={entry.memo} />,
    },
    {
      key: "in",
      title: t("statement.in"),
      unit,
      align: "right",
      card: "hidden",
      cell: (entry) =>
        entry.amount > 0 && (
          <Money minor={entry.amount} currency={currency} transaction={entry.transaction_id} />
        ),
    },
    {
      key: "out",
      title: t("statement.out"),
      unit,
      align: "right",
      card: "hidden",
      cell: (entry) =>
        entry.amount < 0 && (
          <Money minor={-entry.amount} currency={currency} transaction={entry.transaction_id} />
        ),
    },
    {
      key: "movement",
      title: t("ledger.amount"),
      align: "right",
      card: "aside-only",
      cell: (entry) => <Money minor={entry.amount} currency={currency} movement />,
    },
    {
      key: "balance",
      title: t("statement.balance"),
      unit,
      align: "right",
      cell: (entry) => (
        <b>
          <Money minor={entry.balance} currency={currency} transaction={entry.transaction_id} />
        </b>
      ),
    },
    {
      key: "sequence",
      title: t("statement.sequence"),
      align: "right",
      card: "hidden",
      optional: true,
      cell: (entry) => <span className="quiet">{entry.sequence}</span>,
    },
  ];
  return (
    <DataTable
      label={t("merchant.statement")}
      columns={columns}
      rows={entries}
      rowKey={(entry) => entry.sequence}
      settings="statement"
      empty={<Empty title="empty.statement" next="empty.statement.next" />}
    />
  );
}
