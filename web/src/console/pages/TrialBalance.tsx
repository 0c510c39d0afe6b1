import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { trialBalanceQuery } from "../../api/queries";
import type { TrialBalance } from "../../api/types";
import { AppLink } from "../../kit/AppLink";
import { ChoiceFilter, DateFilter, FilterBar } from "../../kit/FilterBar";
import { PageHead, Panel } from "../../kit/layout";
import { Money } from "../../kit/Money";
import { currencyUnit } from "../../kit/money";
import { QueryView } from "../../kit/QueryView";
import { Tag } from "../../kit/StateTag";
import { Empty, SkeletonPage } from "../../kit/states";
import { TrialTable } from "../../kit/TrialTable";
import { useWords } from "../../words";

const route = getRouteApi("/shell/trial-balance");

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

function Sheet({ balance }: { balance: TrialBalance }) {
  const { t, pick } = useWords();
  return (
    <TrialTable
      label={t("trial.title")}
      periods={["trial.opening", "trial.movement", "trial.closing"]}
      currency={balance.currency}
      rows={balance.rows}
      totals={balance.totals}
      rowKey={(row) => row.subject_code}
      subject={(row) => (
        <>
          <span className="mono quiet">{row.subject_code}</span>{" "}
          {pick(row.subject_chinese, row.subject_english)}
        </>
      )}
      differs={(row) => !row.agrees}
      further={[
        {
          head: t("trial.ledger"),
          kind: "figure",
          cell: (row) => <Money minor={row.ledger_closing} currency={balance.currency} />,
        },
        {
          head: t("trial.check"),
          kind: "verdict",
          cell: (row) => (
            <Tag tone={row.agrees ? "good" : "bad"}>
              {row.agrees ? t("trial.rowAgrees") : t("trial.rowDiffers")}
            </Tag>
          ),
        },
      ]}
    />
  );
}
