import { currencySign, formatMoney } from "../kit/money";
import { formatCountdown, formatInstant } from "../kit/time";
import { call, Refused } from "./api";
import { prepareAsking, showAsked } from "./asking";
import { markOf } from "./marks";
import { type Answer, endOf, nextPollMs, ownWay, type View, viewOf, type Way } from "./model";
import { OfferPage } from "./offer";
import { currentLanguage, part, speak, switchLanguage, wayWord, word } from "./page";
import { callWechat, goOn, showStep } from "./steps";
import type { Word } from "./words";

const token = location.pathname.split("/").filter(Boolean).pop() ?? "";
const api = `/cashier/api/${encodeURIComponent(token)}`;
/** Before there is a payment: what a link or a shop's code offers. */
const offering = location.pathname.startsWith("/pay/") ? new OfferPage(token) : null;

let answer: Answer | null = null;
let view: View = "loading";
let serverAheadMs = 0;
let timer = 0;
let failures = 0;
let askedSince = Date.now();
/** Another way is being looked for while one is open. */
let changing = false;
/** A choice is on its way to the server. */
let busy = false;
let listed = "";

const serverNow = () => Date.now() + serverAheadMs;

const endWords: Partial<Record<View, [title: Word, text: Word]>> = {
  paid: ["paid", "paidAt"],
  closed: ["closed", "closedText"],
  expired: ["expired", "expiredText"],
  failed: ["failed", "failedText"],
  conflicted: ["conflicted", "conflictedText"],
  missing: ["missing", "missingText"],
  broken: ["broken", "brokenText"],
  linkEnded: ["linkEnded", "linkEndedText"],
};

function showEnd(): void {
  const end = endWords[view];
  if (!end) return;
  part("end-title").textContent = word(end[0]);
  const text = view === "paid" && answer?.helped && !answer.asked ? "paidByHelper" : end[1];
  part("end-text").textContent = word(text).replace("{time}", formatInstant(answer?.paid_at ?? null));
  part("again").hidden = view !== "broken";
  const said = part("said");
  if (said.textContent !== word(end[0])) said.textContent = word(end[0]);
}

function showOrder(order: Answer): void {
  part("payee").textContent = order.payee;
  part("description").textContent = order.description;
  part("order-no").textContent = order.order_no ?? "";
  part("order-no-name").hidden = order.order_no === null;
  part("asked-by").hidden = !order.asked;
  part("asked-who").textContent = word("askedBy").replace("{asker}", order.asked?.asker ?? "");
  part("asked-message").textContent = order.asked?.message ?? "";
  const amount = part("amount");
  amount.textContent = `${currencySign(order.currency)} ${formatMoney(order.amount, order.currency)}`;
  amount.style.setProperty("--length", String(amount.textContent.length));
  part("countdown").textContent = formatCountdown((endOf(order) - serverNow()) / 1000);
  showStep(order, api, currentLanguage());
}

function wayItem(way: Way, order: Answer): HTMLElement {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "way";
  button.dataset.method = way.method;
  button.dataset.kind = way.kind;
  const open = order.current?.standing === "waiting" && order.current.method === way.method;
  if (open) button.setAttribute("aria-current", "true");
  const name = document.createElement("span");
  name.className = "way-name";
  name.textContent = wayWord(way.method);
  const hint = document.createElement("span");
  hint.className = "soft";
  hint.textContent = wayWord(way.method, "Hint");
  button.append(markOf(way.kind), name, hint);
  button.addEventListener("click", () => void choose(way.method));
  item.append(button);
  return item;
}

function showWays(): void {
  const others = answer?.methods.some((way) => way.method !== answer?.current?.method) ?? false;
  const change = part("change");
  change.hidden = view !== "waiting" || !others;
  change.textContent = word(changing ? "keep" : "change");
  change.setAttribute("aria-expanded", String(changing));
  const shown = view === "choosing" || (view === "waiting" && changing);
  part("ways").hidden = !shown || !answer;
  if (!shown || !answer) return;
  const order = answer;
  const key = `${currentLanguage()} ${order.current?.method} ${order.current?.standing} ${order.methods.map((way) => way.method)}`;
  if (key !== listed) {
    // Drawn only when it has changed, so that the keyboard's place in the list stays.
    listed = key;
    part("ways-list").replaceChildren(...order.methods.map((way) => wayItem(way, order)));
  }
  for (const button of document.querySelectorAll<HTMLButtonElement>(".way")) button.disabled = busy;
  const note = part("ways-note");
  const notes: Word[] = [];
  if (view === "choosing" && order.current?.standing === "failed") notes.push("failedWay");
  if (order.device === "wechat") notes.push("inWechat");
  else if (!order.methods.length) notes.push("none");
  note.textContent = notes.map(word).join(" ");
  note.hidden = !notes.length;
  const image = part<HTMLImageElement>("page-code-image");
  part("page-code").hidden = order.device !== "desktop" || !order.methods.length;
  image.alt = word("pageCode");
  if (order.device === "desktop" && !image.src) image.src = `${api}/page.svg`;
}

function showAsk(): void {
  part("ask").hidden = !answer || answer.asked !== null || (view !== "choosing" && view !== "waiting");
  showAsked();
}

function show(): void {
  if (answer && view !== "missing" && view !== "broken") view = viewOf(answer, serverNow());
  part("cashier").dataset.view = view;
  part("loading").textContent = word(answer ? "preparing" : "loading");
  if (answer) showOrder(answer);
  if (view === "offer") offering?.show();
  showWays();
  showAsk();
  showEnd();
  const end = endWords[view];
  document.title = end ? word(end[0]) : word("title");
}

function plan(): void {
  clearTimeout(timer);
  const wait = nextPollMs(view, Date.now() - askedSince, failures);
  if (wait !== null && !document.hidden) timer = window.setTimeout(ask, wait);
}

function take(next: Answer): void {
  failures = 0;
  part("shaky").hidden = true;
  if (next.current?.method !== answer?.current?.method) changing = false;
  answer = next;
  view = "loading";
  if (next.now) serverAheadMs = Date.parse(next.now) - Date.now();
}

/** Any failure of the network is shown: over a known order as a notice, otherwise as a page with a way to retry. */
function stumble(): void {
  failures += 1;
  const shaky = part("shaky");
  shaky.textContent = word(navigator.onLine ? "shaky" : "offline");
  if (answer) shaky.hidden = false;
  else view = "broken";
}

async function openOffer(offered: OfferPage): Promise<void> {
  view = await offered.open();
  show();
}

/** Ask for the state once, show it, and plan the next question. */
async function ask(): Promise<void> {
  if (offering) return openOffer(offering);
  clearTimeout(timer);
  try {
    const next = await call<Answer>(api);
    if (!busy) take(next);
  } catch (error) {
    if (error instanceof Refused && error.status === 404) {
      answer = null;
      view = "missing";
    } else stumble();
  }
  show();
  plan();
  const own = answer && !busy ? ownWay(answer) : null;
  if (own) void choose(own.method);
}

/** Choose a way to pay; where it leads away from the page, go there at once. */
async function choose(method: string): Promise<void> {
  if (busy) return;
  const refused = part("refused");
  refused.hidden = true;
  if (answer?.current?.standing === "waiting" && answer.current.method === method) {
    changing = false;
    show();
    goOn(answer.current.next_step);
    return;
  }
  busy = true;
  show();
  try {
    const next = await call<Answer>(`${api}/attempts`, { method });
    take(next);
    changing = false;
    askedSince = Date.now();
    if (next.state === "awaiting_payment") goOn(next.current?.next_step);
  } catch (error) {
    refused.textContent = error instanceof Refused && error.message ? error.message : word("refused");
    refused.hidden = false;
    if (!(error instanceof Refused)) failures += 1;
  }
  busy = false;
  show();
  void ask();
}

part("language").addEventListener("click", () => {
  switchLanguage();
  speak();
  show();
});
part("change").addEventListener("click", () => {
  changing = !changing;
  show();
  if (changing) document.querySelector<HTMLElement>(".way:not([aria-current])")?.focus();
});
part("go").addEventListener("click", () => goOn(answer?.current?.next_step));
part("call").addEventListener("click", () => callWechat(answer?.current?.next_step));
part("again").addEventListener("click", () => {
  view = "loading";
  show();
  void ask();
});
part<HTMLImageElement>("code").addEventListener("error", () => {
  part("code-again").hidden = false;
});
part("code-again").addEventListener("click", () => {
  part("code-again").hidden = true;
  part<HTMLImageElement>("code").src = `${api}/qr.svg?again=${Date.now()}`;
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) clearTimeout(timer);
  else if (!offering && nextPollMs(view) !== null) {
    askedSince = Date.now();
    void ask();
  }
});
// A page that comes back from the browser's memory asks at once: the buyer may have paid meanwhile.
window.addEventListener("pageshow", (event) => {
  if (event.persisted && !offering) void ask();
});
window.addEventListener("online", () => {
  part("shaky").hidden = true;
  if (!offering) void ask();
});
window.addEventListener("offline", () => {
  if (!offering) stumble();
  show();
});
setInterval(() => {
  if ((view === "waiting" || view === "choosing") && !document.hidden) show();
}, 1000);

prepareAsking(api);
speak();
show();
void ask();
