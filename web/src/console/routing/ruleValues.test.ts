import { describe, expect, it } from "vitest";
import type { Rule } from "../../api/types";
import { ruleOf, valuesOf } from "./ruleValues";

const rules: Rule[] = [
  { name: "all", never: ["a"] },
  {
    name: "large at night",
    when: {
      platforms: ["platform_1"],
      merchants: ["S10", "S20"],
      methods: ["alipay_qr"],
      currencies: ["CNY"],
      buyers: ["17850"],
      amount_min: 100_050,
      amount_below: 500_000,
      hours: { since: "22:00:00", until: "06:30:00" },
      weekdays: [6, 7],
    },
    only: ["a", "b"],
    never: ["c"],
    prefer: ["b", "a"],
  },
  { name: "shared", split: { a: 70, b: 30 } },
];

describe("the form of a rule", () => {
  it.each(rules)("gives back $name as it was", (rule) => {
    expect(ruleOf(valuesOf(rule, 4))).toEqual(rule);
  });

  it("leaves out the order that was not chosen", () => {
    const values = { ...valuesOf(rules[1] ?? null, 0), order: "split" as const };
    expect(ruleOf(values)).not.toHaveProperty("prefer");
    expect(ruleOf(values)).not.toHaveProperty("split");
  });
});
