import { queryOptions } from "@tanstack/react-query";
import { call } from "./http";
import { get } from "./queries";
import type * as t from "./types";

const id = encodeURIComponent;
const LOOK_EVERY_MS = 10_000;

export const routingQuery = queryOptions({
  ...get<t.RoutingPage>("/routing"),
  refetchInterval: LOOK_EVERY_MS,
});

export const ruleSetsQuery = (cursor?: string) =>
  get<t.Page<t.RuleSetRow>>("/routing/rule-sets", { cursor }, true);

export const ruleSetQuery = (version: number) => get<t.RuleSet>(`/routing/rule-sets/${version}`);

export const decisionsQuery = (payment: string) =>
  get<t.StoredDecision[]>(`/routing/decisions/${id(payment)}`);

export const setRules = (body: { rules: t.Rule[]; note: string; based_on: number }) =>
  call<t.RuleSet>("/routing/rules", { method: "PUT", body });

/** A payment that might be; what is left out is as the server assumes it. */
export interface Question {
  method: string;
  amount: number;
  currency?: string;
  platform?: string;
  merchants?: string[];
  buyer?: string;
  given?: string[];
  hold?: boolean;
  shared?: boolean;
  at?: string;
  draw?: number;
  rules?: t.Rule[];
}

export const explainDecision = (body: Question) =>
  call<t.Explained>("/routing/explain", { method: "POST", body });
