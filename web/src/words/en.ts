import type { Dictionary } from "./dictionary";
import { frame } from "./en/frame";
import { ledger } from "./en/ledger";
import { work } from "./en/work";

export const en: Dictionary = { ...frame, ...work, ...ledger };
