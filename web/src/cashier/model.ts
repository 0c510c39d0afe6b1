/** What the page shows for an answer of `/cashier/api/{token}`. Pure, so that it can be tested. */

export type Kind = "wechatpay" | "alipay" | "unionpay" | "bank" | "balance";
export type Device = "wechat" | "alipay" | "unionpay" | "mobile" | "desktop";

/** What the buyer's side does next. */
export type Step =
  | { kind: "show_code"; code_url: string }
  | { kind: "redirect"; url: string }
  | { kind: "post_form"; url: string; fields: Record<string, string> }
  | { kind: "invoke_app"; parameters: Record<string, string> }
  | { kind: "await_buyer" }
  | {
      kind: "transfer_money";
      account_no: string;
      account_name: string;
      bank_name: string;
      bank_code: string;
      memo: string | null;
    }
  | { kind: "already_paid" };

export interface Way {
  method: string;
  kind: Kind;
  scene: string;
}

export interface Current {
  method: string;
  kind: Kind;
  standing: "preparing" | "waiting" | "failed" | "ended";
  next_step: Step | null;
  expires_at: string;
  /** The simulated buyer's phone; only in the sandbox. */
  phone_url: string | null;
}

export interface Answer {
  state:
    | "requires_method"
    | "created"
    | "awaiting_payment"
    | "succeeded"
    | "closed"
    | "failed"
    | "conflicted";
  amount: number;
  currency: string;
  description: string;
  payee: string;
  /** Not told to whoever was asked to pay. */
  order_no: string | null;
  expires_at: string;
  paid_at: string | null;
  device: Device;
  methods: Way[];
  current: Current | null;
  /** Present for whoever was asked to pay. */
  asked: { asker: string; message: string } | null;
  /** The way that counts was chosen by somebody who was asked. */
  helped: boolean;
  /** The server's clock; without it the buyer's own clock counts down. */
  now?: string;
}

export type View =
  | "loading"
  | "offer"
  | "linkEnded"
  | "choosing"
  | "waiting"
  | "paid"
  | "closed"
  | "expired"
  | "failed"
  | "conflicted"
  | "missing"
  | "broken";

const FINAL = new Set<View>(["paid", "closed", "failed", "missing", "broken", "offer", "linkEnded"]);

/** The view of an answer at a moment of the server's clock, in milliseconds. */
export function viewOf(answer: Answer, nowMs: number): View {
  const over = Date.parse(answer.expires_at) <= nowMs;
  switch (answer.state) {
    case "succeeded":
      return "paid";
    case "closed":
    case "failed":
    case "conflicted":
      return answer.state;
    case "requires_method":
      return over ? "expired" : "choosing";
    case "created":
      return over ? "expired" : "loading";
    case "awaiting_payment":
      return over ? "expired" : "waiting";
  }
}

/** Until when what is shown can be paid: the chosen way may end before the order does. */
export function endOf(answer: Answer): number {
  const order = Date.parse(answer.expires_at);
  return answer.current?.standing === "waiting"
    ? Math.min(order, Date.parse(answer.current.expires_at))
    : order;
}

/** Milliseconds until the next question, or null when the answer is final. The longer somebody waits, the slower; after
 * failures twice as slow each time. An expired order may still turn to paid. */
export function nextPollMs(view: View, waitedMs = 0, failures = 0): number | null {
  if (FINAL.has(view)) return null;
  let wait = waitedMs < 60_000 ? 1500 : waitedMs < 300_000 ? 3000 : 8000;
  if (view === "expired" || view === "conflicted" || view === "choosing") wait = Math.max(wait, 5000);
  return Math.min(30_000, wait * 2 ** Math.min(failures, 5));
}

/** The method that is used without asking: inside an app whose own it is, when nothing has been tried yet. */
export function ownWay(answer: Answer): Way | null {
  if (answer.state !== "requires_method" || answer.current) return null;
  if (answer.device !== "alipay" && answer.device !== "unionpay") return null;
  const own = answer.methods.filter((way) => way.kind === answer.device);
  return own.length === 1 ? (own[0] ?? null) : null;
}

/** Only addresses of the web may be opened: whatever else an answer says stays where it is. */
export function webAddress(url: string): string | null {
  return /^https?:\/\//i.test(url) ? url : null;
}
