import type { Language } from "../words";

/** U+2212: lines up with tabular figures, which a hyphen does not. */
const MINUS = "−";

const digitsByCurrency = new Map<string, number>();

/** Decimal places of a currency (ISO 4217): 2 for CNY, 0 for JPY. */
export function minorDigits(currency: string): number {
  const known = digitsByCurrency.get(currency);
  if (known !== undefined) return known;
  const digits =
    new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;
  digitsByCurrency.set(currency, digits);
  return digits;
}

function group(whole: string): string {
  return whole.replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Minor units as grouped major units: 123456789 fen is `1,234,567.89`; zero is `–`. Exact for any safe integer. */
export function formatMoney(minor: number, currency = "CNY", zero = "–"): string {
  if (minor === 0) return zero;
  const digits = minorDigits(currency);
  const size = 10 ** digits;
  const absolute = Math.abs(minor);
  const rest = absolute % size;
  const whole = group(String((absolute - rest) / size));
  const sign = minor < 0 ? MINUS : "";
  return digits === 0 ? `${sign}${whole}` : `${sign}${whole}.${String(rest).padStart(digits, "0")}`;
}

/** The same with a leading `+` for money that came in: for movements. */
export function formatMovement(minor: number, currency = "CNY"): string {
  return minor > 0 ? `+${formatMoney(minor, currency)}` : formatMoney(minor, currency);
}

/** Minor units of an amount as people type it (`1,234.5`, `¥1234.50`); null when it is none, or too fine. */
export function parseMoney(text: string, currency: string): number | null {
  const found = /^[¥￥]?\s*(\d{1,3}(?:,\d{3})+|\d{1,13})(?:\.(\d+))?$/.exec(text.trim());
  const digits = minorDigits(currency);
  const rest = found?.[2] ?? "";
  if (!found?.[1] || rest.length > digits) return null;
  return Number(found[1].replaceAll(",", "") + rest.padEnd(digits, "0"));
}

/** How a column or a figure names its currency: 元 for the yuan in Chinese, the ISO code otherwise. */
export function currencyUnit(currency: string, language: Language): string {
  return currency === "CNY" && language === "zh" ? "元" : currency;
}

export function currencySign(currency: string): string {
  const part = new Intl.NumberFormat("zh-CN", {
    style: "currency",
    currency,
    currencyDisplay: "narrowSymbol",
  })
    .formatToParts(0)
    .find((p) => p.type === "currency");
  return part?.value ?? currency;
}

/** Short form for the axes of charts only: 1.2万 / 3.4亿, 12K / 3.4M. */
export function formatCompact(minor: number, currency: string, language: Language): string {
  const major = minor / 10 ** minorDigits(currency);
  return new Intl.NumberFormat(language === "zh" ? "zh-CN" : "en", {
    notation: "compact",
    maximumFractionDigits: 1,
  })
    .format(major)
    .replace("-", MINUS);
}

export function formatCount(count: number): string {
  return group(String(Math.abs(count))).replace(/^/, count < 0 ? MINUS : "");
}

/** A decimal fraction as per cent: 0.9876 is `98.76%`. The text form keeps "0.1095" from the API exact. */
export function formatPercent(fraction: number | string, places = 2): string {
  const percent = (Number(fraction) * 100)
    .toFixed(places)
    .replace(/(\.\d*?)0+$/, "$1")
    .replace(/\.$/, "");
  return `${percent.replace("-", MINUS)}%`;
}

/** Change against an earlier value in per cent, or null when there was none to compare with. */
export function change(now: number, before: number): number | null {
  return before === 0 ? null : (now - before) / Math.abs(before);
}

const CAPITAL_DIGITS = "零壹贰叁肆伍陆柒捌玖";
const CAPITAL_PLACES = ["", "拾", "佰", "仟"];
const CAPITAL_GROUPS = ["", "万", "亿", "万亿"];

function capitalGroup(value: number): string {
  let text = "";
  let gap = false;
  for (let place = 3; place >= 0; place -= 1) {
    const digit = Math.floor(value / 10 ** place) % 10;
    if (digit === 0) {
      gap = text !== "";
    } else {
      text += `${gap ? "零" : ""}${CAPITAL_DIGITS[digit]}${CAPITAL_PLACES[place]}`;
      gap = false;
    }
  }
  return text;
}

function capitalWhole(yuan: number): string {
  let text = "";
  let gap = false;
  for (let index = CAPITAL_GROUPS.length - 1; index >= 0; index -= 1) {
    const value = Math.floor(yuan / 10_000 ** index) % 10_000;
    if (value === 0) {
      gap = text !== "";
      continue;
    }
    const needsZero = text !== "" && (gap || value < 1000);
    // The unit 亿 is written once for a number like 1,234,500,000,000 (壹万贰仟叁佰肆拾伍亿).
    if (index === 2) text = text.replace(/万亿$/, "万");
    text += `${needsZero ? "零" : ""}${capitalGroup(value)}${CAPITAL_GROUPS[index]}`;
    gap = false;
  }
  return text;
}

/**
 * Fen as the capital figures a Chinese voucher carries: 123045 is 壹仟贰佰叁拾元零肆角伍分.
 * Source: 支付结算办法 (1997), annex 1 "正确填写票据和结算凭证的基本规定".
 */
export function capitalAmount(fen: number): string {
  const absolute = Math.abs(fen);
  if (absolute === 0) return "零元整";
  const cents = absolute % 100;
  const yuan = (absolute - cents) / 100;
  const jiao = Math.floor(cents / 10);
  const rest = cents % 10;
  let text = yuan > 0 ? `${capitalWhole(yuan)}元` : "";
  if (cents === 0) return `${fen < 0 ? "负" : ""}${text}整`;
  if (jiao > 0) {
    if (yuan > 0 && yuan % 10 === 0) text += "零";
    text += `${CAPITAL_DIGITS[jiao]}角`;
  } else if (yuan > 0) {
    text += "零";
  }
  text += rest > 0 ? `${CAPITAL_DIGITS[rest]}分` : "整";
  return `${fen < 0 ? "负" : ""}${text}`;
}
