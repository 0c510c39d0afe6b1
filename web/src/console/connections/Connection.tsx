import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Button } from "antd";
import { useState } from "react";
import { connectionQuery, type Switch, switchConnection } from "../../api/connections";
import type { ConnectionPage as ConnectionPageData } from "../../api/types";
import { AppLink } from "../../kit/AppLink";
import { CopyId } from "../../kit/CopyId";
import { PageHead, Panel } from "../../kit/layout";
import { QueryView } from "../../kit/QueryView";
import { StateTag } from "../../kit/StateTag";
import { SkeletonPage } from "../../kit/states";
import { Timeline } from "../../kit/Timeline";
import { useWords } from "../../words";
import { ActionDialog } from "./ActionDialog";
import { CredentialForm } from "./CredentialForm";
import "./connections.css";
import { Settings } from "./Settings";
import { Versions } from "./Versions";
import { actorWords, historyDetail, historyWords } from "./wording";

const route = getRouteApi("/shell/connections/$code");

export function ConnectionPage() {
  const { code } = route.useParams();
  const query = useQuery(connectionQuery(code));
  return (
    <QueryView query={query} skeleton={<SkeletonPage />}>
      {(page) => <Content page={page} />}
    </QueryView>
  );
}

function Content({ page }: { page: ConnectionPageData }) {
  const { t, pick } = useWords();
  const { connection } = page;
  return (
    <div className="page">
      <PageHead
        over={<AppLink href="/connections">{t("connection.title")}</AppLink>}
        title={connection.name}
        tag={
          <>
            <StateTag kind="connection.state" state={connection.state} />
            {connection.health.breaker !== "closed" && (
              <StateTag kind="connection.breaker" state={connection.health.breaker} />
            )}
          </>
        }
        below={
          <span className="tags">
            {pick(page.kind.chinese, page.kind.english)} <CopyId value={connection.code} />
          </span>
        }
        aside={<Actions page={page} />}
      />
      {connection.fault && (
        <p className="verdict verdict-bad" role="alert">
          <b>{t("connection.unusable")}</b> {connection.fault}
        </p>
      )}
      <div className="columns">
        <div className="stack">
          <Versions page={page} />
          <Settings page={page} />
        </div>
        <Panel title={t("connection.history")}>
          <Timeline
            items={page.history
              .map((line, index) => ({
                key: `${page.history.length - index}`,
                at: line.at,
                title: historyWords(line, t),
                actor: actorWords(line),
                detail: historyDetail(line),
              }))
              .reverse()}
          />
        </Panel>
      </div>
    </div>
  );
}

const DANGER: Switch[] = ["pause", "retire"];

function Actions({ page }: { page: ConnectionPageData }) {
  const { t } = useWords();
  const { connection, may } = page;
  const [asked, setAsked] = useState<Switch | "propose" | null>(null);
  const [last, setLast] = useState<Switch>("pause");
  const close = () => setAsked(null);
  const ask = (how: Switch) => {
    setLast(how);
    setAsked(how);
  };
  const switches: Switch[] = [];
  if (may.includes("connections_switch")) {
    if (connection.state === "active") switches.push("pause");
    if (connection.state === "paused") switches.push("resume");
  }
  if (may.includes("connections_configure") && !["active", "retired"].includes(connection.state))
    switches.push("retire");
  const proposes =
    may.includes("credentials_propose") && connection.state !== "retired" && connection.proposed === null;
  return (
    <>
      {switches.map((how) => (
        <Button key={how} danger={DANGER.includes(how)} onClick={() => ask(how)}>
          {t(`action.${how}`)}
        </Button>
      ))}
      {proposes && (
        <Button type="primary" onClick={() => setAsked("propose")}>
          {t("credentials.propose")}
        </Button>
      )}
      <ActionDialog<{ reason: string }>
        title={`${t(`action.${last}`)} ${connection.name}`}
        lead={t(`action.${last}.lead`)}
        open={asked === last}
        onClose={close}
        danger={DANGER.includes(last)}
        act={({ reason }) => switchConnection(connection.code, last, reason)}
      />
      <CredentialForm page={page} open={asked === "propose"} onClose={close} />
    </>
  );
}
