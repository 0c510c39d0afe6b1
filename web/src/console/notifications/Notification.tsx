import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Button } from "antd";
import { notificationQuery, resendEvent } from "../../api/notifications";
import type { DeliveryAttempt, EventNotification, EventPage } from "../../api/types";
import { AppLink } from "../../kit/AppLink";
import { CopyId } from "../../kit/CopyId";
import { type Column, DataTable } from "../../kit/DataTable";
import { Facts, PageHead, Panel } from "../../kit/layout";
import { QueryView } from "../../kit/QueryView";
import { StateTag, Tag } from "../../kit/StateTag";
import { Empty, ProblemState, SkeletonPage } from "../../kit/states";
import { formatInstant } from "../../kit/time";
import { useWords, wordFor } from "../../words";
import { About, AskedBy, NextAttempt } from "./parts";
import "./notifications.css";

const route = getRouteApi("/shell/notifications/$id");

export function NotificationPage() {
  const { id } = route.useParams();
  return (
    <QueryView query={useQuery(notificationQuery(id))} skeleton={<SkeletonPage />}>
      {(page) => <Content page={page} />}
    </QueryView>
  );
}

function Content({ page }: { page: EventPage }) {
  const { t } = useWords();
  const { event } = page;
  const queries = useQueryClient();
  const again = useMutation({
    mutationFn: (endpoint: string | null) => resendEvent(event.id, endpoint),
    onSuccess: (seen) => queries.setQueryData(notificationQuery(event.id).queryKey, seen),
  });
  return (
    <div className="page">
      <PageHead
        over={<AppLink href="/notifications">{t("notification.title")}</AppLink>}
        title={wordFor("topic", event.topic)}
        tag={
          <>
            <StateTag kind="notification.state" state={event.state} />{" "}
            <Tag tone="idle">{t("notification.version.of", { n: event.version })}</Tag>
          </>
        }
        below={<CopyId value={event.id} />}
        aside={
          page.may_resend &&
          page.notifications.length > 1 && (
            <Button type="primary" loading={again.isPending} onClick={() => again.mutate(null)}>
              {t("notification.resend.all")}
            </Button>
          )
        }
      />
      {again.error && <ProblemState error={again.error} />}
      {again.isSuccess && (
        <p className="verdict verdict-good" role="status">
          {t("notification.resend.asked")}
        </p>
      )}
      <Panel title={t("notification.facts")}>
        <Facts
          items={[
            [t("notification.object"), <About key="object" object={event.object} />],
            [t("notification.platform"), event.platform],
            [t("notification.occurredAt"), formatInstant(event.occurred_at)],
            [t("notification.attempts"), event.attempts],
          ]}
        />
      </Panel>
      <Endpoints page={page} busy={again.isPending} onAgain={again.mutate} />
      <Attempts attempts={page.attempts} />
      <Panel title={t("notification.data")}>
        <p className="quiet">{t("notification.data.lead")}</p>
        <pre className="notification-data">{JSON.stringify(page.data, null, 2)}</pre>
      </Panel>
    </div>
  );
}

function Endpoints(props: { page: EventPage; busy: boolean; onAgain: (endpoint: string) => void }) {
  const { t } = useWords();
  const { page } = props;
  const columns: Column<EventNotification>[] = [
    {
      key: "url",
      title: t("endpoint.url"),
      card: "title",
      cell: (row) => <span className="mono notification-url">{row.url}</span>,
    },
    {
      key: "state",
      title: t("notification.state"),
      card: "aside",
      cell: (row) => <StateTag kind="notification.state" state={row.state} />,
    },
    { key: "attempts", title: t("notification.attempts"), align: "right", cell: (row) => row.attempts },
    { key: "nextAt", title: t("notification.nextAt"), cell: (row) => <NextAttempt at={row.next_at} /> },
    {
      key: "deliveredAt",
      title: t("notification.deliveredAt"),
      cell: (row) => <span className="nowrap">{formatInstant(row.delivered_at)}</span>,
    },
    {
      key: "error",
      title: t("notification.error"),
      cell: (row) => <span className="mono quiet notification-error">{row.last_error ?? "–"}</span>,
    },
  ];
  if (page.may_resend)
    columns.push({
      key: "resend",
      title: t("notification.resend"),
      cell: (row) => (
        <Button size="small" disabled={props.busy} onClick={() => props.onAgain(row.endpoint)}>
          {t("notification.resend")}
        </Button>
      ),
    });
  return (
    <Panel title={t("notification.each")} flush>
      <DataTable
        label={t("notification.each")}
        columns={columns}
        rows={page.notifications}
        rowKey={(row) => row.endpoint}
        empty={<Empty title="notification.unheard" next="notification.unheard.next" />}
      />
    </Panel>
  );
}

function Attempts({ attempts }: { attempts: DeliveryAttempt[] }) {
  const { t } = useWords();
  const several = new Set(attempts.map((attempt) => attempt.endpoint)).size > 1;
  const columns: Column<DeliveryAttempt>[] = [
    {
      key: "at",
      title: t("notification.at"),
      card: "title",
      cell: (row) => (
        <span className="nowrap">
          {formatInstant(row.at)} <span className="quiet">{t("notification.number", { n: row.number })}</span>
        </span>
      ),
    },
    ...(several
      ? [
          {
            key: "url",
            title: t("endpoint.url"),
            cell: (row: DeliveryAttempt) => <span className="mono notification-url">{row.url}</span>,
          },
        ]
      : []),
    {
      key: "outcome",
      title: t("notification.state"),
      card: "aside",
      cell: (row) => (
        <span className="nowrap">
          <StateTag kind="notification.outcome" state={row.outcome} /> {row.status}
        </span>
      ),
    },
    {
      key: "took",
      title: t("notification.tookTitle"),
      align: "right",
      cell: (row) => row.took_ms !== null && t("notification.took", { ms: row.took_ms }),
    },
    { key: "who", title: t("notification.askedBy"), cell: (row) => <AskedBy who={row.asked_by} /> },
    {
      key: "answer",
      title: t("notification.answer"),
      cell: (row) => <Answer attempt={row} />,
    },
  ];
  return (
    <Panel title={t("notification.history")} flush>
      <DataTable
        label={t("notification.history")}
        columns={columns}
        rows={[...attempts].reverse()}
        rowKey={(row) => `${row.endpoint} ${row.number}`}
        empty={<Empty title="notification.noAttempts" next="notification.noAttempts.next" />}
      />
    </Panel>
  );
}

function Answer({ attempt }: { attempt: DeliveryAttempt }) {
  const { t } = useWords();
  if (attempt.status === null)
    return <span className="mono quiet notification-error">{attempt.error ?? "–"}</span>;
  if (!attempt.answer) return <span className="quiet">{t("notification.answer.none")}</span>;
  return <pre className="notification-answer">{attempt.answer}</pre>;
}
