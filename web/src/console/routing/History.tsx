import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Button, Modal } from "antd";
import { ruleSetQuery, ruleSetsQuery } from "../../api/routing";
import type { RoutingPage, RuleSet, RuleSetRow } from "../../api/types";
import { useOpen } from "../../kit/AppLink";
import { type Column, DataTable } from "../../kit/DataTable";
import { Facts, Panel } from "../../kit/layout";
import { formatCount } from "../../kit/money";
import { Pager } from "../../kit/Pager";
import { QueryView } from "../../kit/QueryView";
import { Tag } from "../../kit/StateTag";
import { Empty, SkeletonLines, SkeletonTable } from "../../kit/states";
import { formatInstant } from "../../kit/time";
import { useWords } from "../../words";
import { ChangeList } from "./ChangeList";
import { changesBetween } from "./changes";
import type { Draft } from "./Routing";
import { MAY_SET } from "./Rules";
import { wordingOf } from "./wording";

const route = getRouteApi("/shell/routing");

/** Every version of the rules: who set it, when and why, what it changed, and a way back to it. */
export function History({ page, onDraft }: { page: RoutingPage; onDraft: (draft: Draft) => void }) {
  const { t } = useWords();
  const { cursor, version } = route.useSearch();
  const navigate = route.useNavigate();
  const open = useOpen();
  const query = useQuery(ruleSetsQuery(cursor));
  const columns: Column<RuleSetRow>[] = [
    {
      key: "version",
      title: t("routing.version"),
      card: "title",
      cell: (row) => t("connection.version", { n: row.version }),
    },
    {
      key: "state",
      title: t("connection.state"),
      card: "aside",
      cell: (row) =>
        row.version === page.rules.version ? (
          <Tag tone="good">{t("routing.version.inForce")}</Tag>
        ) : (
          <Tag tone="idle">{t("routing.version.earlier")}</Tag>
        ),
    },
    { key: "note", title: t("routing.note.head"), cell: (row) => <span className="wrap">{row.note}</span> },
    {
      key: "count",
      title: t("routing.version.count"),
      align: "right",
      cell: (row) => formatCount(row.count),
    },
    { key: "by", title: t("routing.version.by"), cell: (row) => row.made_by },
    {
      key: "at",
      title: t("routing.version.at"),
      cell: (row) => <span className="nowrap">{formatInstant(row.made_at)}</span>,
    },
  ];
  const keep = cursor ? `&cursor=${cursor}` : "";
  return (
    <Panel flush>
      <QueryView query={query} skeleton={<SkeletonTable rows={4} />}>
        {(list) => (
          <>
            <DataTable
              label={t("routing.tab.history")}
              columns={columns}
              rows={list.items}
              rowKey={(row) => row.version}
              href={(row) => `/routing?tab=history&version=${row.version}${keep}`}
              empty={<Empty title="routing.history.empty" next="routing.history.empty.next" />}
            />
            <Pager cursor={cursor} next={list.next_cursor} />
          </>
        )}
      </QueryView>
      {version && (
        <Version
          page={page}
          version={Number(version)}
          onClose={() => void navigate({ search: { tab: "history", ...(cursor ? { cursor } : {}) } })}
          onRestore={(ruleSet) => {
            onDraft({
              rules: ruleSet.rules,
              basedOn: page.rules.version,
              note: t("routing.restore.note", { n: ruleSet.version }),
            });
            open("/routing?tab=rules");
          }}
        />
      )}
    </Panel>
  );
}

function Version(props: {
  page: RoutingPage;
  version: number;
  onClose: () => void;
  onRestore: (ruleSet: RuleSet) => void;
}) {
  const { page, version, onClose, onRestore } = props;
  const { t, language } = useWords();
  const query = useQuery(ruleSetQuery(version));
  const before = useQuery({ ...ruleSetQuery(version - 1), enabled: version > 1 });
  const wording = wordingOf(t, language, page.methods);
  const restorable = page.may.includes(MAY_SET) && version !== page.rules.version;
  return (
    <Modal
      title={t("routing.version.title", { n: version })}
      open
      width={760}
      onCancel={onClose}
      footer={
        restorable && query.data ? (
          <Button type="primary" onClick={() => query.data && onRestore(query.data)}>
            {t("routing.restore")}
          </Button>
        ) : null
      }
    >
      <QueryView query={query} skeleton={<SkeletonLines lines={6} />}>
        {(ruleSet) => (
          <>
            <div className="dialog-lead">
              <Facts
                items={[
                  [t("routing.version.by"), ruleSet.made_by],
                  [t("routing.version.at"), formatInstant(ruleSet.made_at)],
                  [t("routing.version.count"), formatCount(ruleSet.rules.length)],
                  [t("routing.note.head"), ruleSet.note],
                ]}
              />
            </div>
            <h3 className="version-changed">{t("routing.version.changed")}</h3>
            {version > 1 && !before.data ? (
              <SkeletonLines lines={3} />
            ) : (
              <ChangeList
                changes={changesBetween(before.data?.rules ?? [], ruleSet.rules)}
                wording={wording}
              />
            )}
          </>
        )}
      </QueryView>
    </Modal>
  );
}
