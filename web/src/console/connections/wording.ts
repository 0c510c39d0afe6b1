import type { ConnectionRow, HistoryLine } from "../../api/types";
import { formatMoney, formatPercent } from "../../kit/money";
import { type Translate, wordFor } from "../../words";

/** `0.38%`, or `0.38% + 0.10 元/笔`. */
export function costWords(cost: ConnectionRow["cost"], t: Translate): string {
  const rate = formatPercent(cost.rate);
  return cost.fixed === 0 ? rate : t("connection.cost.each", { rate, fixed: formatMoney(cost.fixed, "CNY") });
}

/** How many calls of the last hour succeeded. */
export function healthWords(health: ConnectionRow["health"], t: Translate): string {
  const calls = health.succeeded + health.refused + health.faults;
  if (calls === 0) return t("connection.health.none");
  return t("connection.health.rate", { rate: formatPercent(health.succeeded / calls, 1), n: calls });
}

/** What a line of history says. */
export function historyWords(line: HistoryLine, t: Translate): string {
  const { detail } = line;
  const values = {
    n: detail.version ?? "",
    outcome: detail.outcome ? wordFor("connection.outcome", detail.outcome) : "",
    what: Object.keys(detail.after ?? {})
      .map((field) => wordFor("history.field", field))
      .join(t("history.and")),
  };
  return wordFor("history", line.event).replace(/\{(\w+)\}/g, (_, name: string) =>
    String(values[name as keyof typeof values] ?? ""),
  );
}

/** Why, what the channel said, and what was before and after, where that is one value. */
export function historyDetail(line: HistoryLine): string {
  const { reason, said, before = {}, after = {} } = line.detail;
  const simple = Object.keys(after).filter((field) => typeof after[field] !== "object");
  const changes = simple.map(
    (field) => `${wordFor("history.field", field)} ${String(before[field])} → ${String(after[field])}`,
  );
  return [...changes, reason, said].filter(Boolean).join(" · ");
}

/** A person by name, the server by a word. */
export function actorWords(line: HistoryLine): string {
  return line.staff ? line.actor : wordFor("history.by", line.actor);
}
