import type { ErrorComponentProps } from "@tanstack/react-router";
import { Button } from "antd";
import { Problem } from "../../api/http";
import { AppLink } from "../../kit/AppLink";
import { Empty, ProblemState } from "../../kit/states";
import { useWords } from "../../words";

export function NotFound() {
  const { t } = useWords();
  return (
    <div className="page">
      <section className="panel">
        <Empty
          title="error.notFound"
          next="error.notFound.next"
          action={<AppLink href="/">{t("error.toOverview")}</AppLink>}
        />
      </section>
    </div>
  );
}

/** The last net: a page that could not be drawn or loaded. */
export function PageError({ error, reset }: ErrorComponentProps) {
  const { t } = useWords();
  if (error instanceof Problem) {
    return (
      <div className="page">
        <section className="panel">
          <ProblemState error={error} onRetry={reset} />
        </section>
      </div>
    );
  }
  return (
    <div className="page">
      <section className="panel">
        <div className="blank" role="alert">
          <p className="blank-title">{t("error.page")}</p>
          <p className="blank-next">{t("error.page.next")}</p>
          <pre>{error instanceof Error ? error.message : String(error)}</pre>
          <Button onClick={() => window.location.reload()}>{t("error.reload")}</Button>
        </div>
      </section>
    </div>
  );
}
