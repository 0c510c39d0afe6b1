import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { routingQuery } from "../../api/routing";
import type { RoutingPage, Rule } from "../../api/types";
import { AppLink } from "../../kit/AppLink";
import { PageHead } from "../../kit/layout";
import { QueryView } from "../../kit/QueryView";
import { SkeletonPage } from "../../kit/states";
import { formatInstant } from "../../kit/time";
import { useWords } from "../../words";
import { Health } from "./Health";
import { History } from "./History";
import { Rules } from "./Rules";
import "../connections/connections.css";
import "./routing.css";
import { TryIt } from "./TryIt";

const route = getRouteApi("/shell/routing");
const TABS = ["health", "rules", "try", "history"] as const;

/** Rules that were changed here and are not in force yet. */
export interface Draft {
  rules: Rule[];
  basedOn: number;
  /** What the note begins with. */
  note: string;
}

/** How connections do, the rules, a decision tried out, and earlier rules: what is edited stays while one looks around. */
export function Routing() {
  const query = useQuery(routingQuery);
  const [draft, setDraft] = useState<Draft | null>(null);
  return (
    <QueryView query={query} skeleton={<SkeletonPage />}>
      {(page) => <Content page={page} draft={draft} onDraft={setDraft} />}
    </QueryView>
  );
}

function Content(props: { page: RoutingPage; draft: Draft | null; onDraft: (draft: Draft | null) => void }) {
  const { page, draft, onDraft } = props;
  const { t } = useWords();
  const search = route.useSearch();
  const tab = TABS.find((each) => each === search.tab) ?? "health";
  return (
    <div className="page">
      <PageHead title={t("routing.title")} below={<InForce page={page} />} />
      <nav className="routing-tabs" aria-label={t("routing.title")}>
        {TABS.map((each) => (
          <AppLink
            key={each}
            href={`/routing?tab=${each}`}
            className={each === tab ? "routing-tab-on" : undefined}
          >
            {t(`routing.tab.${each}`)}
            {each === "rules" && <span className="quiet"> {page.rules.rules.length}</span>}
            {each === "rules" && draft && <i className="dot dot-warn" title={t("routing.draft.unsaved")} />}
          </AppLink>
        ))}
      </nav>
      {tab === "health" && <Health page={page} />}
      {tab === "rules" && <Rules page={page} draft={draft} onDraft={onDraft} />}
      {tab === "try" && <TryIt page={page} draft={draft} />}
      {tab === "history" && <History page={page} onDraft={onDraft} />}
    </div>
  );
}

function InForce({ page }: { page: RoutingPage }) {
  const { t } = useWords();
  const { version, made_by, made_at, note } = page.rules;
  if (version === 0) return <>{t("routing.inForce.none")}</>;
  return <>{t("routing.inForce", { n: version, by: made_by, at: formatInstant(made_at), note })}</>;
}
