import type {
  AccountState,
  BreakerState,
  ConnectionState,
  DeliveryOutcome,
  EndpointState,
  EventState,
  HoldState,
  LoanState,
  MatchStatus,
  PaymentState,
  ProbeOutcome,
  ProposalState,
  ReconciliationDay,
  Refund,
  VersionState,
} from "../api/types";
import { useWords, wordFor } from "../words";

/** Colour means state only: good, bad, warning, waiting for somebody, at rest. */
export type Tone = "good" | "bad" | "warn" | "wait" | "idle";

const payment: Record<PaymentState, Tone> = {
  created: "idle",
  awaiting_payment: "wait",
  succeeded: "good",
  closed: "idle",
  failed: "bad",
  conflicted: "bad",
};
const refund: Record<Refund["state"], Tone> = {
  pending: "wait",
  processing: "wait",
  succeeded: "good",
  failed: "bad",
  abnormal: "bad",
};
const loan: Record<LoanState, Tone> = { active: "wait", overdue: "bad", repaid: "good" };
const day: Record<ReconciliationDay["state"], Tone> = {
  balanced: "good",
  differences: "bad",
  failed: "bad",
  pending: "wait",
};
const match: Record<MatchStatus, Tone> = {
  matched: "good",
  ours_only: "bad",
  theirs_only: "bad",
  amount_differs: "bad",
  state_differs: "bad",
  carried_over: "warn",
};
const account: Record<AccountState, Tone> = {
  active: "good",
  receive_only: "warn",
  pay_only: "warn",
  frozen: "bad",
  closed: "idle",
};
const hold: Record<HoldState, Tone> = {
  open: "wait",
  captured: "good",
  released: "idle",
  expired: "warn",
};
const connection: Record<ConnectionState, Tone> = {
  draft: "idle",
  testing: "wait",
  active: "good",
  paused: "warn",
  retired: "idle",
};
const breaker: Record<BreakerState, Tone> = { closed: "good", open: "bad", half_open: "warn" };
const credentials: Record<VersionState, Tone> = {
  proposed: "wait",
  in_force: "good",
  kept: "idle",
  retired: "idle",
  rejected: "bad",
  withdrawn: "idle",
};
const probe: Record<ProbeOutcome, Tone> = { succeeded: "good", failed: "bad", unknown: "warn" };
const approval: Record<ProposalState, Tone> = {
  proposed: "wait",
  approved: "good",
  rejected: "bad",
  withdrawn: "idle",
};
const notification: Record<EventState, Tone> = {
  pending: "wait",
  delivered: "good",
  failed: "bad",
  unheard: "idle",
};
const outcome: Record<DeliveryOutcome, Tone> = {
  under_way: "wait",
  delivered: "good",
  refused: "bad",
  timed_out: "bad",
  unreachable: "bad",
};
const endpoint: Record<EndpointState, Tone> = { active: "good", paused: "warn", disabled: "bad" };
const credit: Record<string, Tone> = { approved: "good", declined: "bad", referred: "warn" };

const tones = {
  "payment.state": payment,
  "refund.state": refund,
  "loan.state": loan,
  "reconciliation.state": day,
  "reconciliation.status": match,
  "ledger.state": account,
  "ledger.hold.state": hold,
  "connection.state": connection,
  "connection.breaker": breaker,
  "connection.outcome": probe,
  "credentials.state": credentials,
  "approval.state": approval,
  "notification.state": notification,
  "notification.outcome": outcome,
  "endpoint.state": endpoint,
  "credit.outcome": credit,
} satisfies Record<string, Record<string, Tone>>;

/** What has states; the words for them have the same prefix. */
export type StateKind = keyof typeof tones;

export function toneOf(kind: StateKind, state: string): Tone {
  const known: Record<string, Tone> = tones[kind];
  return known[state] ?? "idle";
}

/** A state with its colour, a dot and its word: never by colour alone. */
export function StateTag({ kind, state }: { kind: StateKind; state: string }) {
  useWords();
  return <Tag tone={toneOf(kind, state)}>{wordFor(kind, state)}</Tag>;
}

export function Tag({ tone, children }: { tone: Tone; children: React.ReactNode }) {
  return <span className={`tag tag-${tone}`}>{children}</span>;
}
