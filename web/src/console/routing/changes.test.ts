import { describe, expect, it } from "vitest";
import type { Rule } from "../../api/types";
import { changesBetween, moved } from "./changes";

const rule = (name: string, changes: Partial<Rule> = {}): Rule => ({ name, never: ["a"], ...changes });
const [one, two, three] = [rule("one"), rule("two"), rule("three")];

function told(before: Rule[], after: Rule[]): string[] {
  return changesBetween(before, after).map(
    (each) => `${each.kind} ${each.before?.position ?? "-"} ${each.after?.position ?? "-"}`,
  );
}

describe("what differs between two versions of the rules", () => {
  it.each([
    ["nothing", [one, two], [one, two], []],
    ["one added at the end", [one], [one, two], ["added - 2"]],
    ["one added at the front moves nobody", [one, two], [three, one, two], ["added - 1"]],
    ["one removed moves nobody", [one, two, three], [two, three], ["removed 1 -"]],
    ["one changed", [one, two], [one, rule("two", { never: ["b"] })], ["changed 2 2"]],
    ["one moved to the end, not two to the front", [one, two, three], [two, three, one], ["moved 1 3"]],
    ["another name is another rule", [one], [rule("uno")], ["added - 1", "removed 1 -"]],
  ])("%s", (_, before, after, expected) => {
    expect(told(before, after)).toEqual(expected);
  });

  it("sets have no order, a preference has one", () => {
    expect(told([rule("x", { never: ["a", "b"] })], [rule("x", { never: ["b", "a"] })])).toEqual([]);
    expect(told([rule("x", { prefer: ["a", "b"] })], [rule("x", { prefer: ["b", "a"] })])).toEqual([
      "changed 1 1",
    ]);
  });

  it("what is empty is the same as what is left out", () => {
    expect(told([rule("x")], [rule("x", { when: {}, prefer: [], split: {} })])).toEqual([]);
  });

  it("two rules of one name are told apart by their content", () => {
    const other = rule("one", { never: ["b"] });
    expect(told([one, other], [other, one])).toEqual(["moved 2 1"]);
  });
});

describe("a rule that is moved", () => {
  it.each([
    [0, 2, "bca"],
    [2, 0, "cab"],
    [1, 99, "acb"],
    [1, -5, "bac"],
  ])("from %i to %i", (from, to, expected) => {
    expect(moved([..."abc"], from, to).join("")).toBe(expected);
  });
});
