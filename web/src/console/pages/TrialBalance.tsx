import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { trialBalanceQuery } from "../../api/queries";
import type { TrialBalance, TrialBalanceRow, TrialBalanceSums } from "../../api/types";
import { AppLink } from "../../kit/AppLink";
import { ChoiceFilter, DateFilter, FilterBar } from "../../kit/FilterBar";
import { PageHead, Panel } from "../../kit/layout";
import { Money } from "../../kit/Money";
import { currencyUnit } from "../../kit/money";
import { QueryView } from "../../kit/QueryView";
import { Tag } from "../../kit/StateTag";
import { Empty, SkeletonPage } from "../../kit/states";
import { TableScroll } from "../../kit/TableScroll";
import { useWords } from "../../words";

const route = getRouteApi("/shell/trial-balance");

const sums: (keyof TrialBalanceSums)[] = [
  "opening_debit",
  "opening_credit",
  "debit",
  "credit",
  "closing_debit",
  "closing_credit",
];

export function TrialBalancePage() {
  const { t, language } = useWords();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(trialBalanceQuery(search));
  return (
    <QueryView query={query} skeleton={<SkeletonPage />}>
      {(balance) => (
        <div className="page">
          <PageHead
            title={t("trial.title")}
            aside={<AppLink href={`/vouchers?date=${balance.date}`}>{t("trial.vouchers")}</AppLink>}
          />
          <FilterBar filtered={false} onClear={() => undefined}>
            <DateFilter
              required
              label={t("common.date")}
              value={balance.date}
              onChange={(date) => void navigate({ search: { ...search, date }, replace: true })}
            />
            <ChoiceFilter
              required
              label={t("trial.book")}
              value={balance.book}
              options={balance.books.map((book) => ({ value: book.book, label: book.name }))}
              onChange={(book) => void navigate({ search: { ...search, book }, replace: true })}
            />
          </FilterBar>
          <p className={balance.agrees ? "verdict verdict-good" : "verdict verdict-bad"} role="status">
            <b>{balance.agrees ? t("trial.agrees") : t("trial.differs")}</b>{" "}
            {balance.agrees ? t("trial.agrees.next") : t("trial.differs.next")}
          </p>
          <Panel flush title={balance.date} aside={currencyUnit(balance.currency, language)}>
            {balance.rows.length === 0 ? (
              <Empty title="empty.trialBalance" next="empty.trialBalance.next" />
            ) : (
              <Sheet balance={balance} />
            )}
          </Panel>
        </div>
      )}
    </QueryView>
  );
}

/** The head of a column in full, for where it stands alone. */
function useLabels(): Record<keyof TrialBalanceSums, string> {
  const { t } = useWords();
  const [debit, credit] = [t("trial.debit"), t("trial.credit")];
  return {
    opening_debit: `${t("trial.opening")} · ${debit}`,
    opening_credit: `${t("trial.opening")} · ${credit}`,
    debit: `${t("trial.movement")} · ${debit}`,
    credit: `${t("trial.movement")} · ${credit}`,
    closing_debit: `${t("trial.closing")} · ${debit}`,
    closing_credit: `${t("trial.closing")} · ${credit}`,
  };
}

function Sheet({ balance }: { balance: TrialBalance }) {
  const { t } = useWords();
  const labels = useLabels();
  return (
    <div className="table-box narrow-cards">
      <TableScroll label={t("trial.title")}>
        <table className="trial">
          <thead>
            <tr>
              <th rowSpan={2} scope="col" className="pinned">
                {t("trial.subject")}
              </th>
              {(["trial.opening", "trial.movement", "trial.closing"] as const).map((key) => (
                <th key={key} colSpan={2} scope="colgroup" className="side-head">
                  {t(key)}
                </th>
              ))}
              <th rowSpan={2} scope="col" className="right">
                {t("trial.ledger")}
              </th>
              <th rowSpan={2} scope="col">
                {t("trial.check")}
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
            {balance.rows.map((row) => (
              <Row key={row.subject_code} row={row} currency={balance.currency} />
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row" className="pinned card-title">
                {t("common.total")}
              </th>
              {sums.map((name) => (
                <td key={name} className="right" data-label={labels[name]}>
                  <Money minor={balance.totals[name]} currency={balance.currency} />
                </td>
              ))}
              <td />
              <td />
            </tr>
          </tfoot>
        </table>
      </TableScroll>
    </div>
  );
}

function Row({ row, currency }: { row: TrialBalanceRow; currency: string }) {
  const { t, pick } = useWords();
  const labels = useLabels();
  return (
    <tr className={row.agrees ? undefined : "row-differs"}>
      <th scope="row" className="pinned card-title">
        <span className="mono quiet">{row.subject_code}</span>{" "}
        {pick(row.subject_chinese, row.subject_english)}
      </th>
      {sums.map((name, index) => (
        <td key={name} className={index % 2 === 0 ? "right side-first" : "right"} data-label={labels[name]}>
          <Money minor={row[name]} currency={currency} />
        </td>
      ))}
      <td className="right" data-label={t("trial.ledger")}>
        <Money minor={row.ledger_closing} currency={currency} />
      </td>
      <td className="card-aside">
        <Tag tone={row.agrees ? "good" : "bad"}>
          {row.agrees ? t("trial.rowAgrees") : t("trial.rowDiffers")}
        </Tag>
      </td>
    </tr>
  );
}
