/** The first page and what stands beside every page: checks and search. */

export interface DayFigures {
  payments: number;
  paid: number;
  refunds: number;
  refunded: number;
  fees: number;
  buyers: number;
  success_rate: number | null;
}

export type AttentionKind =
  | "unexplained"
  | "conflicted"
  | "refund_failed"
  | "invariant"
  | "overdue"
  | "not_reconciled"
  | "undelivered"
  | "endpoint_disabled";

export interface Overview {
  date: string;
  now: string;
  currency: string;
  today: DayFigures;
  /** The same weekday a week before. */
  previous: DayFigures;
  balances: {
    channel_receivable: number;
    bank: number;
    merchants_pending: number;
    merchants_available: number;
    refunds_in_transit: number;
    fee_income: number;
    loans_outstanding: number;
  };
  /** They are of now; else of the close of the date. */
  balances_now: boolean;
  hours: { hour: number; paid: number; payments: number; previous_paid: number }[];
  days: { date: string; paid: number; payments: number; refunded: number; fees: number; settled: number }[];
  top_merchants: { merchant_no: string; name: string; paid: number; payments: number }[];
  attention: { kind: AttentionKind; count: number; link: string }[];
  sandbox: boolean;
}

export interface InvariantReport {
  /** null: never. */
  checked_at: string | null;
  took_ms: number;
  /** A check is under way. */
  running: boolean;
  items: {
    name: string;
    domain: string;
    english: string;
    chinese: string;
    violations: number;
    sample: string[];
    /** The first of the checks in a row that found it broken. */
    broken_since: string | null;
  }[];
}

export interface SearchHit {
  kind: string;
  id: string;
  title: string;
  subtitle: string | null;
  amount: number | null;
  /** Of the amount; null in the currency of the house's books. */
  currency: string | null;
  link: string;
}
