/** What the page shows for an answer of `/cashier/api/{token}`. Pure, so that it can be tested. */

export interface Answer {
  state: "created" | "awaiting_payment" | "succeeded" | "closed" | "failed" | "conflicted";
  amount: number;
  currency: string;
  description: string;
  payee: string;
  order_no: string;
  expires_at: string;
  code_url: string | null;
  paid_at: string | null;
  /** The server's clock; without it the buyer's own clock counts down. */
  now?: string;
  /** The simulated buyer's phone; only in the sandbox. */
  phone_url?: string | null;
}

export type View =
  | "loading"
  | "waiting"
  | "paid"
  | "closed"
  | "expired"
  | "failed"
  | "conflicted"
  | "missing"
  | "broken";

/** The view of an answer at a moment of the server's clock, in milliseconds. */
export function viewOf(answer: Answer, nowMs: number): View {
  switch (answer.state) {
    case "succeeded":
      return "paid";
    case "closed":
    case "failed":
    case "conflicted":
      return answer.state;
    case "created":
      return "loading";
    case "awaiting_payment":
      return Date.parse(answer.expires_at) <= nowMs ? "expired" : "waiting";
  }
}

/** Milliseconds until the next question, or null when the answer is final. An expired code may still turn to paid. */
export function nextPollMs(view: View): number | null {
  switch (view) {
    case "loading":
    case "waiting":
      return 1500;
    case "expired":
    case "conflicted":
      return 5000;
    default:
      return null;
  }
}
