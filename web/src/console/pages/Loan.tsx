import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { loanQuery } from "../../api/queries";
import type { Loan, LoanPage as LoanPageData } from "../../api/types";
import { AppLink } from "../../kit/AppLink";
import { CopyId } from "../../kit/CopyId";
import { CreditView } from "../../kit/CreditView";
import { type Column, DataTable } from "../../kit/DataTable";
import { Figures, MoneyFigure } from "../../kit/Figure";
import { outstanding } from "../../kit/LoanTable";
import { Facts, PageHead, Panel } from "../../kit/layout";
import { Money } from "../../kit/Money";
import { currencySign, currencyUnit, formatMoney, formatPercent } from "../../kit/money";
import { paths } from "../../kit/paths";
import { QueryView } from "../../kit/QueryView";
import { StateTag } from "../../kit/StateTag";
import { Empty, SkeletonPage } from "../../kit/states";
import { TransactionView } from "../../kit/TransactionView";
import { formatInstant } from "../../kit/time";
import { useWords, wordFor } from "../../words";

const route = getRouteApi("/shell/loans/$id");

export function LoanPage() {
  const { id } = route.useParams();
  const query = useQuery(loanQuery(id));
  return (
    <QueryView query={query} skeleton={<SkeletonPage />}>
      {(page) => <Content page={page} />}
    </QueryView>
  );
}

function Content({ page }: { page: LoanPageData }) {
  const { t, language } = useWords();
  const { loan } = page;
  return (
    <div className="page">
      <PageHead
        over={<AppLink href="/loans">{t("loan.title")}</AppLink>}
        title={loan.loan_no}
        tag={<StateTag kind="loan.state" state={loan.state} />}
        below={<CopyId value={loan.id} />}
        aside={
          <span className="page-amount money" data-minor={loan.principal} data-currency={loan.currency}>
            <small>{currencySign(loan.currency)}</small>
            {formatMoney(loan.principal, loan.currency)}
          </span>
        }
      />
      <LoanFigures loan={loan} />
      <div className="columns">
        <div className="stack">
          <Movements page={page} />
          <Panel title={t("payment.ledger")} aside={currencyUnit(loan.currency, language)}>
            {page.transactions.length === 0 ? (
              <Empty title="empty.transactions" />
            ) : (
              page.transactions.map((transaction) => (
                <TransactionView key={transaction.id} transaction={transaction} />
              ))
            )}
          </Panel>
        </div>
        <div className="stack">
          <Panel title={t("loan.terms")}>
            <Terms loan={loan} />
          </Panel>
          <Panel title={t("loan.why")}>
            {page.decision ? (
              <CreditView decision={page.decision} currency={loan.currency} />
            ) : (
              <Empty title="empty.credit" />
            )}
          </Panel>
        </div>
      </div>
    </div>
  );
}

function LoanFigures({ loan }: { loan: Loan }) {
  const { t } = useWords();
  const money = (label: string, minor: number, note?: string) => (
    <MoneyFigure label={label} minor={minor} currency={loan.currency} note={note} />
  );
  return (
    <Figures>
      {money(t("loan.outstanding"), outstanding(loan))}
      {money(
        t("loan.principalOutstanding"),
        loan.principal_outstanding,
        t("loan.repaidShare", { percent: formatPercent(loan.principal_paid / loan.principal, 1) }),
      )}
      {money(t("loan.interestOutstanding"), loan.interest_outstanding)}
      {money(t("loan.penaltyOutstanding"), loan.penalty_outstanding)}
    </Figures>
  );
}

function Terms({ loan }: { loan: Loan }) {
  const { t } = useWords();
  const money = (minor: number) => <Money minor={minor} currency={loan.currency} />;
  return (
    <Facts
      narrow
      items={[
        [
          t("loan.merchant"),
          <AppLink key="merchant" href={paths.merchant(loan.merchant_no)}>
            {loan.merchant_name ?? loan.merchant_no}
          </AppLink>,
        ],
        [
          t("loan.funder"),
          <AppLink key="funder" href="/funders">
            {loan.funder}
          </AppLink>,
        ],
        [t("loan.annualRate"), formatPercent(loan.annual_rate, 4)],
        [t("loan.penaltyRate"), formatPercent(loan.penalty_rate, 4)],
        [t("loan.repaymentShare"), formatPercent(loan.repayment_share)],
        [t("loan.drawnAt"), formatInstant(loan.drawn_at)],
        [t("loan.dueOn"), loan.due_on],
        [t("loan.repaidOn"), loan.repaid_on ?? "–"],
        [t("loan.paid"), money(loan.principal_paid)],
        [t("loan.interestPaid"), money(loan.interest_paid)],
        [t("loan.penaltyPaid"), money(loan.penalty_paid)],
        [t("loan.interestAccrued"), money(loan.interest_accrued)],
      ]}
    />
  );
}

function Movements({ page }: { page: LoanPageData }) {
  const { t, language } = useWords();
  const { currency } = page.loan;
  const unit = currencyUnit(currency, language);
  type Movement = LoanPageData["movements"][number];
  const rows = page.movements.map((movement, index) => ({ ...movement, index }));
  const amount = (key: "principal" | "interest" | "penalty"): Column<Movement & { index: number }> => ({
    key,
    title: t(`loan.movement.${key}`),
    unit,
    align: "right",
    cell: (movement) => <Money minor={movement[key]} currency={currency} />,
  });
  const columns: Column<Movement & { index: number }>[] = [
    {
      key: "date",
      title: t("common.date"),
      card: "title",
      cell: (movement) => <span className="nowrap">{movement.date}</span>,
    },
    { key: "kind", title: t("loan.movement.kind"), cell: (movement) => wordFor("kind", movement.kind) },
    amount("principal"),
    amount("interest"),
    amount("penalty"),
    {
      key: "balance",
      title: t("loan.movement.balance"),
      unit,
      align: "right",
      card: "aside",
      cell: (movement) => (
        <b>
          <Money minor={movement.balance} currency={currency} />
        </b>
      ),
    },
  ];
  return (
    <Panel flush title={t("loan.movements")}>
      <DataTable
        label={t("loan.movements")}
        columns={columns}
        rows={rows}
        rowKey={(movement) => movement.index}
        empty={<Empty title="empty.transactions" />}
      />
    </Panel>
  );
}
