import type { Condition, Rule } from "../../api/types";
import { formatMoney, parseMoney } from "../../kit/money";

export type Order = "none" | "prefer" | "split";

/** A rule as its form has it: amounts in yuan, times of day as a browser writes them. */
export interface RuleValues {
  name: string;
  position: number;
  merchants: string[];
  platforms: string[];
  buyers: string[];
  currencies: string[];
  methods: string[];
  min?: string;
  below?: string;
  since?: string;
  until?: string;
  weekdays: number[];
  order: Order;
  prefer: string[];
  split: string[];
  weights: Record<string, number>;
  only: string[];
  never: string[];
}

/** What was entered, with what is not asked for at the moment as it was at first. */
export function completed(entered: Partial<RuleValues> | undefined, first: RuleValues): RuleValues {
  const said = Object.entries(entered ?? {}).filter(([, value]) => value !== undefined);
  return { ...first, ...Object.fromEntries(said) };
}

/** What the form begins with; `index` counts from 0. */
export function valuesOf(rule: Rule | null, index: number): RuleValues {
  const when = rule?.when ?? {};
  const split = rule?.split ?? {};
  return {
    name: rule?.name ?? "",
    position: index + 1,
    merchants: when.merchants ?? [],
    platforms: when.platforms ?? [],
    buyers: when.buyers ?? [],
    currencies: when.currencies ?? [],
    methods: when.methods ?? [],
    min: yuan(when.amount_min),
    below: yuan(when.amount_below),
    since: when.hours?.since.slice(0, 5),
    until: when.hours?.until.slice(0, 5),
    weekdays: when.weekdays ?? [],
    order: rule?.prefer?.length ? "prefer" : Object.keys(split).length > 0 ? "split" : "none",
    prefer: rule?.prefer ?? [],
    split: Object.keys(split),
    weights: split,
    only: rule?.only ?? [],
    never: rule?.never ?? [],
  };
}

/** The rule that was entered; what is empty is left out. */
export function ruleOf(values: RuleValues): Rule {
  const [min, below] = [minor(values.min), minor(values.below)];
  const when: Condition = {
    ...filled("platforms", values.platforms),
    ...filled("merchants", values.merchants),
    ...filled("methods", values.methods),
    ...filled("currencies", values.currencies),
    ...filled("buyers", values.buyers),
    ...(min === null ? {} : { amount_min: min }),
    ...(below === null ? {} : { amount_below: below }),
    ...(values.since && values.until
      ? { hours: { since: `${values.since}:00`, until: `${values.until}:00` } }
      : {}),
    ...filled("weekdays", values.weekdays),
  };
  const split = Object.fromEntries(values.split.map((code) => [code, values.weights[code] ?? 1]));
  return {
    name: values.name.trim(),
    ...(Object.keys(when).length > 0 ? { when } : {}),
    ...filled("only", values.only),
    ...filled("never", values.never),
    ...(values.order === "prefer" ? filled("prefer", values.prefer) : {}),
    ...(values.order === "split" && values.split.length > 0 ? { split } : {}),
  };
}

function filled<Name extends string, Item>(name: Name, items: Item[]): Partial<Record<Name, Item[]>> {
  return items.length > 0 ? ({ [name]: items } as Partial<Record<Name, Item[]>>) : {};
}

function yuan(amount: number | undefined): string | undefined {
  return amount === undefined ? undefined : formatMoney(amount, "CNY", "0.00");
}

function minor(text: string | undefined): number | null {
  return text?.trim() ? parseMoney(text, "CNY") : null;
}
