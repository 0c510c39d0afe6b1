import { get } from "./queries";
import type * as t from "./types";

const id = encodeURIComponent;

export interface AccountFilter {
  book?: string;
  code?: string;
  q?: string;
  currency?: string;
  state?: string;
  group?: string;
  non_zero?: string;
  cursor?: string;
}

export interface EntryFilter {
  from?: string;
  to?: string;
  kind?: string;
  min?: string;
  max?: string;
  cursor?: string;
}

export interface TrialFilter {
  book?: string;
  currency?: string;
  by?: string;
  from?: string;
  to?: string;
}

export const accountsQuery = (filter: AccountFilter) =>
  get<t.Page<t.LedgerAccount, t.AccountTotal[]>>("/ledger/accounts", { ...filter }, true);

export const accountChoicesQuery = get<t.AccountChoices>("/ledger/choices");

export const accountQuery = (account: string) => get<t.AccountPage>(`/ledger/accounts/${id(account)}`);

export const entriesQuery = (account: string, filter: EntryFilter) =>
  get<t.Page<t.LedgerEntry>>(`/ledger/accounts/${id(account)}/statement`, { ...filter }, true);

export const balanceAtQuery = (account: string, moment: { at?: string; on?: string }) =>
  get<t.BalanceAt>(`/ledger/accounts/${id(account)}/balance`, { ...moment }, true);

export const holdsQuery = (filter: { state?: string; account?: string; cursor?: string }) =>
  get<t.Page<t.HoldRow>>("/ledger/holds", { ...filter }, true);

export const holdQuery = (hold: string) => get<t.HoldPage>(`/ledger/holds/${id(hold)}`);

export const ledgerTrialQuery = (filter: TrialFilter) =>
  get<t.LedgerTrial>("/ledger/trial-balance", { ...filter }, true);

export const sealsQuery = get<{ items: t.SealState[] }>("/ledger/seals");

export const sealedBlocksQuery = (book: string, cursor?: string) =>
  get<t.Page<t.SealBlock>>("/ledger/seals/blocks", { book, cursor }, true);
