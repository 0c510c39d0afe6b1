/** Which connection takes a payment, and why. */

import type { BreakerState, ConnectionState, Permission } from "./connections";

export interface Hours {
  since: string;
  until: string;
}

/** When a rule applies; what is left out always does. Amounts are minor units. */
export interface Condition {
  platforms?: string[];
  merchants?: string[];
  methods?: string[];
  currencies?: string[];
  buyers?: string[];
  amount_min?: number;
  amount_below?: number;
  hours?: Hours;
  /** 1 is Monday. */
  weekdays?: number[];
}

export interface Rule {
  name: string;
  when?: Condition;
  only?: string[];
  never?: string[];
  prefer?: string[];
  split?: Record<string, number>;
}

export interface RuleSetRow {
  version: number;
  count: number;
  note: string;
  made_by: string;
  made_at: string | null;
}

/** Version 0: nobody has set any rules yet. */
export interface RuleSet extends Omit<RuleSetRow, "count"> {
  rules: Rule[];
}

export interface CallCounts {
  calls: number;
  succeeded: number;
  refused: number;
  faults: number;
  success_rate: number | null;
  mean_ms: number | null;
}

export interface MethodHealth {
  method: string;
  minutes_5: CallCounts;
  minutes_60: CallCounts;
}

export interface MinutePoint {
  at: string;
  succeeded: number;
  refused: number;
  faults: number;
}

export interface Breaker {
  state: BreakerState;
  since: string;
  until: string | null;
  openings: number;
  reason: string;
}

export interface RoutedConnection {
  code: string;
  kind: string;
  name: string;
  state: ConnectionState;
  weight: number;
  priority: number;
  cost: { rate: string; fixed: number };
  fault: string | null;
  breaker: Breaker | null;
  methods: MethodHealth[];
  minutes_5: CallCounts;
  minutes_60: CallCounts;
  /** Minutes without calls are left out. */
  minutes: MinutePoint[];
}

export interface RoutingMethod {
  method: string;
  kind: string;
  chinese: string;
  english: string;
}

export interface RoutingPage {
  now: string;
  rules: RuleSet;
  connections: RoutedConnection[];
  methods: RoutingMethod[];
  may: Permission[];
}

export type RoutingStage = "eligible" | "rules" | "volume" | "success_rate" | "elimination" | "cost";

export interface RemovedConnection {
  code: string;
  reason: string;
  detail: string;
}

export interface DecisionStep {
  stage: RoutingStage;
  order: string[];
  removed?: RemovedConnection[];
  note?: string;
}

export interface Decision {
  order: string[];
  steps: DecisionStep[];
  rules_version: number;
}

export interface RouteAsk {
  platform: string;
  merchants: string[];
  method: string;
  amount: number;
  currency: string;
  buyer: string | null;
  given: string[];
  hold: boolean;
  shared: boolean;
}

export interface Standing {
  code: string;
  weight: number;
  cost: number;
  calls: number;
  succeeded: number;
  open: boolean;
  /** How often it would come first, over even draws. */
  first_percent: number;
}

export interface Explained {
  ask: RouteAsk;
  at: string;
  draw: number;
  decision: Decision;
  standings: Standing[];
}

export interface StoredDecision {
  id: string;
  at: string;
  /** What the method is called. */
  chinese: string;
  english: string;
  ask: RouteAsk;
  decision: Decision;
  attempts: { position: number; channel: string; state: string }[];
}
