import { useQuery } from "@tanstack/react-query";
import { Button, Form, Input, Select } from "antd";
import { useState } from "react";
import { connectionsQuery, createConnection } from "../../api/connections";
import type { ConnectionList, ConnectionRow } from "../../api/types";
import { useOpen } from "../../kit/AppLink";
import { type Column, DataTable } from "../../kit/DataTable";
import { PageHead, Panel } from "../../kit/layout";
import { QueryView } from "../../kit/QueryView";
import { StateTag, Tag } from "../../kit/StateTag";
import { Empty, SkeletonTable } from "../../kit/states";
import { formatDay } from "../../kit/time";
import { useWords } from "../../words";
import { ActionDialog } from "./ActionDialog";
import "./connections.css";
import { costWords, healthWords } from "./wording";

export function Connections() {
  const { t } = useWords();
  const query = useQuery(connectionsQuery);
  const [making, setMaking] = useState(false);
  return (
    <div className="page">
      <PageHead
        title={t("connection.title")}
        below={t("connection.lead")}
        aside={
          query.data?.may.includes("connections_configure") && (
            <Button type="primary" onClick={() => setMaking(true)}>
              {t("connection.create")}
            </Button>
          )
        }
      />
      <Panel flush>
        <QueryView query={query} skeleton={<SkeletonTable rows={4} />}>
          {(list) => (
            <>
              <Table list={list} />
              <NewConnection list={list} open={making} onClose={() => setMaking(false)} />
            </>
          )}
        </QueryView>
      </Panel>
    </div>
  );
}

function Table({ list }: { list: ConnectionList }) {
  const { t, pick } = useWords();
  const kinds = new Map(list.kinds.map((kind) => [kind.kind, pick(kind.chinese, kind.english)]));
  const columns: Column<ConnectionRow>[] = [
    { key: "name", title: t("connection.name"), card: "title", cell: (row) => row.name },
    {
      key: "state",
      title: t("connection.state"),
      card: "aside",
      cell: (row) => (
        <span className="tags">
          <StateTag kind="connection.state" state={row.state} />
          {row.health.breaker !== "closed" && (
            <StateTag kind="connection.breaker" state={row.health.breaker} />
          )}
          {row.fault && <Tag tone="bad">{t("connection.unusable")}</Tag>}
        </span>
      ),
    },
    { key: "kind", title: t("connection.kind"), cell: (row) => kinds.get(row.kind) ?? row.kind },
    {
      key: "code",
      title: t("connection.code"),
      cell: (row) => <span className="mono quiet">{row.code}</span>,
    },
    { key: "weight", title: t("connection.weight"), align: "right", cell: (row) => row.weight },
    { key: "priority", title: t("connection.priority"), align: "right", cell: (row) => row.priority },
    { key: "cost", title: t("connection.cost"), align: "right", cell: (row) => costWords(row.cost, t) },
    { key: "health", title: t("connection.health"), cell: (row) => healthWords(row.health, t) },
    { key: "credentials", title: t("connection.credentials"), cell: (row) => <Credentials row={row} /> },
  ];
  return (
    <DataTable
      label={t("connection.title")}
      columns={columns}
      rows={list.items}
      rowKey={(row) => row.code}
      href={(row) => `/connections/${row.code}`}
      empty={<Empty title="connection.empty" next="connection.empty.next" />}
    />
  );
}

function Credentials({ row }: { row: ConnectionRow }) {
  const { t } = useWords();
  return (
    <span className="tags">
      {row.in_force === null ? t("connection.version.none") : t("connection.version", { n: row.in_force })}
      {row.test_outcome && row.test_outcome !== "succeeded" && (
        <StateTag kind="connection.outcome" state={row.test_outcome} />
      )}
      {row.expires_at &&
        (row.expires_soon ? (
          <Tag tone="bad">{t("connection.expires", { date: formatDay(row.expires_at) })}</Tag>
        ) : (
          <span className="quiet">{t("connection.expires", { date: formatDay(row.expires_at) })}</span>
        ))}
      {row.proposed !== null && <Tag tone="wait">{t("connection.pending", { n: row.proposed })}</Tag>}
    </span>
  );
}

function NewConnection(props: { list: ConnectionList; open: boolean; onClose: () => void }) {
  const { t, pick } = useWords();
  const open = useOpen();
  const required = { required: true, message: t("action.required") };
  return (
    <ActionDialog<{ code: string; kind: string; name: string }>
      title={t("connection.create")}
      open={props.open}
      onClose={props.onClose}
      act={({ code, kind, name }) => createConnection({ code: code.trim(), kind, name: name.trim() })}
      onDone={({ code }) => open(`/connections/${code.trim()}`)}
      initial={{ kind: props.list.kinds[0]?.kind }}
      reason={null}
    >
      <Form.Item name="kind" label={t("connection.kind")} rules={[required]}>
        <Select
          options={props.list.kinds.map((kind) => ({
            value: kind.kind,
            label: pick(kind.chinese, kind.english),
          }))}
        />
      </Form.Item>
      <Form.Item name="name" label={t("connection.name")} rules={[{ ...required, whitespace: true }]}>
        <Input maxLength={64} autoComplete="off" />
      </Form.Item>
      <Form.Item
        name="code"
        label={t("connection.code")}
        extra={t("connection.code.hint")}
        rules={[{ required: true, pattern: /^[a-z][a-z0-9-]{0,31}$/, message: t("connection.code.hint") }]}
      >
        <Input maxLength={32} autoComplete="off" autoCapitalize="none" spellCheck={false} />
      </Form.Item>
    </ActionDialog>
  );
}
