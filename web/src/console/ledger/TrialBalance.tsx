import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Segmented } from "antd";
import { ledgerTrialQuery, type TrialFilter } from "../../api/ledger";
import type { LedgerTrial } from "../../api/types";
import { AppLink } from "../../kit/AppLink";
import { ChoiceFilter, DateFilter, FilterBar } from "../../kit/FilterBar";
import { PageHead, Panel } from "../../kit/layout";
import { currencyUnit, formatCount } from "../../kit/money";
import { paths } from "../../kit/paths";
import { QueryView } from "../../kit/QueryView";
import { Tag } from "../../kit/StateTag";
import { Empty, SkeletonPage } from "../../kit/states";
import { TrialTable } from "../../kit/TrialTable";
import { bookName, useWords } from "../../words";

const route = getRouteApi("/shell/ledger/trial-balance");

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

function Sheet({ trial, sheet }: { trial: LedgerTrial; sheet: Currency }) {
  const { t, language, pick } = useWords();
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
      <TrialTable
        label={`${t("ledger.trial.title")} ${sheet.currency}`}
        periods={["ledger.trial.opening", "ledger.trial.movement", "ledger.trial.closing"]}
        currency={sheet.currency}
        rows={sheet.rows}
        totals={sheet.totals}
        rowKey={(row) => row.code}
        subject={(row) => (
          <AppLink href={paths.accountsOf({ book: trial.book, code: row.code, currency: sheet.currency })}>
            {row.subject_number && <span className="mono quiet">{row.subject_number} </span>}
            {pick(row.chinese, row.english)}
          </AppLink>
        )}
        further={[
          { head: t("ledger.trial.accounts"), kind: "figure", cell: (row) => formatCount(row.accounts) },
        ]}
      />
    </Panel>
  );
}
