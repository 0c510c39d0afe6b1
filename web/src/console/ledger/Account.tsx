import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { accountQuery } from "../../api/ledger";
import type { AccountChange, AccountPage as AccountPageData, LedgerAccount } from "../../api/types";
import { AppLink } from "../../kit/AppLink";
import { ChartPanel } from "../../kit/Chart";
import { CopyId } from "../../kit/CopyId";
import { Figure, Figures, MoneyFigure } from "../../kit/Figure";
import { Facts, PageHead, Panel } from "../../kit/layout";
import { formatCount, formatMoney } from "../../kit/money";
import { paths } from "../../kit/paths";
import { QueryView } from "../../kit/QueryView";
import { StateTag } from "../../kit/StateTag";
import { Empty, SkeletonPage } from "../../kit/states";
import { Timeline } from "../../kit/Timeline";
import { formatInstant, formatShortDate } from "../../kit/time";
import { bookName, shortName, useWords, wordFor } from "../../words";
import { AccountStatement } from "./AccountStatement";
import { Overdraft } from "./Accounts";
import { BalanceAt } from "./BalanceAt";
import { HoldTable } from "./Holds";

const route = getRouteApi("/shell/ledger/accounts/$id");

export function AccountPage() {
  const { id } = route.useParams();
  const query = useQuery(accountQuery(id));
  return (
    <QueryView query={query} skeleton={<SkeletonPage />}>
      {(page) => <Content page={page} />}
    </QueryView>
  );
}

function Content({ page }: { page: AccountPageData }) {
  const { t, pick } = useWords();
  const { account } = page;
  const name = pick(account.chinese, account.english);
  return (
    <div className="page">
      <PageHead
        over={<AppLink href="/ledger/accounts">{t("ledger.account.title")}</AppLink>}
        title={account.owner_name ? `${name} · ${account.owner_name}` : name}
        tag={<StateTag kind="ledger.state" state={account.state} />}
        below={<CopyId value={account.id} />}
        aside={
          page.owner_link && <AppLink href={page.owner_link}>{account.owner_name ?? account.owner}</AppLink>
        }
      />
      <Balances account={account} />
      <div className="columns columns-even">
        <BalanceChart page={page} />
        <div className="stack">
          <Panel title={t("ledger.account.facts")}>
            <AccountFacts page={page} />
          </Panel>
          <BalanceAt account={account} />
        </div>
      </div>
      {page.holds.length > 0 && (
        <Panel
          flush
          title={t("ledger.account.holds")}
          aside={
            <AppLink href={`/ledger/holds?account=${account.id}`}>{t("ledger.account.allHolds")}</AppLink>
          }
        >
          <HoldTable holds={page.holds} empty={<Empty title="empty.holds" />} />
        </Panel>
      )}
      <AccountStatement account={account} kinds={page.kinds} />
      {page.changes.length > 0 && (
        <Panel title={t("ledger.account.changes")}>
          <Changes changes={page.changes} currency={account.currency} />
        </Panel>
      )}
    </div>
  );
}

function Balances({ account }: { account: LedgerAccount }) {
  const { t } = useWords();
  const { currency } = account;
  const money = (label: string, minor: number, note?: string) => (
    <MoneyFigure label={label} minor={minor} currency={currency} note={note} />
  );
  const words = (label: string, text: string) => (
    <Figure label={label} length={text.length * 1.8} value={text} />
  );
  return (
    <Figures>
      {money(
        t("ledger.account.balance"),
        account.balance,
        account.balance < 0 ? t("ledger.account.negative") : undefined,
      )}
      {money(t("ledger.account.held"), account.held)}
      {money(t("ledger.account.incoming"), account.incoming)}
      {account.available === null
        ? words(t("ledger.account.available"), t("ledger.account.unlimited"))
        : money(t("ledger.account.available"), account.available)}
      {account.overdraft
        ? money(t("ledger.account.overdraft"), account.overdraft)
        : words(
            t("ledger.account.overdraft"),
            t(account.overdraft === null ? "ledger.account.unlimited" : "ledger.account.overdraft.none"),
          )}
    </Figures>
  );
}

function BalanceChart({ page }: { page: AccountPageData }) {
  const { t } = useWords();
  const days = page.balance_by_day;
  return (
    <ChartPanel
      title={t("ledger.account.balanceByDay")}
      category={t("common.date")}
      height={300}
      href={(index) => {
        const date = days[index]?.date ?? "";
        return `${paths.account(page.account.id)}?from=${date}&to=${date}`;
      }}
      data={{
        currency: page.account.currency,
        categories: days.map((day) => formatShortDate(day.date)),
        series: [
          {
            name: t("ledger.account.balance"),
            values: days.map((day) => day.balance),
            kind: "area",
            tone: "main",
          },
        ],
      }}
    />
  );
}

function AccountFacts({ page }: { page: AccountPageData }) {
  const { t } = useWords();
  const { account } = page;
  const items: [string, React.ReactNode][] = [
    [t("ledger.account.book"), bookName(account.book)],
    [t("ledger.account.subject"), account.subject_number ?? <span className="mono">{account.code}</span>],
    [t("ledger.account.currency"), account.currency],
    [t("ledger.account.side"), t(`ledger.account.side.${account.side}`)],
    [t("ledger.account.overdraft"), <Overdraft key="overdraft" account={account} />],
    [t("ledger.account.entries"), formatCount(account.entries)],
    [t("ledger.account.openedAt"), formatInstant(account.opened_at)],
    [t("ledger.account.bookedAt"), account.entries > 0 ? formatInstant(account.booked_at) : "–"],
  ];
  if (account.closed_at) items.push([t("ledger.account.closedAt"), formatInstant(account.closed_at)]);
  if (page.groups.length > 0) {
    items.push([
      t("ledger.account.group"),
      page.groups.map((group) => (
        <div key={group}>
          <AppLink href={paths.accountsOf({ group })}>{shortName(group)}</AppLink>
        </div>
      )),
    ]);
  }
  return <Facts narrow items={items} />;
}

/** Who froze, limited or closed it, when and why. */
function Changes({ changes, currency }: { changes: AccountChange[]; currency: string }) {
  const { t } = useWords();
  const limit = (value: number | null) => {
    if (value === null) return t("ledger.account.unlimited");
    return value === 0 ? t("ledger.account.overdraft.none") : formatMoney(value, currency);
  };
  const title = ({ what, before, after }: AccountChange) => {
    const name = t(`ledger.change.${what}`);
    if (what === "closed") return name;
    if (what === "opened") return t("ledger.change.openedWith", { what: name, limit: limit(after) });
    const shown = (value: number | null) =>
      what === "frozen" ? wordFor("ledger.change.frozen", String(value ?? 0)) : limit(value);
    return t("ledger.change.done", { what: name, before: shown(before), after: shown(after) });
  };
  const by = ({ changed_by }: AccountChange) =>
    changed_by.replace(/^platform:/, `${wordFor("actor", "platform")} `);
  return (
    <Timeline
      items={changes.toReversed().map((change) => ({
        key: change.id,
        at: change.at,
        title: title(change),
        actor: by(change),
        detail: change.reason,
      }))}
    />
  );
}
