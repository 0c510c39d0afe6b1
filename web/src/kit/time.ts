import type { Language } from "../words";

/** Times are UTC on the wire and shown where the business is. */
export const ZONE = "Asia/Shanghai";

const cache = new Map<string, Intl.DateTimeFormat>();

function formatter(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale + JSON.stringify(options);
  let found = cache.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(locale, { timeZone: ZONE, hourCycle: "h23", ...options });
    cache.set(key, found);
  }
  return found;
}

const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;

/** `2010-12-01` in Shanghai: the same digits in every language, so that columns line up. */
export function formatDay(instant: string | Date): string {
  return formatter("sv-SE", { year: "numeric", month: "2-digit", day: "2-digit" }).format(new Date(instant));
}

export function formatClock(instant: string | Date): string {
  return formatter("sv-SE", CLOCK).format(new Date(instant));
}

/** `2010-12-01 08:26:03` in Shanghai. */
export function formatInstant(instant: string | Date | null): string {
  return instant === null ? "–" : `${formatDay(instant)} ${formatClock(instant)}`;
}

function atNoon(date: string): Date {
  return new Date(`${date}T12:00:00+08:00`);
}

/** A business date written out: 2010年12月1日 星期三 / Wednesday, 1 December 2010. */
export function formatLongDate(date: string, language: Language): string {
  return formatter(language === "zh" ? "zh-CN" : "en-GB", {
    weekday: "long",
    year: "numeric",
    month: "long",
    day: "numeric",
  }).format(atNoon(date));
}

/** 星期三 / Wed of a business date. */
export function formatWeekday(date: string, language: Language): string {
  return formatter(language === "zh" ? "zh-CN" : "en-GB", { weekday: "short" }).format(atNoon(date));
}

/** 12-01 for the axis of a chart. */
export function formatShortDate(date: string): string {
  return date.slice(5);
}

/** The business date that many days later (or earlier, when negative). */
export function addDays(date: string, days: number): string {
  const instant = atNoon(date);
  instant.setUTCDate(instant.getUTCDate() + days);
  return formatDay(instant);
}

/** Seconds as `1:02:03` or `4:05`; never below zero. */
export function formatCountdown(seconds: number): string {
  const left = Math.max(0, Math.floor(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  const hours = Math.floor(left / 3600);
  const minutes = Math.floor((left % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(left % 60)}` : `${minutes}:${two(left % 60)}`;
}
