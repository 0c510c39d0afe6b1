import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Segmented } from "antd";
import { merchantQuery, statementQuery } from "../../api/queries";
import type { MerchantPage as MerchantPageData } from "../../api/types";
import { AppLink } from "../../kit/AppLink";
import { ChartPanel } from "../../kit/Chart";
import { CopyId } from "../../kit/CopyId";
import { CreditView } from "../../kit/CreditView";
import { Figures, MoneyFigure } from "../../kit/Figure";
import { LoanTable } from "../../kit/LoanTable";
import { PageHead, Panel } from "../../kit/layout";
import { formatPercent } from "../../kit/money";
import { Pager } from "../../kit/Pager";
import { paths } from "../../kit/paths";
import { QueryView } from "../../kit/QueryView";
import { StatementTable } from "../../kit/StatementTable";
import { Empty, SkeletonPage, SkeletonTable } from "../../kit/states";
import { formatShortDate } from "../../kit/time";
import { useWords } from "../../words";

const route = getRouteApi("/shell/merchants/$merchantNo");

export function MerchantPage() {
  const { merchantNo } = route.useParams();
  const query = useQuery(merchantQuery(merchantNo));
  return (
    <QueryView query={query} skeleton={<SkeletonPage />}>
      {(page) => <Content page={page} />}
    </QueryView>
  );
}

function Content({ page }: { page: MerchantPageData }) {
  const { t } = useWords();
  const { merchant, currency, credit } = page;
  return (
    <div className="page">
      <PageHead
        over={<AppLink href="/merchants">{t("merchant.title")}</AppLink>}
        title={merchant.name}
        below={
          <>
            {t("merchant.no")} <CopyId value={merchant.merchant_no} /> · <CopyId value={merchant.id} short />
          </>
        }
        aside={
          <AppLink href={paths.paymentsOf({ merchant_no: merchant.merchant_no })}>
            {t("merchant.payments")}
          </AppLink>
        }
      />
      <Figures>
        <MoneyFigure
          label={t("merchant.available")}
          minor={page.available}
          currency={currency}
          href={`${paths.merchant(merchant.merchant_no)}?account=available`}
        />
        <MoneyFigure
          label={t("merchant.pending")}
          minor={page.pending}
          currency={currency}
          href={`${paths.merchant(merchant.merchant_no)}?account=pending`}
        />
        <MoneyFigure
          label={t("merchant.loanOutstanding")}
          minor={page.loan_outstanding}
          currency={currency}
        />
        {credit && (
          <MoneyFigure
            label={t("credit.available")}
            minor={credit.available}
            currency={currency}
            note={
              credit.limit > 0 &&
              t("credit.used", {
                percent: formatPercent((credit.limit - credit.available) / credit.limit, 1),
              })
            }
          />
        )}
      </Figures>
      <div className="columns columns-even">
        <BalanceChart page={page} />
        <Panel title={t("credit.title")}>
          {credit ? (
            <CreditView decision={credit} currency={currency} />
          ) : (
            <Empty title="empty.credit" next="empty.credit.next" />
          )}
        </Panel>
      </div>
      {page.loans.length > 0 && (
        <Panel flush title={t("merchant.loans")}>
          <LoanTable loans={page.loans} ofMerchant />
        </Panel>
      )}
      <Statement merchantNo={merchant.merchant_no} currency={currency} />
    </div>
  );
}

function BalanceChart({ page }: { page: MerchantPageData }) {
  const { t } = useWords();
  const days = page.balance_by_day;
  return (
    <ChartPanel
      title={t("merchant.balanceByDay")}
      category={t("common.date")}
      height={300}
      href={(index) => {
        const date = days[index]?.date ?? "";
        return paths.paymentsOf({ merchant_no: page.merchant.merchant_no, from: date, to: date });
      }}
      data={{
        currency: page.currency,
        categories: days.map((day) => formatShortDate(day.date)),
        series: [
          {
            name: t("merchant.available"),
            values: days.map((day) => day.available),
            kind: "area",
            tone: "main",
          },
          {
            name: t("merchant.pending"),
            values: days.map((day) => day.pending),
            kind: "line",
            tone: "second",
          },
        ],
      }}
    />
  );
}

function Statement({ merchantNo, currency }: { merchantNo: string; currency: string }) {
  const { t } = useWords();
  const { account: chosen, cursor } = route.useSearch();
  const navigate = route.useNavigate();
  const account = chosen === "pending" ? "pending" : "available";
  return (
    <Panel
      flush
      title={t("merchant.statement")}
      aside={
        <Segmented
          aria-label={t("statement.account")}
          value={account}
          options={[
            { value: "available", label: t("merchant.available") },
            { value: "pending", label: t("merchant.pending") },
          ]}
          onChange={(value) =>
            void navigate({ search: { account: value }, replace: true, resetScroll: false })
          }
        />
      }
    >
      {/* The key: entries of one account never stay in sight under the name of another. */}
      <StatementPage
        key={`${merchantNo} ${account}`}
        merchantNo={merchantNo}
        account={account}
        cursor={cursor}
        currency={currency}
      />
    </Panel>
  );
}

function StatementPage(props: {
  merchantNo: string;
  account: "available" | "pending";
  cursor?: string;
  currency: string;
}) {
  const query = useQuery(statementQuery(props.merchantNo, props.account, props.cursor));
  return (
    <QueryView query={query} skeleton={<SkeletonTable rows={8} />}>
      {(page) => (
        <div>
          <StatementTable entries={page.items} currency={props.currency} />
          <Pager cursor={props.cursor} next={page.next_cursor} keepPlace />
        </div>
      )}
    </QueryView>
  );
}
