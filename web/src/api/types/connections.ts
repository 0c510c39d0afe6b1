/** Connections to channels, and what waits for a second person. */

export type ConnectionState = "draft" | "testing" | "active" | "paused" | "retired";
export type VersionState = "proposed" | "in_force" | "kept" | "retired" | "rejected" | "withdrawn";
export type ProbeOutcome = "succeeded" | "failed" | "unknown";
export type ProposalState = "proposed" | "approved" | "rejected" | "withdrawn";
export type BreakerState = "closed" | "open" | "half_open";
export type Permission =
  | "connections_switch"
  | "connections_configure"
  | "connections_cost"
  | "credentials_propose"
  | "credentials_approve";

export interface ConnectionRow {
  code: string;
  kind: string;
  name: string;
  state: ConnectionState;
  weight: number;
  priority: number;
  cost: { rate: string; fixed: number };
  /** The version of its credentials that calls are signed with. */
  in_force: number | null;
  expires_at: string | null;
  expires_soon: boolean;
  /** The version that waits for a checker. */
  proposed: number | null;
  tested_at: string | null;
  test_outcome: ProbeOutcome | null;
  fault: string | null;
  health: { succeeded: number; refused: number; faults: number; breaker: BreakerState };
}

export interface CredentialField {
  name: string;
  kind: "text" | "secret" | "private_key" | "public_key" | "certificates" | "root_certificates" | "pfx";
  chinese: string;
  english: string;
  required: boolean;
  default: string;
}

export interface ChannelKind {
  kind: string;
  chinese: string;
  english: string;
  fields: CredentialField[];
  methods: { method: string; chinese: string; english: string }[];
}

export interface ConnectionList {
  items: ConnectionRow[];
  kinds: ChannelKind[];
  may: Permission[];
}

export interface ShownField {
  name: string;
  kind: CredentialField["kind"];
  value: string | null;
  ending: string | null;
  fingerprint: string | null;
  certificates: { serial_no: string; subject: string; fingerprint: string; expires_at: string }[];
}

export interface CredentialVersion {
  number: number;
  state: VersionState;
  shown: ShownField[];
  made_by: string;
  from_settings: boolean;
  made_at: string;
  tested_at: string | null;
  test_outcome: ProbeOutcome | null;
  test_detail: string | null;
  test_ms: number | null;
  approved_by: string | null;
  in_force_since: string | null;
  retired_at: string | null;
  expires_at: string | null;
  expires_soon: boolean;
  key_id: string;
}

export interface MethodLimits {
  on?: boolean;
  amount_min?: number | null;
  amount_max?: number | null;
}

export interface Limits {
  methods?: Record<string, MethodLimits>;
  amount_per_day?: number | null;
  /** Times of day in Beijing, `HH:MM:SS`. */
  hours?: { since: string; until: string } | null;
}

export interface Audience {
  platforms?: string[];
  merchants?: string[];
}

export interface Proposal {
  id: string;
  kind: string;
  chinese: string;
  english: string;
  subject: string;
  payload: { version?: number };
  reason: string;
  state: ProposalState;
  maker: string;
  made_at: string;
  checker: string | null;
  closed_at: string | null;
  note: string | null;
  may_check: boolean;
  may_withdraw: boolean;
}

export interface HistoryLine {
  at: string;
  event: string;
  actor: string;
  staff: string | null;
  detail: {
    version?: number;
    reason?: string;
    outcome?: ProbeOutcome;
    said?: string;
    before?: Record<string, unknown>;
    after?: Record<string, unknown>;
  };
}

export interface ConnectionPage {
  connection: ConnectionRow;
  limits: Limits;
  audience: Audience;
  created_at: string;
  callback_url: string;
  kind: ChannelKind;
  versions: CredentialVersion[];
  proposals: Proposal[];
  history: HistoryLine[];
  may: Permission[];
}
