import { describe, expect, it } from "vitest";
import { shiftPoint } from "./decimals";

describe("a decimal with its point moved", () => {
  it.each([
    ["0.0038", 2, "0.38"],
    ["0.38", -2, "0.0038"],
    ["0", 2, "0"],
    ["0.2", 2, "20"],
    ["20", -2, "0.2"],
    ["6", -2, "0.06"],
    ["1.005", -2, "0.01005"],
    ["12.5", 2, "1250"],
  ])("%s by %i is %s", (text, places, moved) => {
    expect(shiftPoint(text, places)).toBe(moved);
  });
});
