/** The JSON of `/console/api`. Amounts are integer minor units, instants ISO 8601 UTC, dates YYYY-MM-DD. */

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
  | "not_reconciled";

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
  hours: { hour: number; paid: number; payments: number; previous_paid: number }[];
  days: { date: string; paid: number; payments: number; refunded: number; fees: number; settled: number }[];
  top_merchants: { merchant_no: string; name: string; paid: number; payments: number }[];
  attention: { kind: AttentionKind; count: number; link: string }[];
  sandbox: boolean;
}

export type PaymentState = "created" | "awaiting_payment" | "succeeded" | "closed" | "failed" | "conflicted";

export interface PaymentRow {
  id: string;
  order_no: string;
  state: PaymentState;
  amount: number;
  currency: string;
  refunded: number;
  fee: number;
  buyer: string | null;
  merchants: number;
  created_at: string;
  paid_at: string | null;
  channel_transaction_no: string | null;
}

export interface PaymentTotals {
  count: number;
  amount: number;
  refunded: number;
  fee: number;
}

export interface Payment {
  id: string;
  order_no: string;
  state: PaymentState;
  amount: number;
  currency: string;
  refunded: number;
  fee: number;
  description: string;
  buyer: string | null;
  method: string;
  code_url: string | null;
  cashier_url: string;
  created_at: string;
  expires_at: string;
  paid_at: string | null;
  channel_transaction_no: string | null;
  shares: { merchant_no: string; amount: number; fee: number; net: number; refunded: number }[];
}

export interface Refund {
  id: string;
  refund_no: string;
  payment_id: string;
  state: "pending" | "processing" | "succeeded" | "failed";
  amount: number;
  currency: string;
  reason: string;
  created_at: string;
  succeeded_at: string | null;
  channel_refund_no: string | null;
  shares: { merchant_no: string; amount: number }[];
  fee_returned: number;
}

export interface AccountName {
  id: string;
  book: string;
  code: string;
  owner: string | null;
  owner_name: string | null;
  chinese: string;
  english: string;
}

export interface Leg {
  debit: AccountName;
  credit: AccountName;
  amount: number;
  currency: string;
}

export interface Transaction {
  id: string;
  kind: string;
  business_date: string;
  booked_at: string;
  reference: string | null;
  memo: string | null;
  legs: Leg[];
}

export interface TimelineEvent {
  at: string;
  event: string;
  actor: string;
  chinese: string;
  english: string;
  detail: string | null;
}

export interface ChannelEvent {
  at: string;
  kind: string;
  summary: string;
  body: unknown;
}

export interface PaymentPage {
  payment: Payment;
  refunds: Refund[];
  timeline: TimelineEvent[];
  transactions: Transaction[];
  channel_events: ChannelEvent[];
}

export interface MerchantRow {
  merchant_no: string;
  name: string;
  pending: number;
  available: number;
  loan_outstanding: number;
  credit_limit: number | null;
  created_at: string;
}

export interface CreditReason {
  code: string;
  english: string;
  chinese: string;
  passed: boolean;
  fact: string;
  value: number | string | null;
  threshold: number | string | null;
}

export interface CreditDecision {
  merchant_no: string;
  outcome: "approved" | "declined" | "referred";
  limit: number;
  available: number;
  reasons: CreditReason[];
  facts: Record<string, number | string | null>;
  decided_at: string;
  valid_until: string;
  rules_version: string;
}

export type LoanState = "active" | "overdue" | "repaid";

export interface Loan {
  id: string;
  loan_no: string;
  merchant_no: string;
  merchant_name?: string;
  funder: string;
  state: LoanState;
  currency: string;
  principal: number;
  principal_outstanding: number;
  interest_outstanding: number;
  penalty_outstanding: number;
  interest_accrued: number;
  interest_paid: number;
  penalty_paid: number;
  principal_paid: number;
  annual_rate: string;
  penalty_rate: string;
  repayment_share: string;
  drawn_on: string;
  due_on: string;
  drawn_at: string;
  repaid_on: string | null;
}

export interface LoanTotals {
  count: number;
  principal: number;
  outstanding: number;
  interest_accrued: number;
}

export interface LoanPage {
  loan: Loan;
  decision: CreditDecision | null;
  transactions: Transaction[];
  movements: {
    date: string;
    kind: string;
    principal: number;
    interest: number;
    penalty: number;
    balance: number;
  }[];
}

export interface MerchantPage {
  merchant: { id: string; merchant_no: string; name: string; created_at: string };
  currency: string;
  pending: number;
  available: number;
  loan_outstanding: number;
  credit: CreditDecision | null;
  loans: Loan[];
  balance_by_day: { date: string; pending: number; available: number }[];
}

/** One line of a statement, newest first: a signed amount and the balance after it. */
export interface Entry {
  sequence: number;
  booked_at: string;
  business_date: string;
  kind: string;
  amount: number;
  balance: number;
  transaction_id: string;
  reference: string | null;
  memo: string | null;
}

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

export interface TrialBalanceSums {
  opening_debit: number;
  opening_credit: number;
  debit: number;
  credit: number;
  closing_debit: number;
  closing_credit: number;
}

export interface TrialBalanceRow extends TrialBalanceSums {
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
  totals: TrialBalanceSums;
}

export interface Funder {
  funder_no: string;
  name: string;
  currency: string;
  deposited: number;
  available: number;
  principal_outstanding: number;
  interest_receivable: number;
  penalty_receivable: number;
  interest_income: number;
  loans_active: number;
}

export interface InvariantReport {
  checked_at: string;
  items: {
    name: string;
    domain: string;
    english: string;
    chinese: string;
    violations: number;
    sample: string[];
  }[];
}

export interface SearchHit {
  kind: string;
  id: string;
  title: string;
  subtitle: string | null;
  amount: number | null;
  link: string;
}
