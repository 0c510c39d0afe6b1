import { useRouter, useRouterState } from "@tanstack/react-router";
import { Button } from "antd";
import { useWords } from "../words";

declare module "@tanstack/react-router" {
  interface HistoryState {
    /** How many pages of a list were turned to get here. */
    pageIndex?: number;
  }
}

/**
 * Pages by cursor: the cursor stands in the URL, and the page before is the browser's own page before, so that a list
 * of ten million rows turns as fast as one of a hundred.
 */
export function Pager(props: { cursor?: string; next: string | null; keepPlace?: boolean }) {
  const { t } = useWords();
  const router = useRouter();
  const index = useRouterState({ select: (state) => state.location.state.pageIndex ?? 0 });
  if (!props.cursor && !props.next) return null;

  const turn = (cursor: string | undefined, pageIndex: number) => {
    const { pathname, search } = router.state.location;
    const rest: Record<string, string> = { ...search };
    delete rest.cursor;
    void router.navigate({
      to: pathname,
      search: cursor ? { ...rest, cursor } : rest,
      state: { pageIndex },
      resetScroll: !props.keepPlace,
    });
  };
  return (
    <nav className="pager" aria-label={t("pager.label")}>
      {props.cursor && (
        <Button onClick={() => turn(undefined, 0)} type="text">
          {t("pager.first")}
        </Button>
      )}
      {index > 0 && <Button onClick={() => router.history.back()}>{t("pager.previous")}</Button>}
      {(index > 0 || !props.cursor) && <span>{t("pager.page", { n: index + 1 })}</span>}
      <Button disabled={!props.next} onClick={() => props.next && turn(props.next, index + 1)}>
        {props.next ? t("pager.next") : t("pager.end")}
      </Button>
    </nav>
  );
}
