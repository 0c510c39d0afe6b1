import type { Dictionary } from "./dictionary";
import { frame } from "./en/frame";
import { work } from "./en/work";

export const en: Dictionary = { ...frame, ...work };
