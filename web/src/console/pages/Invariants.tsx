import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { checkInvariants, invariantsQuery } from "../../api/queries";
import type { InvariantReport } from "../../api/types";
import { type Column, DataTable } from "../../kit/DataTable";
import { PageHead, Panel } from "../../kit/layout";
import { formatCount } from "../../kit/money";
import { QueryView } from "../../kit/QueryView";
import { Tag } from "../../kit/StateTag";
import { Empty, ProblemState, SkeletonTable } from "../../kit/states";
import { formatInstant } from "../../kit/time";
import { useWords, wordFor } from "../../words";

type Rule = InvariantReport["items"][number];

export function Invariants() {
  const { t, pick } = useWords();
  const query = useQuery(invariantsQuery);
  const queries = useQueryClient();
  const check = useMutation({
    mutationFn: checkInvariants,
    onSuccess: (report) => queries.setQueryData(invariantsQuery.queryKey, report),
  });
  const checking = check.isPending || (query.data?.running ?? false);
  const anyBroken = query.data?.items.some((rule) => rule.violations > 0) ?? false;
  const sample: Column<Rule> = {
    key: "sample",
    title: t("invariants.sample"),
    cell: (rule) =>
      rule.sample.length > 0 && (
        <ul className="sample mono">
          {rule.sample.map((row) => (
            <li key={row}>{row}</li>
          ))}
        </ul>
      ),
  };
  const since: Column<Rule> = {
    key: "since",
    title: t("invariants.brokenSince"),
    cell: (rule) => rule.broken_since && formatInstant(rule.broken_since),
  };
  const columns: Column<Rule>[] = [
    {
      key: "rule",
      title: t("invariants.rule"),
      card: "title",
      cell: (rule) => pick(rule.chinese, rule.english),
    },
    {
      key: "domain",
      title: t("invariants.domain"),
      cell: (rule) => <span className="quiet">{wordFor("invariants.domain", rule.domain)}</span>,
    },
    {
      key: "name",
      title: "ID",
      card: "hidden",
      cell: (rule) => <span className="mono quiet">{rule.name}</span>,
    },
    {
      key: "violations",
      title: t("invariants.violations"),
      align: "right",
      card: "aside",
      cell: (rule) =>
        rule.violations === 0 ? (
          <Tag tone="good">{t("invariants.pass")}</Tag>
        ) : (
          <Tag tone="bad">{formatCount(rule.violations)}</Tag>
        ),
    },
    ...(anyBroken ? [since, sample] : []),
  ];
  return (
    <div className="page">
      <PageHead
        title={t("invariants.title")}
        below={t("invariants.lead")}
        aside={
          <Button loading={checking} onClick={() => check.mutate()}>
            {checking ? t("invariants.checking") : t("invariants.checkNow")}
          </Button>
        }
      />
      {check.error && <ProblemState error={check.error} onRetry={() => check.mutate()} />}
      <QueryView query={query} skeleton={<SkeletonTable />}>
        {(report) => {
          const broken = report.items.filter((rule) => rule.violations > 0).length;
          const ordered = [...report.items].sort((a, b) => b.violations - a.violations);
          return (
            <>
              {report.checked_at === null ? (
                <p className="verdict" role="status">
                  {t("invariants.never")}
                </p>
              ) : (
                <p className={broken === 0 ? "verdict verdict-good" : "verdict verdict-bad"} role="status">
                  <b>{broken === 0 ? t("invariants.ok") : t("invariants.broken", { n: broken })}</b>{" "}
                  {broken > 0 && t("invariants.broken.next")}{" "}
                  {t("invariants.checkedAt", {
                    time: formatInstant(report.checked_at),
                    seconds: (report.took_ms / 1000).toFixed(1),
                  })}
                </p>
              )}
              <Panel flush>
                <DataTable
                  label={t("invariants.title")}
                  columns={columns}
                  rows={ordered}
                  rowKey={(rule) => rule.name}
                  empty={<Empty title="empty.invariants" next="empty.invariants.next" />}
                />
              </Panel>
            </>
          );
        }}
      </QueryView>
    </div>
  );
}
