import type { CreditDecision, Loan } from "./credit";

export interface MerchantRow {
  merchant_no: string;
  name: string;
  pending: number;
  available: number;
  loan_outstanding: number;
  credit_limit: number | null;
  created_at: string;
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
