import type { Transaction } from "./trade";

export interface CreditReason {
  code: string;
  english: string;
  chinese: string;
  passed: boolean;
  fact: string;
  /** Null when the fact is missing: the rule is then neither met nor failed. */
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
  /** Null unless approved. */
  valid_until: string | null;
  rules_version: string | number;
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
  penalty_income: number;
  loans_active: number;
}
