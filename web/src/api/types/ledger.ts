/** The ledger's own pages: accounts, statements, holds, trial balance, seals. */
import type { TrialSums } from "./books";
import type { AccountName, Leg } from "./trade";

export type Side = "debit" | "credit";
export type AccountState = "active" | "receive_only" | "pay_only" | "frozen" | "closed";

export interface LedgerAccount extends AccountName {
  currency: string;
  /** On which side it grows. */
  side: Side;
  /** Its accounts' number in the chart; none for a platform's own subjects. */
  subject_number: string | null;
  balance: number;
  /** What open holds may still take out of it, and bring into it. */
  held: number;
  incoming: number;
  /** What may be taken out of it; null without limit. */
  available: number | null;
  /** How far below zero it may go; null without limit. */
  overdraft: number | null;
  state: AccountState;
  entries: number;
  booked_at: string;
  opened_at: string;
  closed_at: string | null;
}

/** Of everything that is filtered, in one currency; balances by the side on which they stand. */
export interface AccountTotal {
  currency: string;
  accounts: number;
  debit_balance: number;
  credit_balance: number;
  held: number;
}

/** What the filters of accounts can be set to. */
export interface AccountChoices {
  books: string[];
  subjects: { code: string; number: string | null; chinese: string; english: string }[];
  currencies: string[];
  groups: string[];
}

export interface AccountChange {
  id: string;
  at: string;
  what: "opened" | "frozen" | "overdraft" | "closed";
  before: number | null;
  after: number | null;
  reason: string;
  changed_by: string;
}

export interface AccountPage {
  account: LedgerAccount;
  /** Where the owner has a page of its own. */
  owner_link: string | null;
  groups: string[];
  balance_by_day: { date: string; balance: number }[];
  holds: HoldRow[];
  changes: AccountChange[];
  kinds: string[];
}

export interface LedgerEntry {
  sequence: number;
  transaction_id: string;
  action: LedgerAction;
  kind: string;
  counter: AccountName;
  booked_at: string;
  business_date: string;
  effective_at: string;
  debit: number;
  credit: number;
  /** Signed in the account's direction. */
  amount: number;
  balance: number;
  /** What it changed of the account's held and incoming counters. */
  held: number;
  incoming: number;
  reference: string;
  memo: string;
}

export interface BalanceAt {
  balance: number;
  currency: string;
}

export type LedgerAction = "post" | "hold" | "capture" | "release" | "expire";
export type HoldState = "open" | "captured" | "released" | "expired";

export interface HoldRow {
  id: string;
  debit: AccountName;
  credit: AccountName;
  currency: string;
  amount: number;
  captured: number;
  released: number;
  left: number;
  state: HoldState;
  kind: string;
  reference: string;
  memo: string;
  opened_at: string;
  expires_at: string | null;
  /** Its time is over and the worker has not let it go yet. */
  overdue: boolean;
}

export interface HoldEvent {
  transaction_id: string;
  action: LedgerAction;
  kind: string;
  at: string;
  amount: number;
  left: number;
  memo: string;
  reference: string;
}

export interface HoldPage {
  hold: HoldRow;
  business_date: string;
  events: HoldEvent[];
  metadata: Record<string, unknown> | null;
}

export interface RelatedTransaction {
  id: string;
  relation: "original" | "reversal";
  kind: string;
  booked_at: string;
  amounts: { currency: string; amount: number }[];
}

/** A transaction among others, and what only its own page tells. */
export interface LedgerTransaction {
  id: string;
  kind: string;
  action: LedgerAction;
  business_date: string;
  effective_at: string;
  booked_at: string;
  reference: string | null;
  memo: string | null;
  legs: Leg[];
  hold: HoldRow | null;
  related: RelatedTransaction[];
  reversed: "none" | "part" | "whole";
  metadata: Record<string, unknown> | null;
}

export interface LedgerTrialRow extends TrialSums {
  code: string;
  accounts: number;
  subject_number: string | null;
  chinese: string;
  english: string;
}

export interface LedgerTrial {
  book: string;
  books: string[];
  by: "business" | "booking";
  from: string;
  to: string;
  balanced: boolean;
  currencies: { currency: string; balanced: boolean; rows: LedgerTrialRow[]; totals: TrialSums }[];
}

export interface SealState {
  book: string;
  /** Of its newest block; 0 when there is none. */
  number: number;
  root: string;
  sealed_at: string | null;
  unsealed_legs: number;
}

export interface SealBlock {
  number: number;
  root: string;
  /** Empty in the first. */
  previous: string;
  legs: number;
  sealed_at: string;
  first_at: string;
  last_at: string;
}
