import type { Condition, DecisionStep, RemovedConnection, RoutingMethod, Rule } from "../../api/types";
import { currencyUnit, formatMoney } from "../../kit/money";
import { type Language, type Translate, wordFor } from "../../words";

const NAMED_MAX = 3;

/** What sentences need to know besides the rule. */
export interface Wording {
  t: Translate;
  language: Language;
  /** A way to pay, as the server calls it. */
  method: (code: string) => string;
}

export function wordingOf(
  t: Translate,
  language: Language,
  methods: readonly Pick<RoutingMethod, "method" | "chinese" | "english">[],
): Wording {
  const names = new Map(
    methods.map((each) => [each.method, language === "zh" ? each.chinese : each.english]),
  );
  return { t, language, method: (code) => names.get(code) ?? wordFor("payment.method", code) };
}

/** `1,000.00 元`, `1,000.00 CNY`. */
export function amountWords(minor: number, currency: string, language: Language): string {
  return `${formatMoney(minor, currency, "0.00")} ${currencyUnit(currency, language)}`;
}

function few(set: readonly string[], { t, language }: Wording): string {
  const names = [...set].sort(new Intl.Collator(language, { numeric: true }).compare);
  if (names.length <= NAMED_MAX + 1) return names.join(t("routing.list"));
  return t("routing.more", { names: names.slice(0, NAMED_MAX).join(t("routing.list")), n: names.length });
}

function amounts(when: Condition, { t, language }: Wording): string | null {
  const [only] = when.currencies ?? [];
  const currency = when.currencies?.length === 1 && only ? only : "CNY";
  const words = (minor: number) => amountWords(minor, currency, language);
  const { amount_min: min, amount_below: below } = when;
  if (min !== undefined && below !== undefined)
    return t("routing.when.between", { min: words(min), below: words(below) });
  if (min !== undefined) return t("routing.when.min", { min: words(min) });
  if (below !== undefined) return t("routing.when.below", { below: words(below) });
  return null;
}

export function weekdayWords(days: readonly number[], { t }: Pick<Wording, "t">): string {
  const sorted = [...days].sort((one, other) => one - other);
  if (sorted.join() === "1,2,3,4,5") return t("routing.workdays");
  if (sorted.join() === "6,7") return t("routing.weekend");
  return sorted.map((day) => wordFor("routing.weekday", String(day))).join(t("routing.list"));
}

/** When a rule applies, part by part; empty: always. */
export function conditionWords(when: Condition, wording: Wording): string[] {
  const { t } = wording;
  const parts: (string | null)[] = [
    when.platforms?.length ? t("routing.when.platforms", { names: few(when.platforms, wording) }) : null,
    when.merchants?.length ? t("routing.when.merchants", { names: few(when.merchants, wording) }) : null,
    when.methods?.length ? few(when.methods.map(wording.method), wording) : null,
    when.currencies?.length ? t("routing.when.currencies", { names: few(when.currencies, wording) }) : null,
    when.buyers?.length ? t("routing.when.buyers", { names: few(when.buyers, wording) }) : null,
    amounts(when, wording),
    when.hours
      ? t("routing.when.hours", { since: when.hours.since.slice(0, 5), until: when.hours.until.slice(0, 5) })
      : null,
    when.weekdays?.length ? weekdayWords(when.weekdays, wording) : null,
  ];
  return parts.filter((part) => part !== null);
}

/** What a rule does, part by part. */
export function effectWords(rule: Rule, { t }: Wording): string[] {
  const list = t("routing.list");
  const parts: string[] = [];
  if (rule.only?.length) parts.push(t("routing.then.only", { names: rule.only.join(list) }));
  if (rule.never?.length) parts.push(t("routing.then.never", { names: rule.never.join(list) }));
  if (rule.prefer?.length)
    parts.push(t("routing.then.prefer", { names: rule.prefer.join(t("routing.then.next")) }));
  const split = Object.entries(rule.split ?? {});
  if (split.length > 0) {
    const total = split.reduce((sum, [, weight]) => sum + weight, 0);
    const shares = split.map(
      ([code, weight]) => `${code} ${total ? Math.round((weight * 1000) / total) / 10 : 0}%`,
    );
    parts.push(t("routing.then.split", { names: shares.join(list) }));
  }
  return parts;
}

/** The rule in one sentence: `商户 S10，金额 ≥ 1,000.00 元 → 优先 alipay-2`. */
export function ruleSentence(rule: Rule, wording: Wording): string {
  const { t } = wording;
  const when = conditionWords(rule.when ?? {}, wording);
  const then = effectWords(rule, wording);
  return `${when.length > 0 ? when.join(t("routing.and")) : t("routing.when.always")} → ${then.join(t("routing.and"))}`;
}

/** Why a connection was taken out; amounts and names stand in the detail. */
export function removedWords(gone: RemovedConnection, currency: string, { t, language }: Wording): string {
  const word = wordFor("routing.reason", gone.reason);
  if (!gone.detail) return word;
  if (/^(amount_too|day_used)/.test(gone.reason)) {
    return t("routing.reason.limit", {
      reason: word,
      limit: amountWords(Number(gone.detail), currency, language),
    });
  }
  const detail =
    gone.reason === "hint_missing"
      ? gone.detail
          .split(", ")
          .map((hint) => wordFor("routing.hint", hint))
          .join(t("routing.list"))
      : gone.detail;
  return t("routing.reason.detail", { reason: word, detail });
}

/** What a stage noted: the rule, the draw, the rates or the costs. */
export function noteWords(step: DecisionStep, currency: string, { t, language }: Wording): string | null {
  const { note = "" } = step;
  if (!note) return null;
  if (step.stage === "rules") return t("routing.note.rule", { name: note });
  if (step.stage === "volume") {
    const drawn = /^draw ([\d.]+) of (\d+)$/.exec(note);
    if (!drawn) return note;
    const [, draw = "0", total = "0"] = drawn;
    return t("routing.note.draw", { draw, total, point: (Number(draw) * Number(total)).toFixed(2) });
  }
  if (step.stage === "success_rate")
    return t("routing.note.rates", { rates: note.split(", ").join(t("routing.list")) });
  if (step.stage === "cost") {
    const costs = note.split(", ").map((each) => {
      const [code = "", cost = "0"] = each.split(" ");
      return `${code} ${amountWords(Math.round(Number(cost)), currency, language)}`;
    });
    return t("routing.note.costs", { costs: costs.join(t("routing.list")) });
  }
  return note;
}
