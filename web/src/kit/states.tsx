import { Button } from "antd";
import type { ReactNode } from "react";
import { Problem } from "../api/http";
import { type Key, useWords } from "../words";

/** Nothing here, and what to do next. */
export function Empty({ title, next, action }: { title: Key; next?: Key; action?: ReactNode }) {
  const { t } = useWords();
  return (
    <div className="blank">
      <p className="blank-title">{t(title)}</p>
      {next && <p className="blank-next">{t(next)}</p>}
      {action}
    </div>
  );
}

function nextStep(problem: Problem): Key {
  if (problem.status === 0) return "error.unreachable.next";
  if (problem.status === 404) return "error.notFound.next";
  if (problem.status === 403) return "error.forbidden.next";
  if (problem.status === 400 || problem.status === 422) return "error.invalid.next";
  return problem.retryable ? "error.retryable.next" : "error.other.next";
}

/** A refused or failed call: what happened, its code, the way forward. */
export function ProblemState({ error, onRetry }: { error: Error; onRetry?: () => void }) {
  const { t } = useWords();
  if (!(error instanceof Problem)) {
    return (
      <div className="blank" role="alert">
        <p className="blank-title">{t("error.title")}</p>
        <p className="blank-next">{error.message}</p>
        {onRetry && <Button onClick={onRetry}>{t("common.retry")}</Button>}
      </div>
    );
  }
  const title =
    error.status === 0 ? t("error.unreachable") : error.status === 404 ? t("error.notFound") : error.message;
  return (
    <div className="blank" role="alert">
      <p className="blank-title">{title || t("error.title")}</p>
      {error.detail && <p>{error.detail}</p>}
      <p className="blank-next">{t(nextStep(error))}</p>
      <p className="blank-next">
        {t("error.code")} <code>{error.code}</code>
      </p>
      {onRetry && error.status !== 404 && <Button onClick={onRetry}>{t("common.retry")}</Button>}
    </div>
  );
}

export function SkeletonLines({ lines = 4 }: { lines?: number }) {
  return (
    <div className="skeleton" aria-hidden="true">
      {Array.from({ length: lines }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are alike and never move
        <i key={index} style={{ width: `${92 - ((index * 37) % 45)}%` }} />
      ))}
    </div>
  );
}

export function SkeletonTable({ rows = 12 }: { rows?: number }) {
  return (
    <div className="skeleton skeleton-table" aria-hidden="true">
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are alike and never move
        <i key={index} />
      ))}
    </div>
  );
}

/** The outline of an object's page: title, figures, two columns. */
export function SkeletonPage() {
  return (
    <div className="page" aria-busy="true">
      <div className="skeleton skeleton-head" aria-hidden="true">
        <i style={{ width: 180 }} />
        <i style={{ width: 260, height: 28 }} />
      </div>
      <div className="figures">
        {["a", "b", "c", "d"].map((key) => (
          <div className="figure" key={key}>
            <SkeletonLines lines={3} />
          </div>
        ))}
      </div>
      <section className="panel">
        <SkeletonTable rows={8} />
      </section>
    </div>
  );
}
