import { queryOptions } from "@tanstack/react-query";
import { call } from "./http";
import { get } from "./queries";
import type * as t from "./types";

const id = encodeURIComponent;
const LOOK_EVERY_MS = 5_000;

export const connectionsQuery = queryOptions({
  ...get<t.ConnectionList>("/connections"),
  refetchInterval: LOOK_EVERY_MS,
});

export const connectionQuery = (code: string) =>
  queryOptions({ ...get<t.ConnectionPage>(`/connections/${id(code)}`), refetchInterval: LOOK_EVERY_MS });

export const approvalsQuery = (filter: { state?: string; cursor?: string }) =>
  queryOptions({
    ...get<t.Page<t.Proposal>>("/approvals", { ...filter }, true),
    refetchInterval: LOOK_EVERY_MS,
  });

const post = <Answer = void>(path: string, body: unknown = {}) =>
  call<Answer>(path, { method: "POST", body });

export const createConnection = (body: { code: string; kind: string; name: string }) =>
  post<{ code: string }>("/connections", body);

export type Switch = "pause" | "resume" | "retire";

export const switchConnection = (code: string, how: Switch, reason: string) =>
  post(`/connections/${id(code)}/${how}`, { reason });

export interface Change {
  reason: string;
  name?: string;
  weight?: number;
  priority?: number;
  cost?: { rate: string; fixed: number };
  limits?: t.Limits;
  audience?: t.Audience;
}

export const changeConnection = (code: string, change: Change) =>
  post(`/connections/${id(code)}/changes`, change);

export const proposeCredentials = (code: string, fields: Record<string, string>, reason: string) =>
  post<t.CredentialVersion>(`/connections/${id(code)}/credentials`, { fields, reason });

export const probeCredentials = (code: string, version: number) =>
  post<t.CredentialVersion>(`/connections/${id(code)}/versions/${version}/probe`);

export const retireVersion = (code: string, version: number, reason: string) =>
  post(`/connections/${id(code)}/versions/${version}/retire`, { reason });

export type Decision = "approve" | "reject" | "withdraw";

export const decideProposal = (proposal: string, how: Decision, note: string) =>
  post<t.Proposal>(`/approvals/${id(proposal)}/${how}`, { note: note || null });
