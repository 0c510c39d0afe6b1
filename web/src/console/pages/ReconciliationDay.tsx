import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { reconciliationDayQuery } from "../../api/queries";
import type { MatchStatus, ReconciliationDayPage, ReconciliationItem } from "../../api/types";
import { AppLink } from "../../kit/AppLink";
import { Figure, Figures, MoneyFigure } from "../../kit/Figure";
import { PageHead, Panel } from "../../kit/layout";
import { Money } from "../../kit/Money";
import { currencyUnit, formatCount } from "../../kit/money";
import { Pager } from "../../kit/Pager";
import { paths } from "../../kit/paths";
import { QueryView } from "../../kit/QueryView";
import { StateTag, toneOf } from "../../kit/StateTag";
import { Empty, SkeletonPage } from "../../kit/states";
import { TableScroll } from "../../kit/TableScroll";
import { formatInstant, formatLongDate } from "../../kit/time";
import { useWords, wordFor } from "../../words";

const route = getRouteApi("/shell/reconciliation/$date");

/** What needs eyes first. */
const statuses: MatchStatus[] = [
  "ours_only",
  "theirs_only",
  "amount_differs",
  "state_differs",
  "carried_over",
  "matched",
];

export function ReconciliationDay() {
  const { date } = route.useParams();
  return <Day key={date} date={date} />;
}

function Day({ date }: { date: string }) {
  const { channel, status, cursor } = route.useSearch();
  const query = useQuery(reconciliationDayQuery(date, { channel, status, cursor }));
  return (
    <QueryView query={query} skeleton={<SkeletonPage />}>
      {(page) => <Content page={page} status={status} cursor={cursor} />}
    </QueryView>
  );
}

function Content({
  page,
  status,
  cursor,
}: {
  page: ReconciliationDayPage;
  status?: string;
  cursor?: string;
}) {
  const { t, language } = useWords();
  const { day } = page;
  return (
    <div className="page">
      <PageHead
        over={<AppLink href="/reconciliation">{t("reconciliation.title")}</AppLink>}
        title={t("reconciliation.dayTitle", { date: day.date })}
        tag={<StateTag kind="reconciliation.state" state={day.state} />}
        below={
          <>
            {formatLongDate(day.date, language)}
            {day.channel && ` · ${wordFor("reconciliation.channel", day.channel)}`}
            {day.finished_at && ` · ${t("reconciliation.finishedAt")} ${formatInstant(day.finished_at)}`}
          </>
        }
      />
      {day.error && (
        <p className="refused" role="alert">
          {t("reconciliation.error")}: {day.error}
        </p>
      )}
      <Figures>
        <MoneyFigure label={t("reconciliation.billAmount")} minor={day.bill_amount} currency="CNY" />
        <MoneyFigure label={t("reconciliation.ourAmount")} minor={day.our_amount} currency="CNY" />
        <MoneyFigure
          label={t("reconciliation.difference")}
          minor={day.bill_amount - day.our_amount}
          currency="CNY"
        />
        <MoneyFigure label={t("reconciliation.channelFee")} minor={day.channel_fee} currency="CNY" />
        <Figure
          label={t("reconciliation.billLines")}
          value={formatCount(day.bill_lines)}
          length={formatCount(day.bill_lines).length}
        />
      </Figures>
      <Panel flush>
        <StatusChoice page={page} status={status} />
        <Sides items={page.items} />
        <Pager cursor={cursor} next={page.next_cursor} />
      </Panel>
    </div>
  );
}

function StatusChoice({ page, status }: { page: ReconciliationDayPage; status?: string }) {
  const { t } = useWords();
  const { day } = page;
  const base = paths.reconciliationDay(day.date, day.channel);
  return (
    <nav className="status-choice" aria-label={t("reconciliation.status")}>
      <AppLink href={base} aria-current={status ? undefined : "true"}>
        {t("common.all")}
      </AppLink>
      {statuses.map((name) => {
        const sum = day.by_status[name];
        return (
          <AppLink
            key={name}
            href={`${base}${day.channel ? "&" : "?"}status=${name}`}
            aria-current={status === name ? "true" : undefined}
          >
            <span className={`dot dot-${sum?.count ? toneOf("reconciliation.status", name) : "idle"}`} />
            {t(`reconciliation.status.${name}`)} <b>{formatCount(sum?.count ?? 0)}</b>
            {sum && sum.amount !== 0 && <Money minor={sum.amount} />}
          </AppLink>
        );
      })}
    </nav>
  );
}

function Sides({ items }: { items: ReconciliationItem[] }) {
  const { t, language } = useWords();
  if (items.length === 0) return <Empty title="empty.reconciliationDay" />;
  const unit = currencyUnit("CNY", language);
  return (
    <div className="table-box narrow-cards">
      <TableScroll label={t("reconciliation.title")}>
        <table className="sides">
          <thead>
            <tr>
              <th rowSpan={2}>{t("reconciliation.status")}</th>
              <th rowSpan={2}>{t("reconciliation.kind")}</th>
              <th colSpan={3} className="side-head">
                {t("reconciliation.ours")}
              </th>
              <th colSpan={3} className="side-head">
                {t("reconciliation.theirs")}
              </th>
              <th rowSpan={2}>{t("reconciliation.occurredAt")}</th>
              <th rowSpan={2}>{t("reconciliation.note")}</th>
            </tr>
            <tr>
              <th className="side-first">{t("reconciliation.no")}</th>
              <th className="right">
                {t("reconciliation.amount")} <small>{unit}</small>
              </th>
              <th>{t("reconciliation.itemState")}</th>
              <th className="side-first">{t("reconciliation.no")}</th>
              <th className="right">
                {t("reconciliation.amount")} <small>{unit}</small>
              </th>
              <th>{t("reconciliation.itemState")}</th>
            </tr>
          </thead>
          <tbody>
            {items.map((item) => (
              <SideRow key={item.id} item={item} />
            ))}
          </tbody>
        </table>
      </TableScroll>
    </div>
  );
}

/** The platform's number, which people know; ours at the channel where the platform has none. */
function OurNumber({ item }: { item: ReconciliationItem }) {
  if (!item.our_no) return <>–</>;
  if (!item.platform_no || !item.payment_id) return <span className="mono">{item.our_no}</span>;
  return (
    <AppLink href={paths.payment(item.payment_id)} title={item.our_no}>
      {item.platform_no}
    </AppLink>
  );
}

interface SideValues {
  label: string;
  no: ReactNode;
  amount: number | null;
  state: string | null;
}

/** One side of a line: its number, amount and state, or that it has no such line. */
function Side({ item, label, no, amount, state }: { item: ReconciliationItem } & SideValues) {
  const { t } = useWords();
  if (amount === null) {
    return (
      <td colSpan={3} className="side-first" data-label={label}>
        <span className="absent">{t("reconciliation.absent")}</span>
      </td>
    );
  }
  const amountClass = item.status === "amount_differs" ? "right differs" : "right";
  const stateClass = item.status === "state_differs" ? "differs" : "card-hidden";
  return (
    <>
      <td className="side-first" data-label={label}>
        {no}
      </td>
      <td className={amountClass} data-label={`${label} · ${t("reconciliation.amount")}`}>
        <Money minor={amount} />
      </td>
      <td className={stateClass} data-label={`${label} · ${t("reconciliation.itemState")}`}>
        {state ? wordFor(`${item.kind}.state`, state) : "–"}
      </td>
    </>
  );
}

function SideRow({ item }: { item: ReconciliationItem }) {
  const { t } = useWords();
  return (
    <tr>
      <td className="card-aside" data-label={t("reconciliation.status")}>
        <StateTag kind="reconciliation.status" state={item.status} />
        {item.resolved_on && (
          <small className="quiet cell-below">
            {t("reconciliation.resolvedOn", { date: item.resolved_on })}
          </small>
        )}
      </td>
      <td className="card-title" data-label={t("reconciliation.kind")}>
        {t(`reconciliation.kind.${item.kind}`)}
      </td>
      <Side
        item={item}
        label={t("reconciliation.ours")}
        no={<OurNumber item={item} />}
        amount={item.our_amount}
        state={item.our_state}
      />
      <Side
        item={item}
        label={t("reconciliation.theirs")}
        no={item.channel_no ?? "–"}
        amount={item.their_amount}
        state={item.their_state}
      />
      <td className="nowrap" data-label={t("reconciliation.occurredAt")}>
        {formatInstant(item.occurred_at)}
      </td>
      <td className="quiet" data-label={t("reconciliation.note")}>
        {item.note}
      </td>
    </tr>
  );
}
