import { useSyncExternalStore } from "react";
import type { Dictionary, Key } from "./dictionary";
import { en } from "./en";
import { zh } from "./zh";

export type { Key } from "./dictionary";
export type Language = "zh" | "en";
export type Values = Record<string, string | number>;
export type Translate = (key: Key, values?: Values) => string;

const STORE = "feiqian.language";
const dictionaries: Record<Language, Dictionary> = { zh, en };
const listeners = new Set<() => void>();

let language: Language = localStorage.getItem(STORE) === "en" ? "en" : "zh";

function announce(): void {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
}
announce();

export function currentLanguage(): Language {
  return language;
}

/** Switch the language and remember it on this device. */
export function setLanguage(next: Language): void {
  language = next;
  localStorage.setItem(STORE, next);
  announce();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function fill(text: string, values?: Values): string {
  return values ? text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? "")) : text;
}

const translators: Record<Language, Translate> = {
  zh: (key, values) => fill(zh[key], values),
  en: (key, values) => fill(en[key], values),
};

function isKey(key: string): key is Key {
  return key in zh;
}

/** The word for a code that the server may extend: the code itself, made readable, when it is not known here. */
export function wordFor(prefix: string, code: string): string {
  const key = `${prefix}.${code}`;
  if (isKey(key)) return dictionaries[language][key];
  return code.replace(/[._]/g, " ");
}

/** What a platform itself calls its book or group: the end of `own:<platform>:petty-cash`. */
export function shortName(name: string): string {
  return name.split(":").at(-1) ?? name;
}

/** Whose books: the platform's, a funder's (`funder:bank-a`), or a platform's own (`own:<platform>:petty-cash`). */
export function bookName(book: string): string {
  const [kind = "", ...rest] = book.split(":");
  const name = rest.at(-1);
  if (name === undefined) return wordFor("book", kind);
  return translators[language](kind === "own" ? "book.own" : "book.funder", { name });
}

/** The words of the chosen language: `t("nav.payments")`, and `pick` for texts that the server sends in both. */
export function useWords(): {
  t: Translate;
  language: Language;
  pick: (chinese: string, english: string) => string;
} {
  const current = useSyncExternalStore(subscribe, currentLanguage);
  return {
    t: translators[current],
    language: current,
    pick: (chinese, english) => (current === "zh" ? chinese : english),
  };
}
