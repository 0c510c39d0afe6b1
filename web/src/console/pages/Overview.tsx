import { LeftOutlined, RightOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Button } from "antd";
import { overviewQuery } from "../../api/queries";
import type { Overview as OverviewData } from "../../api/types";
import { AppLink } from "../../kit/AppLink";
import { ChartPanel } from "../../kit/Chart";
import { Figure, Figures, MoneyFigure } from "../../kit/Figure";
import { DateFilter } from "../../kit/FilterBar";
import { PageHead, Panel } from "../../kit/layout";
import { Money } from "../../kit/Money";
import { change, currencyUnit, formatCount, formatPercent } from "../../kit/money";
import { paths } from "../../kit/paths";
import { QueryView } from "../../kit/QueryView";
import { Tag, type Tone } from "../../kit/StateTag";
import { Empty, SkeletonPage } from "../../kit/states";
import { addDays, formatClock, formatLongDate, formatShortDate, formatWeekday } from "../../kit/time";
import { useWords } from "../../words";

const route = getRouteApi("/shell/");

export function Overview() {
  const { t, language } = useWords();
  const { date } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery({ ...overviewQuery(date), refetchInterval: 15_000 });
  const show = (next: string | undefined) => void navigate({ search: next ? { date: next } : {} });
  return (
    <QueryView query={query} skeleton={<SkeletonPage />}>
      {(data) => (
        <div className="page">
          <PageHead
            title={t("overview.title")}
            below={
              <>
                {formatLongDate(data.date, language)}
                <span className="updated">{t("common.updated", { time: formatClock(data.now) })}</span>
              </>
            }
            aside={
              <>
                {date && <Button onClick={() => show(undefined)}>{t("overview.latest")}</Button>}
                <Button
                  icon={<LeftOutlined />}
                  aria-label={t("overview.previousDay")}
                  onClick={() => show(addDays(data.date, -1))}
                />
                <DateFilter label={t("common.date")} value={data.date} onChange={show} required />
                <Button
                  icon={<RightOutlined />}
                  aria-label={t("overview.nextDay")}
                  onClick={() => show(addDays(data.date, 1))}
                />
              </>
            }
          />
          <Attention items={data.attention} />
          <DayFigures data={data} />
          <div className="columns columns-even">
            <Hours data={data} />
            <TopMerchants data={data} />
          </div>
          <div className="columns columns-even">
            <Days data={data} />
            <Balances data={data} />
          </div>
        </div>
      )}
    </QueryView>
  );
}

const attentionTone: Record<OverviewData["attention"][number]["kind"], Tone> = {
  unexplained: "bad",
  conflicted: "bad",
  refund_failed: "bad",
  invariant: "bad",
  overdue: "bad",
  not_reconciled: "warn",
  undelivered: "warn",
  endpoint_disabled: "bad",
};

function Attention({ items }: { items: OverviewData["attention"] }) {
  const { t } = useWords();
  return (
    <section className="attention" aria-label={t("overview.attention")}>
      {items.length === 0 ? (
        <Tag tone="good">{t("overview.attention.none")}</Tag>
      ) : (
        items.map((item) => (
          <AppLink
            key={item.kind}
            href={item.link}
            className={`attention-item attention-${attentionTone[item.kind]}`}
          >
            <b>{formatCount(item.count)}</b> {t(`attention.${item.kind}`)}
            <RightOutlined />
          </AppLink>
        ))
      )}
    </section>
  );
}

function Comparison(props: { now: number; before: number; weekday: string; points?: boolean }) {
  const { t } = useWords();
  const against = t("overview.against", { weekday: props.weekday });
  const relative = change(props.now, props.before);
  if (relative === null) return <>{t("overview.noComparison")}</>;
  const difference = props.points ? props.now - props.before : relative;
  if (Math.abs(difference) < 0.0005) {
    return (
      <>
        {against} {t("overview.same")}
      </>
    );
  }
  const arrow = difference > 0 ? "↑" : "↓";
  const size = props.points
    ? t("overview.points", { n: (Math.abs(difference) * 100).toFixed(1) })
    : formatPercent(Math.abs(difference), 1);
  return (
    <>
      {against} {arrow} {size}
    </>
  );
}

function DayFigures({ data }: { data: OverviewData }) {
  const { t, language } = useWords();
  const { today, previous, currency, date } = data;
  const weekday = formatWeekday(date, language);
  const day = { from: date, to: date };
  // A week before without trade is said once, not under every figure.
  const compare = (now: number, before: number) =>
    previous.payments > 0 ? <Comparison now={now} before={before} weekday={weekday} /> : undefined;
  const rate = today.success_rate === null ? "–" : formatPercent(today.success_rate, 1);
  return (
    <Figures six>
      <MoneyFigure
        label={t("overview.paid")}
        minor={today.paid}
        currency={currency}
        href={paths.paymentsOf({ ...day, state: "succeeded" })}
        note={compare(today.paid, previous.paid) ?? t("overview.noComparison")}
      />
      <Figure
        label={t("overview.payments")}
        value={formatCount(today.payments)}
        length={formatCount(today.payments).length}
        href={paths.paymentsOf(day)}
        note={compare(today.payments, previous.payments)}
      />
      <Figure
        label={t("overview.successRate")}
        value={rate}
        length={rate.length}
        href={paths.paymentsOf(day)}
        note={
          today.success_rate !== null && previous.success_rate !== null ? (
            <Comparison now={today.success_rate} before={previous.success_rate} weekday={weekday} points />
          ) : undefined
        }
      />
      <MoneyFigure
        label={t("overview.refundedCount", { n: formatCount(today.refunds) })}
        minor={today.refunded}
        currency={currency}
        href={paths.paymentsOf(day)}
        note={compare(today.refunded, previous.refunded)}
      />
      <MoneyFigure
        label={t("overview.fees")}
        minor={today.fees}
        currency={currency}
        href={paths.paymentsOf({ ...day, state: "succeeded" })}
        note={compare(today.fees, previous.fees)}
      />
      <Figure
        label={t("overview.buyers")}
        value={formatCount(today.buyers)}
        length={formatCount(today.buyers).length}
        href={paths.paymentsOf({ ...day, state: "succeeded" })}
        note={compare(today.buyers, previous.buyers)}
      />
    </Figures>
  );
}

function Hours({ data }: { data: OverviewData }) {
  const { t } = useWords();
  return (
    <ChartPanel
      title={t("overview.hours")}
      category={t("chart.hour")}
      href={() => paths.paymentsOf({ from: data.date, to: data.date })}
      data={{
        currency: data.currency,
        categories: data.hours.map((hour) => t("overview.hour", { n: hour.hour })),
        series: [
          {
            name: t("overview.today"),
            values: data.hours.map((hour) => hour.paid),
            kind: "bar",
            tone: "main",
          },
          {
            name: t("overview.previous"),
            values: data.hours.map((hour) => hour.previous_paid),
            kind: "bar",
            tone: "quiet",
          },
        ],
      }}
    />
  );
}

function Days({ data }: { data: OverviewData }) {
  const { t } = useWords();
  return (
    <ChartPanel
      title={t("overview.days")}
      category={t("common.date")}
      height={280}
      href={(index) => {
        const date = data.days[index]?.date ?? data.date;
        return paths.paymentsOf({ from: date, to: date });
      }}
      data={{
        currency: data.currency,
        categories: data.days.map((day) => formatShortDate(day.date)),
        series: [
          {
            name: t("overview.daysPaid"),
            values: data.days.map((day) => day.paid),
            kind: "bar",
            tone: "soft",
          },
          {
            name: t("overview.daysSettled"),
            values: data.days.map((day) => day.settled),
            kind: "line",
            tone: "second",
          },
        ],
      }}
    />
  );
}

function TopMerchants({ data }: { data: OverviewData }) {
  const { t, language } = useWords();
  const largest = Math.max(1, ...data.top_merchants.map((merchant) => merchant.paid));
  return (
    <Panel title={t("overview.topMerchants")} aside={currencyUnit(data.currency, language)}>
      {data.top_merchants.length === 0 && <Empty title="empty.chart" />}
      <ol className="ranking">
        {data.top_merchants.map((merchant) => (
          <li key={merchant.merchant_no}>
            <AppLink href={paths.merchant(merchant.merchant_no)}>
              <span className="ranking-name">{merchant.name}</span>
              <span className="ranking-count quiet">
                {t("common.count", { n: formatCount(merchant.payments) })}
              </span>
              <Money minor={merchant.paid} currency={data.currency} />
              <i style={{ width: `${(100 * merchant.paid) / largest}%` }} aria-hidden="true" />
            </AppLink>
          </li>
        ))}
      </ol>
    </Panel>
  );
}

const balanceLinks: Record<keyof OverviewData["balances"], string> = {
  channel_receivable: "/reconciliation",
  bank: "/trial-balance",
  merchants_pending: "/merchants",
  merchants_available: "/merchants",
  refunds_in_transit: "/payments",
  fee_income: "/trial-balance",
  loans_outstanding: "/loans",
};

function Balances({ data }: { data: OverviewData }) {
  const { t, language } = useWords();
  const names = Object.keys(balanceLinks) as (keyof OverviewData["balances"])[];
  return (
    <Panel
      title={t(data.balances_now ? "overview.balances" : "overview.balancesAtClose")}
      aside={currencyUnit(data.currency, language)}
    >
      <ul className="balances">
        {names.map((name) => (
          <li key={name}>
            <AppLink href={balanceLinks[name]}>{t(`balance.${name}`)}</AppLink>
            <Money minor={data.balances[name]} currency={data.currency} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}
