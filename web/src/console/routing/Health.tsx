import type { Breaker, CallCounts, RoutedConnection, RoutingPage } from "../../api/types";
import { type Column, DataTable } from "../../kit/DataTable";
import { Panel } from "../../kit/layout";
import { formatCount, formatPercent } from "../../kit/money";
import { StateTag, Tag } from "../../kit/StateTag";
import { Empty } from "../../kit/states";
import { formatClock } from "../../kit/time";
import { type Translate, useWords } from "../../words";
import { costWords } from "../connections/wording";
import { Sparkline } from "./Sparkline";
import { type Wording, wordingOf } from "./wording";

/** A connection, or one of its methods below it. */
interface Row {
  key: string;
  connection: RoutedConnection;
  /** Null: all methods together. */
  method: string | null;
  minutes_5: CallCounts;
  minutes_60: CallCounts;
}

/** Every connection that may be chosen, with its breaker and the last hour. */
export function Health({ page }: { page: RoutingPage }) {
  const { t, language } = useWords();
  const wording = wordingOf(t, language, page.methods);
  return (
    <Panel flush>
      <DataTable
        label={t("routing.tab.health")}
        columns={columnsOf(page, wording)}
        rows={page.connections.filter((each) => each.state !== "retired").flatMap(rowsOf)}
        rowKey={(row) => row.key}
        href={(row) => (row.method === null ? `/connections/${row.connection.code}` : null)}
        empty={<Empty title="routing.health.empty" next="routing.health.empty.next" />}
      />
    </Panel>
  );
}

function rowsOf(connection: RoutedConnection): Row[] {
  const { minutes_5, minutes_60, methods, code } = connection;
  const own = { key: code, connection, method: null, minutes_5, minutes_60 };
  const below = methods.map((each) => ({ ...each, key: `${code} ${each.method}`, connection }));
  return methods.length > 1 ? [own, ...below] : [own];
}

function columnsOf(page: RoutingPage, wording: Wording): Column<Row>[] {
  const { t } = wording;
  const whole = (cell: (connection: RoutedConnection) => React.ReactNode) => (row: Row) =>
    row.method === null ? cell(row.connection) : null;
  return [
    {
      key: "name",
      title: t("routing.connection"),
      card: "title",
      cell: (row) =>
        row.method === null ? (
          <span>
            {row.connection.name} <small className="mono quiet cell-below">{row.connection.code}</small>
          </span>
        ) : (
          <span className="method-row">{wording.method(row.method)}</span>
        ),
    },
    {
      key: "state",
      title: t("connection.state"),
      card: "aside",
      cell: whole((each) => <States connection={each} />),
    },
    { key: "weight", title: t("connection.weight"), align: "right", cell: whole((each) => each.weight) },
    {
      key: "cost",
      title: t("connection.cost"),
      align: "right",
      cell: whole((each) => costWords(each.cost, t)),
    },
    {
      key: "five",
      title: t("routing.minutes", { n: 5 }),
      align: "right",
      cell: (row) => <Rate counts={row.minutes_5} />,
    },
    {
      key: "sixty",
      title: t("routing.minutes", { n: 60 }),
      align: "right",
      cell: (row) => <Rate counts={row.minutes_60} />,
    },
    {
      key: "faults",
      title: t("routing.faults"),
      align: "right",
      cell: (row) => faultWords(row.minutes_60),
    },
    {
      key: "time",
      title: t("routing.meanTime"),
      align: "right",
      cell: (row) => (row.minutes_60.mean_ms === null ? "–" : `${formatCount(row.minutes_60.mean_ms)} ms`),
    },
    {
      key: "chart",
      title: t("routing.lastHour"),
      cell: whole((each) => <Sparkline name={each.name} minutes={each.minutes} now={page.now} />),
    },
  ];
}

function faultWords(counts: CallCounts): string {
  return counts.calls === 0 ? "–" : `${formatCount(counts.faults)} / ${formatCount(counts.refused)}`;
}

function Rate({ counts }: { counts: CallCounts }) {
  const { t } = useWords();
  if (counts.success_rate === null) return <span className="quiet">{t("connection.health.none")}</span>;
  return (
    <span className="rate">
      {formatPercent(counts.success_rate, 1)}{" "}
      <small className="quiet">{t("routing.calls", { n: formatCount(counts.calls) })}</small>
    </span>
  );
}

function States({ connection }: { connection: RoutedConnection }) {
  const { t } = useWords();
  const { breaker } = connection;
  return (
    <span className="routing-states">
      <span className="tags">
        <StateTag kind="connection.state" state={connection.state} />
        {breaker && breaker.state !== "closed" && (
          <StateTag kind="connection.breaker" state={breaker.state} />
        )}
        {connection.fault && <Tag tone="bad">{t("connection.unusable")}</Tag>}
      </span>
      {breaker && breaker.state !== "closed" && (
        <small className="quiet cell-below">{breakerWords(breaker, t)}</small>
      )}
    </span>
  );
}

/** Why a breaker is open, and until when. */
export function breakerWords(breaker: Breaker, t: Translate): string {
  const row = /^(\d+) faults in a row$/.exec(breaker.reason);
  const share = /^(\d+) of (\d+) calls$/.exec(breaker.reason);
  const why = row
    ? t("routing.breaker.row", { n: row[1] ?? "" })
    : share
      ? t("routing.breaker.share", { n: share[1] ?? "", of: share[2] ?? "" })
      : breaker.reason === "the probe failed"
        ? t("routing.breaker.probe")
        : breaker.reason;
  return breaker.until ? t("routing.breaker.until", { why, at: formatClock(breaker.until) }) : why;
}
