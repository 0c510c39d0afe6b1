import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { type ReactNode, useState } from "react";
import { connectionQuery, probeCredentials, retireVersion } from "../../api/connections";
import type { ChannelKind, ConnectionPage, CredentialVersion, ShownField } from "../../api/types";
import { CopyId } from "../../kit/CopyId";
import { Facts, Panel } from "../../kit/layout";
import { StateTag, Tag } from "../../kit/StateTag";
import { Empty, ProblemState } from "../../kit/states";
import { formatDay, formatInstant } from "../../kit/time";
import { useWords } from "../../words";
import { ActionDialog } from "./ActionDialog";
import { Decisions } from "./Decisions";

/** Credentials by version, newest first: what may be shown of them, how they were tested, who approved them. */
export function Versions({ page }: { page: ConnectionPage }) {
  const { t } = useWords();
  return (
    <Panel title={t("connection.credentials")}>
      {page.versions.length === 0 ? (
        <Empty title="credentials.empty" next="credentials.empty.next" />
      ) : (
        page.versions.map((version) => <Version key={version.number} page={page} version={version} />)
      )}
    </Panel>
  );
}

const USED: CredentialVersion["state"][] = ["proposed", "in_force"];

function Version({ page, version }: { page: ConnectionPage; version: CredentialVersion }) {
  const { t } = useWords();
  const [retiring, setRetiring] = useState(false);
  const { code } = page.connection;
  const proposal =
    version.state === "proposed"
      ? page.proposals.find((each) => each.payload.version === version.number)
      : undefined;
  const tests =
    USED.includes(version.state) &&
    page.may.some((each) => each === "connections_switch" || each === "credentials_approve");
  return (
    <details className="version" open={USED.includes(version.state)}>
      <summary>
        <b>{t("connection.version", { n: version.number })}</b>
        <StateTag kind="credentials.state" state={version.state} />
        {version.test_outcome ? (
          <StateTag kind="connection.outcome" state={version.test_outcome} />
        ) : (
          <span className="quiet">{t("connection.untested")}</span>
        )}
        {version.expires_soon && USED.includes(version.state) && (
          <Tag tone="bad">{t("connection.expiresSoon")}</Tag>
        )}
      </summary>
      <VersionFacts kind={page.kind} version={version} />
      {version.test_detail && <p className="quiet version-said">{version.test_detail}</p>}
      <div className="version-actions">
        {tests && <Probe code={code} version={version} />}
        {proposal && <Decisions proposal={proposal} blocked={version.test_outcome !== "succeeded"} />}
        {version.state === "kept" && page.may.includes("connections_configure") && (
          <>
            <Button size="small" danger onClick={() => setRetiring(true)}>
              {t("credentials.retire")}
            </Button>
            <ActionDialog<{ reason: string }>
              title={`${t("credentials.retire")} · ${t("connection.version", { n: version.number })}`}
              lead={t("credentials.retire.lead")}
              open={retiring}
              onClose={() => setRetiring(false)}
              danger
              act={({ reason }) => retireVersion(code, version.number, reason)}
            />
          </>
        )}
      </div>
    </details>
  );
}

function Probe({ code, version }: { code: string; version: CredentialVersion }) {
  const { t } = useWords();
  const queries = useQueryClient();
  const probe = useMutation({
    mutationFn: () => probeCredentials(code, version.number),
    onSuccess: () => queries.invalidateQueries({ queryKey: connectionQuery(code).queryKey }),
  });
  return (
    <>
      <Button size="small" loading={probe.isPending} onClick={() => probe.mutate()}>
        {t(version.tested_at ? "credentials.test.again" : "credentials.test")}
      </Button>
      {probe.error && <ProblemState error={probe.error} />}
    </>
  );
}

function VersionFacts({ kind, version }: { kind: ChannelKind; version: CredentialVersion }) {
  const { t, pick } = useWords();
  const items: [string, ReactNode][] = [];
  for (const field of kind.fields) {
    const shown = version.shown.find((each) => each.name === field.name);
    if (shown) items.push([pick(field.chinese, field.english), <Shown key={field.name} field={shown} />]);
  }
  const maker = version.from_settings ? t("credentials.fromSettings") : version.made_by;
  items.push([t("credentials.madeBy"), `${maker} · ${formatInstant(version.made_at)}`]);
  if (version.approved_by) items.push([t("credentials.approvedBy"), version.approved_by]);
  if (version.in_force_since) items.push([t("credentials.since"), formatInstant(version.in_force_since)]);
  if (version.tested_at)
    items.push([
      t("credentials.test"),
      `${formatInstant(version.tested_at)} · ${t("credentials.took", { ms: version.test_ms ?? 0 })}`,
    ]);
  return <Facts items={items} />;
}

function Shown({ field }: { field: ShownField }) {
  const { t } = useWords();
  if (field.value !== null) return <span className="mono wrap">{field.value}</span>;
  if (field.certificates.length > 0)
    return (
      <ul className="certificates">
        {field.certificates.map((each) => (
          <li key={each.fingerprint}>
            <span className="mono wrap">{each.serial_no}</span>{" "}
            <span>{t("connection.expires", { date: formatDay(each.expires_at) })}</span>
            <Fingerprint value={each.fingerprint} />
          </li>
        ))}
      </ul>
    );
  if (field.fingerprint !== null) return <Fingerprint value={field.fingerprint} />;
  return <>{field.ending ? t("credentials.ending", { ending: field.ending }) : t("credentials.set")}</>;
}

function Fingerprint({ value }: { value: string }) {
  const { t } = useWords();
  return (
    <span className="fingerprint" title={t("credentials.fingerprint")}>
      <small className="quiet">SHA-256</small>
      <CopyId value={value} short />
    </span>
  );
}
