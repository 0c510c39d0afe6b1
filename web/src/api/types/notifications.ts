/** What platforms are told, and where. */

export type EventState = "pending" | "delivered" | "failed" | "unheard";
export type DeliveryOutcome = "under_way" | "delivered" | "refused" | "timed_out" | "unreachable";
export type EndpointState = "active" | "paused" | "disabled";

export interface EventRow {
  id: string;
  platform: string;
  topic: string;
  /** Id of what it is about. */
  object: string;
  version: number;
  occurred_at: string;
  /** The least good of all its endpoints; `unheard` where none listens. */
  state: EventState;
  endpoints: number;
  delivered: number;
  attempts: number;
  next_at: string | null;
  last_error: string | null;
}

/** Whatever is filtered. */
export interface Undelivered {
  pending: number;
  waiting_since: string | null;
  /** In the last seven days. */
  given_up: number;
}

export interface EventNotification {
  endpoint: string;
  url: string;
  state: Exclude<EventState, "unheard">;
  attempts: number;
  next_at: string | null;
  delivered_at: string | null;
  last_error: string | null;
}

export interface DeliveryAttempt {
  endpoint: string;
  url: string;
  number: number;
  /** `schedule`, `platform`, or the e-mail address of a member of staff. */
  asked_by: string;
  at: string;
  outcome: DeliveryOutcome;
  status: number | null;
  error: string | null;
  answer: string | null;
  took_ms: number | null;
}

export interface EventPage {
  event: EventRow;
  notifications: EventNotification[];
  attempts: DeliveryAttempt[];
  data: unknown;
  may_resend: boolean;
}

export interface EndpointRow {
  id: string;
  platform: string;
  url: string;
  description: string;
  /** All when empty. */
  topics: string[];
  state: EndpointState;
  disabled_reason: "failures" | "gone" | null;
  failing_since: string | null;
  given_up: number;
  changed_at: string;
  pending: number;
  waiting_since: string | null;
  /** In the last 24 hours. */
  attempts: number;
  delivered: number;
  average_ms: number | null;
  last_delivered_at: string | null;
}
