/** Payments, refunds and the ledger transactions behind them. */

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
  state: "pending" | "processing" | "succeeded" | "failed" | "abnormal";
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
  chinese: string;
  english: string;
  /** The channel's number for it. */
  summary: string;
  body: unknown;
}

export interface PaymentPage {
  payment: Payment;
  /** Of the merchants who share it, by their numbers. */
  merchant_names: Record<string, string>;
  refunds: Refund[];
  timeline: TimelineEvent[];
  transactions: Transaction[];
  channel_events: ChannelEvent[];
}
