import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { call, Problem } from "./http";
import type * as t from "./types";

/** Who is signed in; null when nobody is. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async ({ signal }): Promise<t.Staff | null> => {
    try {
      return await call<t.Staff>("/session", { signal });
    } catch (error) {
      if (error instanceof Problem && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: 5 * 60_000,
});

export const signIn = (email: string, password: string) =>
  call<t.Staff>("/session", { method: "POST", body: { email, password } });

export const signOut = () => call<void>("/session", { method: "DELETE" });

/** A page or an object that one GET answers. With `keep` the page before stays in sight while the next one loads. */
export function get<Answer>(path: string, query: Record<string, string | undefined> = {}, keep = false) {
  return queryOptions({
    queryKey: [path, query],
    queryFn: ({ signal }) => call<Answer>(path, { query, signal }),
    placeholderData: keep ? keepPreviousData : undefined,
  });
}

const id = encodeURIComponent;

export interface PaymentFilter {
  state?: string;
  q?: string;
  merchant_no?: string;
  from?: string;
  to?: string;
  cursor?: string;
}

export const overviewQuery = (date?: string) => get<t.Overview>("/overview", { date }, true);

/** The overview as it was when the console was opened: for the business date and whether this is a sandbox. */
export const latestOverviewQuery = queryOptions({
  ...get<t.Overview>("/overview"),
  staleTime: Number.POSITIVE_INFINITY,
  refetchOnWindowFocus: false,
  refetchOnReconnect: false,
});

export const paymentsQuery = (filter: PaymentFilter) =>
  get<t.Page<t.PaymentRow, t.PaymentTotals>>("/payments", { ...filter }, true);

export const paymentQuery = (payment: string) => get<t.PaymentPage>(`/payments/${id(payment)}`);

export const merchantsQuery = (filter: { q?: string; cursor?: string }) =>
  get<t.Page<t.MerchantRow>>("/merchants", { ...filter }, true);

export const merchantQuery = (merchant: string) => get<t.MerchantPage>(`/merchants/${id(merchant)}`);

export const statementQuery = (merchant: string, account: "available" | "pending", cursor?: string) =>
  get<t.Page<t.Entry>>(`/merchants/${id(merchant)}/statement`, { account, cursor }, true);

export const transactionQuery = (transaction: string) =>
  get<t.LedgerTransaction>(`/transactions/${id(transaction)}`);

export const reconciliationQuery = (cursor?: string) =>
  get<t.Page<t.ReconciliationDay>>("/reconciliation", { cursor }, true);

export const reconciliationDayQuery = (
  date: string,
  filter: { channel?: string; status?: string; cursor?: string },
) => get<t.ReconciliationDayPage>(`/reconciliation/${id(date)}`, { ...filter }, true);

export const vouchersQuery = (filter: { month?: string; date?: string; cursor?: string }) =>
  get<t.Page<t.VoucherRow>>("/vouchers", { ...filter }, true);

export const voucherQuery = (voucher: string) => get<t.Voucher>(`/vouchers/${id(voucher)}`);

export const trialBalanceQuery = (filter: { date?: string; book?: string }) =>
  get<t.TrialBalance>("/trial-balance", { ...filter }, true);

export const loansQuery = (filter: { state?: string; cursor?: string }) =>
  get<t.Page<t.Loan, t.LoanTotals>>("/loans", { ...filter }, true);

export const loanQuery = (loan: string) => get<t.LoanPage>(`/loans/${id(loan)}`);

export const fundersQuery = get<{ items: t.Funder[] }>("/funders");

/** Looks often while a result is awaited. */
export const invariantsQuery = queryOptions({
  ...get<t.InvariantReport>("/invariants"),
  refetchInterval: ({ state: { data } }) => (data && (data.running || !data.checked_at) ? 1_000 : 30_000),
});

export const checkInvariants = () => call<t.InvariantReport>("/invariants", { method: "POST" });

export const searchQuery = (q: string) => get<{ items: t.SearchHit[] }>("/search", { q }, true);
