import type { Page } from "./page";

export interface ReconciliationDay {
  date: string;
  channel: string;
  state: "balanced" | "differences" | "failed" | "pending";
  bill_lines: number;
  matched: number;
  carried_over: number;
  unexplained: number;
  bill_amount: number;
  our_amount: number;
  error: string | null;
  finished_at: string | null;
}

export type MatchStatus =
  | "matched"
  | "ours_only"
  | "theirs_only"
  | "amount_differs"
  | "state_differs"
  | "carried_over";

export interface ReconciliationItem {
  id: string;
  kind: "payment" | "refund";
  status: MatchStatus;
  our_no: string | null;
  our_id: string | null;
  /** The order's or refund's number at the platform. */
  platform_no: string | null;
  payment_id: string | null;
  channel_no: string | null;
  our_amount: number | null;
  their_amount: number | null;
  our_state: string | null;
  their_state: string | null;
  occurred_at: string;
  resolved_on: string | null;
  note: string | null;
}

export interface ReconciliationDayPage extends Page<ReconciliationItem> {
  day: ReconciliationDay & {
    channel_fee: number;
    by_status: Partial<Record<MatchStatus, { count: number; amount: number }>>;
  };
}

export interface VoucherRow {
  id: string;
  number: string;
  book: string;
  date: string;
  kind: string;
  summary_chinese: string;
  summary_english: string;
  total: number;
  lines: number;
}

export interface Voucher extends Omit<VoucherRow, "lines"> {
  lines: {
    line: number;
    subject_code: string;
    subject_chinese: string;
    subject_english: string;
    debit: number;
    credit: number;
    memo: string | null;
  }[];
  source: { transactions: number; business_date: string; kind: string };
}

/** Six columns, minor units; a balance stands on the side on which it is. */
export interface TrialSums {
  opening_debit: number;
  opening_credit: number;
  debit: number;
  credit: number;
  closing_debit: number;
  closing_credit: number;
}

export interface TrialBalanceRow extends TrialSums {
  subject_code: string;
  subject_chinese: string;
  subject_english: string;
  /** Signed, in the subject's normal side, as the ledger itself has it. */
  ledger_closing: number;
  agrees: boolean;
}

export interface TrialBalance {
  date: string;
  book: string;
  books: { book: string; name: string }[];
  currency: string;
  agrees: boolean;
  rows: TrialBalanceRow[];
  totals: TrialSums;
}
