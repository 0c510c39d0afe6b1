import type { Rule } from "../../api/types";

/** What became of one rule between two versions; positions count from 1. */
export interface RuleChange {
  kind: "added" | "removed" | "changed" | "moved";
  before: { rule: Rule; position: number } | null;
  after: { rule: Rule; position: number } | null;
}

/** A rule's content, whatever the order of its fields and of what is a set. */
function contentOf(rule: Rule): string {
  return JSON.stringify(rule, (key, value: unknown) => {
    if (Array.isArray(value)) {
      // Who is preferred is an order, all other lists are sets.
      return key === "prefer" ? value : [...value].sort();
    }
    if (value && typeof value === "object") {
      const filled = Object.entries(value).filter(([, each]) => !isEmpty(each));
      return Object.fromEntries(filled.sort(([one], [other]) => (one < other ? -1 : 1)));
    }
    return value;
  });
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0)
  );
}

/** Which rule after was which rule before: the same content first, then the same name. */
function pair(before: readonly Rule[], after: readonly Rule[]): Map<number, number> {
  const pairs = new Map<number, number>();
  for (const keyOf of [contentOf, (rule: Rule) => rule.name]) {
    const taken = new Set(pairs.values());
    const free = new Map<string, number[]>();
    before.forEach((rule, index) => {
      if (!taken.has(index)) free.set(keyOf(rule), [...(free.get(keyOf(rule)) ?? []), index]);
    });
    after.forEach((rule, index) => {
      const found = pairs.has(index) ? undefined : free.get(keyOf(rule))?.shift();
      if (found !== undefined) pairs.set(index, found);
    });
  }
  return pairs;
}

/** The longest run of numbers that ascends: what kept its place while others moved around it. */
function longestAscent(values: readonly number[]): Set<number> {
  const best: number[][] = [];
  for (const value of values) {
    let place = best.findIndex((run) => (run.at(-1) ?? 0) >= value);
    if (place < 0) place = best.length;
    best[place] = [...(best[place - 1] ?? []), value];
  }
  return new Set(best.at(-1));
}

/** What differs between two versions, in the order of the new one; what was removed comes last. */
export function changesBetween(before: readonly Rule[], after: readonly Rule[]): RuleChange[] {
  const pairs = pair(before, after);
  const stayed = longestAscent(
    after.map((_, index) => pairs.get(index)).filter((each) => each !== undefined),
  );
  const changes: RuleChange[] = [];
  after.forEach((rule, index) => {
    const now = { rule, position: index + 1 };
    const from = pairs.get(index);
    const earlier = from === undefined ? undefined : before[from];
    if (from === undefined || !earlier) {
      changes.push({ kind: "added", before: null, after: now });
      return;
    }
    const was = { rule: earlier, position: from + 1 };
    if (contentOf(earlier) !== contentOf(rule)) changes.push({ kind: "changed", before: was, after: now });
    else if (!stayed.has(from)) changes.push({ kind: "moved", before: was, after: now });
  });
  const kept = new Set(pairs.values());
  before.forEach((rule, index) => {
    if (!kept.has(index))
      changes.push({ kind: "removed", before: { rule, position: index + 1 }, after: null });
  });
  return changes;
}

/** The same rules with one at another place; both count from 0. */
export function moved<Item>(items: readonly Item[], from: number, to: number): Item[] {
  const rest = [...items];
  const [item] = rest.splice(from, 1);
  if (item !== undefined) rest.splice(Math.max(0, Math.min(to, rest.length)), 0, item);
  return rest;
}
