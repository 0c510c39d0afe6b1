import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Segmented } from "antd";
import { ledgerTrialQuery, type TrialFilter } from "../../api/ledger";
import type { LedgerTrial, LedgerTrialRow, LedgerTrialSums } from "../../api/types";
import { AppLink } from "../../kit/AppLink";
import { ChoiceFilter, DateFilter, FilterBar } from "../../kit/FilterBar";
import { PageHead, Panel } from "../../kit/layout";
import { Money } from "../../kit/Money";
import { currencyUnit, formatCount } from "../../kit/money";
import { paths } from "../../kit/paths";
import { QueryView } from "../../kit/QueryView";
import { Tag } from "../../kit/StateTag";
import { Empty, SkeletonPage } from "../../kit/states";
import { TableScroll } from "../../kit/TableScroll";
import { bookName, useWords } from "../../words";

const route = getRouteApi("/shell/ledger/trial-balance");

const sums: (keyof LedgerTrialSums)[] = [
  "opening_debit",
  "opening_credit",
  "debit",
  "credit",
  "closing_debit",
  "closing_credit",
];
const periods = ["ledger.trial.opening", "ledger.trial.movement", "ledger.trial.closing"] as const;

type Currency = LedgerTrial["currencies"][number];

export function LedgerTrialBalance() {
  const { t } = useWords();
  const search = route.useSearch();
  const query = useQuery(ledgerTrialQuery(search));
  return (
    <QueryView query={query} skeleton={<SkeletonPage />}>
      {(trial) => (
        <div className="page">
          <PageHead
            title={t("ledger.trial.title")}
            aside={<AppLink href="/trial-balance">{t("ledger.trial.vouchers")}</AppLink>}
          />
          <Filters trial={trial} />
          {trial.currencies.length > 0 && (
            <p className={trial.balanced ? "verdict verdict-good" : "verdict verdict-bad"} role="status">
              <b>{t(trial.balanced ? "ledger.trial.balanced" : "ledger.trial.unbalanced")}</b>{" "}
              {t(trial.balanced ? "ledger.trial.balanced.next" : "ledger.trial.unbalanced.next")}
            </p>
          )}
          {trial.currencies.length === 0 && (
            <Panel>
              <Empty title="empty.ledgerTrial" next="empty.ledgerTrial.next" />
            </Panel>
          )}
          {trial.currencies.map((each) => (
            <Sheet key={each.currency} trial={trial} sheet={each} />
          ))}
        </div>
      )}
    </QueryView>
  );
}

function Filters({ trial }: { trial: LedgerTrial }) {
  const { t } = useWords();
  const navigate = route.useNavigate();
  const set = (changed: TrialFilter) =>
    void navigate({ search: (previous) => ({ ...previous, ...changed }), replace: true });
  const time = trial.by === "booking";
  return (
    <FilterBar filtered={false} onClear={() => undefined}>
      <ChoiceFilter
        required
        label={t("ledger.account.book")}
        value={trial.book}
        options={trial.books.map((book) => ({ value: book, label: bookName(book) }))}
        onChange={(book) => set({ book })}
      />
      <Segmented
        aria-label={t("ledger.balanceAt.moment")}
        value={trial.by}
        options={[
          { value: "business", label: t("ledger.balanceAt.business") },
          { value: "booking", label: t("ledger.balanceAt.booking") },
        ]}
        onChange={(by) => set({ by, from: undefined, to: undefined })}
      />
      <DateFilter
        required
        time={time}
        label={t("ledger.trial.from")}
        value={trial.from}
        onChange={(from) => set({ from, to: trial.to })}
      />
      <DateFilter
        required
        time={time}
        label={t("ledger.trial.to")}
        value={trial.to}
        onChange={(to) => set({ from: trial.from, to })}
      />
    </FilterBar>
  );
}

/** The head of a column in full, for where it stands alone. */
function useLabels(): Record<keyof LedgerTrialSums, string> {
  const { t } = useWords();
  const [debit, credit] = [t("trial.debit"), t("trial.credit")];
  return {
    opening_debit: `${t("ledger.trial.opening")} · ${debit}`,
    opening_credit: `${t("ledger.trial.opening")} · ${credit}`,
    debit: `${t("ledger.trial.movement")} · ${debit}`,
    credit: `${t("ledger.trial.movement")} · ${credit}`,
    closing_debit: `${t("ledger.trial.closing")} · ${debit}`,
    closing_credit: `${t("ledger.trial.closing")} · ${credit}`,
  };
}

function Sheet({ trial, sheet }: { trial: LedgerTrial; sheet: Currency }) {
  const { t, language } = useWords();
  const labels = useLabels();
  return (
    <Panel
      flush
      title={`${bookName(trial.book)} · ${trial.from} – ${trial.to}`}
      aside={
        <>
          {currencyUnit(sheet.currency, language)}
          <Tag tone={sheet.balanced ? "good" : "bad"}>
            {t(sheet.balanced ? "ledger.trial.balanced" : "ledger.trial.unbalanced")}
          </Tag>
        </>
      }
    >
      <div className="table-box narrow-cards">
        <TableScroll label={`${t("ledger.trial.title")} ${sheet.currency}`}>
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
                <th rowSpan={2} scope="col" className="right">
                  {t("ledger.trial.accounts")}
                </th>
              </tr>
              <tr>
                {sums.map((name, index) => (
                  <th key={name} scope="col" className={index % 2 === 0 ? "right side-first" : "right"}>
                    {index % 2 === 0 ? t("trial.debit") : t("trial.credit")}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {sheet.rows.map((row) => (
                <Row key={row.code} row={row} book={trial.book} currency={sheet.currency} />
              ))}
            </tbody>
            <tfoot>
              <tr>
                <th scope="row" className="pinned card-title">
                  {t("common.total")}
                </th>
                {sums.map((name) => (
                  <td key={name} className="right" data-label={labels[name]}>
                    <Money minor={sheet.totals[name]} currency={sheet.currency} />
                  </td>
                ))}
                <td />
              </tr>
            </tfoot>
          </table>
        </TableScroll>
      </div>
    </Panel>
  );
}

function Row({ row, book, currency }: { row: LedgerTrialRow; book: string; currency: string }) {
  const { t, pick } = useWords();
  const labels = useLabels();
  return (
    <tr>
      <th scope="row" className="pinned card-title">
        <AppLink href={paths.accountsOf({ book, code: row.code, currency })}>
          {row.subject_number && <span className="mono quiet">{row.subject_number} </span>}
          {pick(row.chinese, row.english)}
        </AppLink>
      </th>
      {sums.map((name, index) => (
        <td key={name} className={index % 2 === 0 ? "right side-first" : "right"} data-label={labels[name]}>
          <Money minor={row[name]} currency={currency} />
        </td>
      ))}
      <td className="right" data-label={t("ledger.trial.accounts")}>
        {formatCount(row.accounts)}
      </td>
    </tr>
  );
}
