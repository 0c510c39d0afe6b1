import type { ReactNode } from "react";
import type { TrialSums } from "../api/types";
import { type Key, useWords } from "../words";
import { Money } from "./Money";
import { TableScroll } from "./TableScroll";

const sums = [
  { name: "opening_debit", period: 0, side: "trial.debit" },
  { name: "opening_credit", period: 0, side: "trial.credit" },
  { name: "debit", period: 1, side: "trial.debit" },
  { name: "credit", period: 1, side: "trial.credit" },
  { name: "closing_debit", period: 2, side: "trial.debit" },
  { name: "closing_credit", period: 2, side: "trial.credit" },
] as const;

/** A column behind the six of the trial balance. */
interface FurtherColumn<Row> {
  head: string;
  /** A figure is right-aligned; a verdict stands in the corner where rows are cards. */
  kind: "figure" | "verdict";
  cell: (row: Row) => ReactNode;
}

interface Props<Row extends TrialSums> {
  label: string;
  /** The heads of opening, movement and closing. */
  periods: readonly [Key, Key, Key];
  currency: string;
  rows: Row[];
  totals: TrialSums;
  rowKey: (row: Row) => string;
  subject: (row: Row) => ReactNode;
  further: FurtherColumn<Row>[];
  differs?: (row: Row) => boolean;
}

/** A trial balance: opening, movement and closing of every subject, debits beside credits. */
export function TrialTable<Row extends TrialSums>(props: Props<Row>) {
  const { t } = useWords();
  const { periods, currency, rows, totals, further } = props;
  const columns = sums.map(({ name, period, side }) => ({
    name,
    side: t(side),
    /** The head in full, for where it stands alone. */
    label: `${t(periods[period])} · ${t(side)}`,
    className: side === "trial.debit" ? "right side-first" : "right",
  }));
  return (
    <div className="table-box narrow-cards">
      <TableScroll label={props.label}>
        <table className="trial">
          <thead>
            <tr>
              <th rowSpan={2} scope="col" className="pinned">
                {t("trial.subject")}
              </th>
              {periods.map((key) => (
                <th key={key} colSpan={2} scope="colgroup" className="side-head">
                  {t(key)}
                </th>
              ))}
              {further.map(({ head, kind }) => (
                <th key={head} rowSpan={2} scope="col" className={kind === "figure" ? "right" : undefined}>
                  {head}
                </th>
              ))}
            </tr>
            <tr>
              {columns.map(({ name, side, className }) => (
                <th key={name} scope="col" className={className}>
                  {side}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={props.rowKey(row)} className={props.differs?.(row) ? "row-differs" : undefined}>
                <th scope="row" className="pinned card-title">
                  {props.subject(row)}
                </th>
                {columns.map(({ name, label, className }) => (
                  <td key={name} className={className} data-label={label}>
                    <Money minor={row[name]} currency={currency} />
                  </td>
                ))}
                {further.map(({ head, kind, cell }) => (
                  <td key={head} className={kind === "figure" ? "right" : "card-aside"} data-label={head}>
                    {cell(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row" className="pinned card-title">
                {t("common.total")}
              </th>
              {columns.map(({ name, label }) => (
                <td key={name} className="right" data-label={label}>
                  <Money minor={totals[name]} currency={currency} />
                </td>
              ))}
              {further.map(({ head }) => (
                <td key={head} />
              ))}
            </tr>
          </tfoot>
        </table>
      </TableScroll>
    </div>
  );
}
