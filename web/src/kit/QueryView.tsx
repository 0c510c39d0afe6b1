import type { UseQueryResult } from "@tanstack/react-query";
import { Button } from "antd";
import type { ReactNode } from "react";
import { useWords } from "../words";
import { ProblemState } from "./states";
import { formatClock } from "./time";

/** Honest states of one query: skeleton, problem with a way forward, data, and data that is stale and says so. */
export function QueryView<Data>(props: {
  query: UseQueryResult<Data, Error>;
  skeleton: ReactNode;
  children: (data: Data) => ReactNode;
}) {
  const { query, skeleton, children } = props;
  const { t } = useWords();
  if (query.data === undefined) {
    return query.error ? (
      <section className="panel">
        <ProblemState error={query.error} onRetry={() => void query.refetch()} />
      </section>
    ) : (
      skeleton
    );
  }
  return (
    <div
      className={query.isPlaceholderData ? "query query-busy" : "query"}
      aria-busy={query.isPlaceholderData}
    >
      {query.error && (
        <div className="stale" role="status">
          {t("common.stale", { time: formatClock(new Date(query.dataUpdatedAt)) })}
          <Button size="small" onClick={() => void query.refetch()}>
            {t("common.retry")}
          </Button>
        </div>
      )}
      {children(query.data)}
    </div>
  );
}
