import type { Dictionary } from "./dictionary";
import { connections } from "./en/connections";
import { frame } from "./en/frame";
import { ledger } from "./en/ledger";
import { notifications } from "./en/notifications";
import { routing } from "./en/routing";
import { work } from "./en/work";

export const en: Dictionary = { ...frame, ...work, ...ledger, ...connections, ...notifications, ...routing };
