import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { approvalsQuery } from "../../api/connections";
import type { Proposal, ProposalState } from "../../api/types";
import { AppLink } from "../../kit/AppLink";
import { type Column, DataTable } from "../../kit/DataTable";
import { ChoiceFilter, FilterBar } from "../../kit/FilterBar";
import { PageHead, Panel } from "../../kit/layout";
import { Pager } from "../../kit/Pager";
import { QueryView } from "../../kit/QueryView";
import { StateTag } from "../../kit/StateTag";
import { Empty, SkeletonTable } from "../../kit/states";
import { formatInstant } from "../../kit/time";
import { useWords } from "../../words";
import "./connections.css";
import { Decisions } from "./Decisions";

const route = getRouteApi("/shell/approvals");
const states: ProposalState[] = ["proposed", "approved", "rejected", "withdrawn"];

/** Where the subject of a proposal is seen, by its kind. */
const homes: Record<string, (proposal: Proposal) => string> = {
  "connections.credentials": (proposal) => `/connections/${proposal.subject}`,
};

export function Approvals() {
  const { t, pick } = useWords();
  const { state, cursor } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(approvalsQuery({ state, cursor }));
  const columns: Column<Proposal>[] = [
    {
      key: "what",
      title: t("approval.what"),
      card: "title",
      cell: (row) => pick(row.chinese, row.english),
    },
    {
      key: "subject",
      title: t("approval.subject"),
      cell: (row) => {
        const home = homes[row.kind]?.(row);
        const name = row.payload.version
          ? `${row.subject} · ${t("connection.version", { n: row.payload.version })}`
          : row.subject;
        return home ? <AppLink href={home}>{name}</AppLink> : name;
      },
    },
    {
      key: "state",
      title: t("approval.state"),
      card: "aside",
      cell: (row) => <StateTag kind="approval.state" state={row.state} />,
    },
    { key: "maker", title: t("approval.maker"), cell: (row) => row.maker },
    { key: "reason", title: t("approval.reason"), cell: (row) => row.reason },
    { key: "madeAt", title: t("approval.madeAt"), cell: (row) => formatInstant(row.made_at) },
    { key: "checker", title: t("approval.checker"), cell: (row) => row.checker ?? "–" },
    {
      key: "note",
      title: t("approval.note"),
      cell: (row) => (row.state === "proposed" ? <Decisions proposal={row} /> : (row.note ?? "–")),
    },
  ];
  return (
    <div className="page">
      <PageHead title={t("approval.title")} below={t("approval.lead")} />
      <FilterBar filtered={Boolean(state)} onClear={() => void navigate({ search: {} })}>
        <ChoiceFilter
          label={t("approval.state")}
          value={state}
          options={states.map((name) => ({ value: name, label: t(`approval.state.${name}`) }))}
          onChange={(value) => void navigate({ search: { state: value }, replace: true })}
        />
      </FilterBar>
      <Panel flush>
        <QueryView query={query} skeleton={<SkeletonTable rows={4} />}>
          {({ items, next_cursor }) => (
            <div>
              <DataTable
                label={t("approval.title")}
                columns={columns}
                rows={items}
                rowKey={(row) => row.id}
                empty={<Empty title="approval.empty" next="approval.empty.next" />}
              />
              <Pager cursor={cursor} next={next_cursor} />
            </div>
          )}
        </QueryView>
      </Panel>
    </div>
  );
}
