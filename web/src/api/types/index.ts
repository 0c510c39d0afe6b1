/** The JSON of `/console/api`. Amounts are integer minor units, instants ISO 8601 UTC, dates YYYY-MM-DD. */
export type * from "./books";
export type * from "./connections";
export type * from "./credit";
export type * from "./ledger";
export type * from "./merchants";
export type * from "./notifications";
export type * from "./overview";
export type * from "./page";
export type * from "./routing";
export type * from "./trade";
