import { describe, expect, it } from "vitest";
import { addDays, formatCountdown, formatInstant, formatLongDate, formatWeekday } from "./time";

describe("an instant", () => {
  it("is shown on Shanghai's clock", () => {
    expect(formatInstant("2010-12-01T00:26:03Z")).toBe("2010-12-01 08:26:03");
    expect(formatInstant("2010-12-01T16:00:00Z")).toBe("2010-12-02 00:00:00");
  });

  it("that has not come is a dash", () => {
    expect(formatInstant(null)).toBe("–");
  });
});

describe("a business date", () => {
  it("is written out in both languages", () => {
    expect(formatLongDate("2010-12-01", "zh")).toBe("2010年12月1日星期三");
    expect(formatLongDate("2010-12-01", "en")).toMatch(/^Wednesday,? 1 December 2010$/);
    expect(formatWeekday("2010-12-01", "zh")).toBe("周三");
  });

  it("moves over the ends of months and years", () => {
    expect(addDays("2010-12-31", 1)).toBe("2011-01-01");
    expect(addDays("2012-03-01", -1)).toBe("2012-02-29");
    expect(addDays("2010-12-08", -7)).toBe("2010-12-01");
  });
});

describe("a countdown", () => {
  it.each([
    [7199.9, "1:59:59"],
    [65, "1:05"],
    [0, "0:00"],
    [-3, "0:00"],
  ])("of %d seconds reads %s", (seconds, text) => {
    expect(formatCountdown(seconds)).toBe(text);
  });
});
