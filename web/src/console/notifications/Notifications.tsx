import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type NotificationFilter, notificationsQuery } from "../../api/notifications";
import type { EventRow } from "../../api/types";
import { type Column, DataTable } from "../../kit/DataTable";
import { ChoiceFilter, FilterBar, TextFilter } from "../../kit/FilterBar";
import { PageHead, Panel, TotalsStrip } from "../../kit/layout";
import { formatCount } from "../../kit/money";
import { Pager } from "../../kit/Pager";
import { paths } from "../../kit/paths";
import { QueryView } from "../../kit/QueryView";
import { StateTag } from "../../kit/StateTag";
import { Empty, SkeletonTable } from "../../kit/states";
import { formatInstant } from "../../kit/time";
import { useWords, wordFor } from "../../words";
import { About, NextAttempt } from "./parts";
import "./notifications.css";

const route = getRouteApi("/shell/notifications");

const states = ["pending", "delivered", "failed"] as const;
export const topics = [
  "payment.succeeded",
  "payment.closed",
  "payment.failed",
  "payment.conflicted",
  "refund.succeeded",
  "refund.failed",
  "test.ping",
] as const;

function useColumns(): Column<EventRow>[] {
  const { t } = useWords();
  return [
    {
      key: "topic",
      title: t("notification.topic"),
      card: "title",
      cell: (row) => <span className="nowrap">{wordFor("topic", row.topic)}</span>,
    },
    {
      key: "state",
      title: t("notification.state"),
      card: "aside",
      cell: (row) => <StateTag kind="notification.state" state={row.state} />,
    },
    { key: "object", title: t("notification.object"), cell: (row) => <About object={row.object} /> },
    { key: "version", title: t("notification.version"), align: "right", cell: (row) => row.version },
    {
      key: "platform",
      title: t("notification.platform"),
      optional: true,
      card: "hidden",
      cell: (row) => <span className="notification-name">{row.platform}</span>,
    },
    {
      key: "endpoints",
      title: t("notification.endpoints"),
      align: "right",
      optional: true,
      card: "hidden",
      cell: (row) => (
        <span className="nowrap">
          {t("notification.endpoints.of", { done: row.delivered, all: row.endpoints })}
        </span>
      ),
    },
    { key: "attempts", title: t("notification.attempts"), align: "right", cell: (row) => row.attempts },
    {
      key: "occurredAt",
      title: t("notification.occurredAt"),
      cell: (row) => <span className="nowrap">{formatInstant(row.occurred_at)}</span>,
    },
    {
      key: "nextAt",
      title: t("notification.nextAt"),
      cell: (row) => <NextAttempt at={row.next_at} />,
    },
    {
      key: "error",
      title: t("notification.error"),
      optional: true,
      card: "hidden",
      cell: (row) => (
        <span className="mono quiet notification-error" title={row.last_error ?? undefined}>
          {row.last_error}
        </span>
      ),
    },
  ];
}

export function Notifications() {
  const { t } = useWords();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(notificationsQuery(search));
  const columns = useColumns();
  const { cursor, ...filter } = search;
  const change = (next: Partial<NotificationFilter>) =>
    void navigate({ search: { ...filter, ...next, cursor: undefined } });
  const filtered = Object.values(filter).some(Boolean);
  return (
    <div className="page">
      <PageHead title={t("notification.title")} below={t("notification.lead")} />
      <FilterBar filtered={filtered} onClear={() => void navigate({ search: {} })}>
        <TextFilter main label={t("notification.q")} value={search.q} onChange={(q) => change({ q })} />
        <ChoiceFilter
          label={t("notification.state")}
          value={search.state}
          options={states.map((state) => ({ value: state, label: t(`notification.state.${state}`) }))}
          onChange={(state) => change({ state })}
        />
        <ChoiceFilter
          label={t("notification.topic")}
          value={search.topic}
          options={topics.map((topic) => ({ value: topic, label: t(`topic.${topic}`) }))}
          onChange={(topic) => change({ topic })}
        />
      </FilterBar>
      <QueryView query={query} skeleton={<SkeletonTable />}>
        {(page) => (
          <>
            {page.totals && (
              <TotalsStrip
                items={[
                  [t("notification.pending"), formatCount(page.totals.pending)],
                  ...(page.totals.waiting_since
                    ? [
                        [t("notification.waitingSince"), formatInstant(page.totals.waiting_since)] as [
                          string,
                          string,
                        ],
                      ]
                    : []),
                  [t("notification.givenUp"), formatCount(page.totals.given_up)],
                ]}
              />
            )}
            <Panel flush>
              <DataTable
                label={t("notification.title")}
                columns={columns}
                rows={page.items}
                rowKey={(row) => row.id}
                href={(row) => paths.notification(row.id)}
                settings="notifications"
                empty={
                  filtered ? (
                    <Empty title="notification.empty.filtered" next="notification.empty.filtered.next" />
                  ) : (
                    <Empty title="notification.empty" next="notification.empty.next" />
                  )
                }
              />
            </Panel>
            <Pager cursor={cursor} next={page.next_cursor} />
          </>
        )}
      </QueryView>
    </div>
  );
}
