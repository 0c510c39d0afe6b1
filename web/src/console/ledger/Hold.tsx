import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { holdQuery } from "../../api/ledger";
import type { HoldPage as HoldPageData, HoldRow } from "../../api/types";
import { AppLink } from "../../kit/AppLink";
import { CopyId } from "../../kit/CopyId";
import { Figures, MoneyFigure } from "../../kit/Figure";
import { FlowDiagram } from "../../kit/FlowDiagram";
import { AccountLabel } from "../../kit/LegTable";
import { Facts, PageHead, Panel } from "../../kit/layout";
import { Money } from "../../kit/Money";
import { currencySign, currencyUnit, formatMoney, formatPercent } from "../../kit/money";
import { paths } from "../../kit/paths";
import { QueryView } from "../../kit/QueryView";
import { Reference } from "../../kit/Reference";
import { SkeletonPage } from "../../kit/states";
import { Timeline } from "../../kit/Timeline";
import { formatInstant } from "../../kit/time";
import { useWords, wordFor } from "../../words";
import { HoldStateTag } from "./Holds";
import { Metadata } from "./Metadata";

const route = getRouteApi("/shell/ledger/holds/$id");

export function HoldPage() {
  const { id } = route.useParams();
  const query = useQuery(holdQuery(id));
  return (
    <QueryView query={query} skeleton={<SkeletonPage />}>
      {(page) => <Content page={page} />}
    </QueryView>
  );
}

function Content({ page }: { page: HoldPageData }) {
  const { t, language } = useWords();
  const { hold } = page;
  return (
    <div className="page">
      <PageHead
        over={<AppLink href="/ledger/holds">{t("ledger.hold.title")}</AppLink>}
        title={wordFor("kind", hold.kind)}
        tag={<HoldStateTag hold={hold} />}
        below={<CopyId value={hold.id} />}
        aside={
          <span className="page-amount money" data-minor={hold.amount} data-currency={hold.currency}>
            <small>{currencySign(hold.currency)}</small>
            {formatMoney(hold.amount, hold.currency)}
          </span>
        }
      />
      <Figures>
        <MoneyFigure label={t("ledger.hold.left")} minor={hold.left} currency={hold.currency} />
        <MoneyFigure
          label={t("ledger.hold.captured")}
          minor={hold.captured}
          currency={hold.currency}
          note={t("ledger.hold.usedShare", { percent: formatPercent(hold.captured / hold.amount, 1) })}
        />
        <MoneyFigure label={t("ledger.hold.released")} minor={hold.released} currency={hold.currency} />
      </Figures>
      <div className="columns">
        <div className="stack">
          <Panel title={t("ledger.hold.flow")} aside={currencyUnit(hold.currency, language)}>
            <FlowDiagram legs={[{ ...hold, amount: hold.amount }]} held={hold.captured === 0} />
          </Panel>
          <Panel title={t("ledger.hold.timeline")}>
            <History page={page} />
          </Panel>
        </div>
        <div className="stack">
          <Panel title={t("ledger.hold.facts")}>
            <HoldFacts hold={hold} businessDate={page.business_date} />
          </Panel>
          {page.metadata && <Metadata value={page.metadata} />}
        </div>
      </div>
    </div>
  );
}

function HoldFacts({ hold, businessDate }: { hold: HoldRow; businessDate: string }) {
  const { t } = useWords();
  return (
    <Facts
      narrow
      items={[
        [t("ledger.hold.debit"), <AccountLabel key="debit" account={hold.debit} linked />],
        [t("ledger.hold.credit"), <AccountLabel key="credit" account={hold.credit} linked />],
        [t("ledger.hold.openedAt"), formatInstant(hold.opened_at)],
        [
          t("ledger.hold.expiresAt"),
          hold.expires_at ? formatInstant(hold.expires_at) : t("ledger.hold.noExpiry"),
        ],
        [t("ledger.businessDate"), businessDate],
        [t("ledger.reference"), <Reference key="reference" reference={hold.reference} memo={hold.memo} />],
      ]}
    />
  );
}

/** The hold, then every act on it with what it left. */
function History({ page }: { page: HoldPageData }) {
  const { t } = useWords();
  const { currency } = page.hold;
  return (
    <Timeline
      items={page.events.map((event) => ({
        key: event.transaction_id,
        at: event.at,
        title: (
          <>
            <AppLink href={paths.transaction(event.transaction_id)}>
              {wordFor("ledger.hold.event", event.action)}
            </AppLink>{" "}
            <Money minor={event.amount} currency={currency} transaction={event.transaction_id} />
          </>
        ),
        actor: t("ledger.hold.leftAfter", { amount: formatMoney(event.left, currency, "0.00") }),
        detail: [wordFor("kind", event.kind), event.memo].filter(Boolean).join(" · "),
      }))}
    />
  );
}
