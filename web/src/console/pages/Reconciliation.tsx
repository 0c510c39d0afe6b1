import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { reconciliationQuery } from "../../api/queries";
import type { ReconciliationDay } from "../../api/types";
import { type Column, DataTable } from "../../kit/DataTable";
import { PageHead, Panel } from "../../kit/layout";
import { Money } from "../../kit/Money";
import { currencyUnit, formatCount } from "../../kit/money";
import { Pager } from "../../kit/Pager";
import { paths } from "../../kit/paths";
import { QueryView } from "../../kit/QueryView";
import { StateTag } from "../../kit/StateTag";
import { Empty, SkeletonTable } from "../../kit/states";
import { formatInstant } from "../../kit/time";
import { useWords, wordFor } from "../../words";

const route = getRouteApi("/shell/reconciliation");

function count(value: number) {
  return value === 0 ? <span className="money-zero">–</span> : formatCount(value);
}

function useColumns(): Column<ReconciliationDay>[] {
  const { t, language } = useWords();
  const unit = currencyUnit("CNY", language);
  return [
    {
      key: "date",
      title: t("reconciliation.date"),
      card: "title",
      cell: (day) => <span className="nowrap">{day.date}</span>,
    },
    {
      key: "channel",
      title: t("reconciliation.channel"),
      cell: (day) => (day.channel ? wordFor("reconciliation.channel", day.channel) : "–"),
    },
    {
      key: "state",
      title: t("reconciliation.state"),
      card: "aside",
      cell: (day) => (
        <>
          <StateTag kind="reconciliation.state" state={day.state} />
          {day.error && <small className="cell-error">{day.error}</small>}
        </>
      ),
    },
    {
      key: "lines",
      title: t("reconciliation.billLines"),
      align: "right",
      cell: (day) => count(day.bill_lines),
    },
    { key: "matched", title: t("reconciliation.matched"), align: "right", cell: (day) => count(day.matched) },
    {
      key: "carried",
      title: t("reconciliation.carriedOver"),
      align: "right",
      cell: (day) => count(day.carried_over),
    },
    {
      key: "unexplained",
      title: t("reconciliation.unexplained"),
      align: "right",
      cell: (day) => (day.unexplained > 0 ? <b className="bad">{formatCount(day.unexplained)}</b> : count(0)),
    },
    {
      key: "bill",
      title: t("reconciliation.billAmount"),
      unit,
      align: "right",
      cell: (day) => <Money minor={day.bill_amount} />,
    },
    {
      key: "ours",
      title: t("reconciliation.ourAmount"),
      unit,
      align: "right",
      cell: (day) => <Money minor={day.our_amount} />,
    },
    {
      key: "difference",
      title: t("reconciliation.difference"),
      unit,
      align: "right",
      cell: (day) => <Money minor={day.bill_amount - day.our_amount} />,
    },
    {
      key: "finishedAt",
      title: t("reconciliation.finishedAt"),
      card: "hidden",
      optional: true,
      cell: (day) => <span className="nowrap quiet">{formatInstant(day.finished_at)}</span>,
    },
  ];
}

export function Reconciliation() {
  const { t } = useWords();
  const { cursor } = route.useSearch();
  const query = useQuery(reconciliationQuery(cursor));
  const columns = useColumns();
  return (
    <div className="page">
      <PageHead title={t("reconciliation.title")} />
      <Panel flush>
        <QueryView query={query} skeleton={<SkeletonTable />}>
          {(page) => (
            <div>
              <DataTable
                label={t("reconciliation.title")}
                columns={columns}
                rows={page.items}
                rowKey={(day) => `${day.date} ${day.channel}`}
                href={(day) => paths.reconciliationDay(day.date, day.channel)}
                settings="reconciliation"
                empty={<Empty title="empty.reconciliation" next="empty.reconciliation.next" />}
              />
              <Pager cursor={cursor} next={page.next_cursor} />
            </div>
          )}
        </QueryView>
      </Panel>
    </div>
  );
}
