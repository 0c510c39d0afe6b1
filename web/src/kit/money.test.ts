import { describe, expect, it } from "vitest";
import {
  capitalAmount,
  change,
  currencyUnit,
  formatCompact,
  formatCount,
  formatMoney,
  formatMovement,
  formatPercent,
  parseMoney,
} from "./money";

describe("an amount", () => {
  it.each([
    [0, "–"],
    [1, "0.01"],
    [100, "1.00"],
    [123456789, "1,234,567.89"],
    [-5, "−0.05"],
    [-100000, "−1,000.00"],
    [10 ** 15, "10,000,000,000,000.00"],
    [Number.MAX_SAFE_INTEGER, "90,071,992,547,409.91"],
  ])("of %d fen reads %s", (minor, text) => {
    expect(formatMoney(minor)).toBe(text);
  });

  it("follows the currency's decimal places", () => {
    expect(formatMoney(1234567, "JPY")).toBe("1,234,567");
    expect(formatMoney(-1234567, "USD")).toBe("−12,345.67");
  });

  it("shows which way a movement went", () => {
    expect(formatMovement(1050)).toBe("+10.50");
    expect(formatMovement(-1050)).toBe("−10.50");
    expect(formatMovement(0)).toBe("–");
  });

  it("names the yuan in each language", () => {
    expect(currencyUnit("CNY", "zh")).toBe("元");
    expect(currencyUnit("CNY", "en")).toBe("CNY");
  });

  it("is short on an axis", () => {
    expect(formatCompact(24_025_829_00, "CNY", "zh")).toBe("2402.6万");
    expect(formatCompact(24_025_829_00, "CNY", "en")).toBe("24M");
  });
});

describe("capital figures on a voucher", () => {
  it.each([
    [0, "零元整"],
    [100, "壹元整"],
    [10, "壹角整"],
    [5, "伍分"],
    [15, "壹角伍分"],
    [105, "壹元零伍分"],
    [1000, "壹拾元整"],
    [100_000_00, "壹拾万元整"],
    [1409_50, "壹仟肆佰零玖元伍角整"],
    [6007_14, "陆仟零柒元壹角肆分"],
    [1680_32, "壹仟陆佰捌拾元零叁角贰分"],
    [107_000_53, "壹拾万柒仟元零伍角叁分"],
    [16409_02, "壹万陆仟肆佰零玖元零贰分"],
    [1_0000_0000_00, "壹亿元整"],
    [1_0000_0001_00, "壹亿零壹元整"],
    [10_0005_0000_00, "壹拾亿零伍万元整"],
    [1_2345_0000_0000_00, "壹万贰仟叁佰肆拾伍亿元整"],
    [1_0000_0000_0000_00, "壹万亿元整"],
    [-325_04, "负叁佰贰拾伍元零肆分"],
  ])("of %d fen read %s", (fen, text) => {
    expect(capitalAmount(fen)).toBe(text);
  });
});

describe("counts and shares", () => {
  it("are grouped", () => {
    expect(formatCount(1234567)).toBe("1,234,567");
    expect(formatCount(-12)).toBe("−12");
  });

  it("read as per cent without idle zeros", () => {
    expect(formatPercent("0.1095")).toBe("10.95%");
    expect(formatPercent(1)).toBe("100%");
    expect(formatPercent(1, 0)).toBe("100%");
    expect(formatPercent(-0.05)).toBe("−5%");
    expect(formatPercent("0.16425", 3)).toBe("16.425%");
  });

  it("compare only with something", () => {
    expect(change(150, 100)).toBe(0.5);
    expect(change(150, 0)).toBeNull();
  });
});

describe("an amount that somebody types", () => {
  it.each([
    ["1234.5", "CNY", 123450],
    [" ¥1,234.50 ", "CNY", 123450],
    ["0.01", "CNY", 1],
    ["500", "JPY", 500],
  ])("%s in %s is %d minor units", (text, currency, minor) => {
    expect(parseMoney(text, currency)).toBe(minor);
  });

  it.each([
    ["", "CNY"],
    ["much", "CNY"],
    ["1.234", "CNY"],
    ["1.5", "JPY"],
    ["12,34", "CNY"],
    ["-5", "CNY"],
  ])("%s in %s is none", (text, currency) => {
    expect(parseMoney(text, currency)).toBeNull();
  });
});
