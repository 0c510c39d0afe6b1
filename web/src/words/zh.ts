import { connections } from "./zh/connections";
import { frame } from "./zh/frame";
import { ledger } from "./zh/ledger";
import { notifications } from "./zh/notifications";
import { routing } from "./zh/routing";
import { work } from "./zh/work";

/** Chinese comes first: its keys are the type that every other dictionary must fill. `{name}` is filled in. */
export const zh = { ...frame, ...work, ...ledger, ...connections, ...notifications, ...routing };
