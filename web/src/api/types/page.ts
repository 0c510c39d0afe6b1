/** What lists and sessions have in common. */

/** A page of a list; `next_cursor` is null on the last one. */
export interface Page<Item, Totals = undefined> {
  items: Item[];
  next_cursor: string | null;
  totals?: Totals;
}

export interface Staff {
  email: string;
  name: string;
  role: "admin" | "finance" | "operations";
}
