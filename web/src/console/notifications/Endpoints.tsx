import { useQuery } from "@tanstack/react-query";
import { endpointsQuery } from "../../api/notifications";
import type { EndpointRow } from "../../api/types";
import { AppLink } from "../../kit/AppLink";
import { type Column, DataTable } from "../../kit/DataTable";
import { PageHead, Panel } from "../../kit/layout";
import { formatCount } from "../../kit/money";
import { paths } from "../../kit/paths";
import { QueryView } from "../../kit/QueryView";
import { StateTag } from "../../kit/StateTag";
import { Empty, SkeletonTable } from "../../kit/states";
import { formatInstant } from "../../kit/time";
import { useWords, wordFor } from "../../words";
import "./notifications.css";

export function Endpoints() {
  const { t } = useWords();
  const query = useQuery(endpointsQuery);
  return (
    <div className="page">
      <PageHead title={t("endpoint.title")} below={t("endpoint.lead")} />
      <QueryView query={query} skeleton={<SkeletonTable rows={4} />}>
        {(endpoints) => {
          const disabled = endpoints.filter((endpoint) => endpoint.state === "disabled").length;
          return (
            <>
              {disabled > 0 && (
                <p className="verdict verdict-bad" role="status">
                  {t("endpoint.notice", { n: disabled })}
                </p>
              )}
              <Panel flush>
                <Table endpoints={endpoints} />
              </Panel>
            </>
          );
        }}
      </QueryView>
    </div>
  );
}

function Table({ endpoints }: { endpoints: EndpointRow[] }) {
  const { t } = useWords();
  const columns: Column<EndpointRow>[] = [
    {
      key: "url",
      title: t("endpoint.url"),
      card: "title",
      cell: (row) => (
        <>
          <span className="mono notification-url">{row.url}</span>
          {row.description && <div className="quiet notification-note">{row.description}</div>}
        </>
      ),
    },
    { key: "state", title: t("endpoint.state"), card: "aside", cell: (row) => <State row={row} /> },
    {
      key: "platform",
      title: t("notification.platform"),
      cell: (row) => <span className="notification-name">{row.platform}</span>,
    },
    {
      key: "topics",
      title: t("endpoint.topics"),
      cell: (row) =>
        row.topics.length === 0
          ? t("topic.all")
          : row.topics.map((topic) => wordFor("topic", topic)).join(" · "),
    },
    {
      key: "health",
      title: t("endpoint.health"),
      align: "right",
      cell: (row) => (
        <span className="nowrap">
          {row.attempts === 0
            ? t("endpoint.health.none")
            : t("endpoint.health.of", { done: formatCount(row.delivered), all: formatCount(row.attempts) })}
        </span>
      ),
    },
    {
      key: "average",
      title: t("endpoint.average"),
      align: "right",
      cell: (row) => (row.average_ms === null ? "–" : t("notification.took", { ms: row.average_ms })),
    },
    {
      key: "pending",
      title: t("endpoint.pending"),
      align: "right",
      cell: (row) =>
        row.pending === 0 ? (
          "0"
        ) : (
          <AppLink href={paths.notificationsOf({ state: "pending", endpoint: row.id })}>
            {formatCount(row.pending)}
          </AppLink>
        ),
    },
    {
      key: "last",
      title: t("endpoint.lastDelivered"),
      cell: (row) => <span className="nowrap">{formatInstant(row.last_delivered_at)}</span>,
    },
  ];
  return (
    <DataTable
      label={t("endpoint.title")}
      columns={columns}
      rows={endpoints}
      rowKey={(row) => row.id}
      href={(row) => paths.notificationsOf({ endpoint: row.id })}
      empty={<Empty title="endpoint.empty" next="endpoint.empty.next" />}
    />
  );
}

function State({ row }: { row: EndpointRow }) {
  const { t } = useWords();
  return (
    <>
      <StateTag kind="endpoint.state" state={row.state} />
      {row.disabled_reason && (
        <div className="quiet notification-note">{t(`endpoint.reason.${row.disabled_reason}`)}</div>
      )}
      {row.state !== "disabled" && row.failing_since && (
        <div className="quiet notification-note">
          {t("endpoint.failingSince", { time: formatInstant(row.failing_since) })}
        </div>
      )}
    </>
  );
}
