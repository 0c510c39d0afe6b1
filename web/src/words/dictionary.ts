import type { zh } from "./zh";

export type Key = keyof typeof zh;

/** A language is complete or does not compile. */
export type Dictionary = Record<Key, string>;
