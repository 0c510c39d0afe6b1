import { describe, expect, it } from "vitest";
import { words as cashier } from "../cashier/words";
import { en } from "./en";
import { zh } from "./zh";

function blanks(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "").sort();
}

describe("the two languages", () => {
  it("fill in the same values in every sentence", () => {
    for (const key of Object.keys(zh) as (keyof typeof zh)[]) {
      expect(blanks(en[key]), key).toEqual(blanks(zh[key]));
    }
  });

  it("leave nothing empty and nothing Chinese in the English", () => {
    for (const [key, text] of Object.entries(en)) {
      expect(text.trim(), key).not.toBe("");
      if (key !== "app.language") expect(text, key).not.toMatch(/\p{Script=Han}/u);
    }
  });

  it("agree at the cashier too", () => {
    for (const [key, text] of Object.entries(cashier.zh)) {
      expect(blanks(cashier.en[key as keyof typeof cashier.en]), key).toEqual(blanks(text));
    }
  });
});
