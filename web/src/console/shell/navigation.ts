import type { Key } from "../../words";

export interface NavigationItem {
  key: Key;
  href: string;
}

/** The menu, in the order of a finance person's day. */
export const navigation: { key: Key | null; items: NavigationItem[] }[] = [
  { key: null, items: [{ key: "nav.overview", href: "/" }] },
  {
    key: "nav.trade",
    items: [
      { key: "nav.payments", href: "/payments" },
      { key: "nav.merchants", href: "/merchants" },
      { key: "nav.notifications", href: "/notifications" },
      { key: "nav.endpoints", href: "/endpoints" },
    ],
  },
  {
    key: "nav.books",
    items: [
      { key: "nav.reconciliation", href: "/reconciliation" },
      { key: "nav.vouchers", href: "/vouchers" },
      { key: "nav.trialBalance", href: "/trial-balance" },
    ],
  },
  {
    key: "nav.ledger",
    items: [
      { key: "nav.accounts", href: "/ledger/accounts" },
      { key: "nav.holds", href: "/ledger/holds" },
      { key: "nav.ledgerTrial", href: "/ledger/trial-balance" },
      { key: "nav.seals", href: "/ledger/seals" },
    ],
  },
  {
    key: "nav.channels",
    items: [
      { key: "nav.connections", href: "/connections" },
      { key: "nav.routing", href: "/routing" },
      { key: "nav.approvals", href: "/approvals" },
    ],
  },
  {
    key: "nav.credit",
    items: [
      { key: "nav.loans", href: "/loans" },
      { key: "nav.funders", href: "/funders" },
    ],
  },
  { key: "nav.system", items: [{ key: "nav.invariants", href: "/invariants" }] },
];
