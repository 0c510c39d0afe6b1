import { currencySign, formatMoney } from "../kit/money";
import { formatCountdown, formatInstant } from "../kit/time";
import { type Answer, nextPollMs, type View, viewOf } from "./model";
import { type Language, type Word, words } from "./words";

const STORE = "feiqian.language";
const REQUEST_LIMIT_MS = 8000;

function part<Type extends Element = HTMLElement>(id: string): Type {
  const found = document.querySelector<Type>(`#${id}`);
  if (!found) throw new Error(`index.html has no #${id}`);
  return found;
}

function storedLanguage(): string | null {
  try {
    return localStorage.getItem(STORE);
  } catch {
    // Storage is refused in some private windows; the page then starts in Chinese.
    return null;
  }
}

const token = location.pathname.split("/").filter(Boolean).pop() ?? "";
const api = `/cashier/api/${encodeURIComponent(token)}`;

let language: Language = storedLanguage() === "en" ? "en" : "zh";
let answer: Answer | null = null;
let view: View = "loading";
let serverAheadMs = 0;
let timer = 0;

const word = (name: Word) => words[language][name];
const serverNow = () => Date.now() + serverAheadMs;

const endWords: Partial<Record<View, [title: Word, text: Word]>> = {
  paid: ["paid", "paidAt"],
  closed: ["closed", "closedText"],
  expired: ["expired", "expiredText"],
  failed: ["failed", "failedText"],
  conflicted: ["conflicted", "conflictedText"],
  missing: ["missing", "missingText"],
  broken: ["broken", "brokenText"],
};

function showEnd(): void {
  const end = endWords[view];
  if (!end) return;
  part("end-title").textContent = word(end[0]);
  part("end-text").textContent = word(end[1]).replace("{time}", formatInstant(answer?.paid_at ?? null));
  part("again").hidden = view !== "broken";
  const said = part("said");
  if (said.textContent !== word(end[0])) said.textContent = word(end[0]);
}

function showOrder(order: Answer): void {
  part("payee").textContent = order.payee;
  part("description").textContent = order.description;
  part("order-no").textContent = order.order_no;
  const amount = part("amount");
  amount.textContent = `${currencySign(order.currency)} ${formatMoney(order.amount, order.currency)}`;
  amount.style.setProperty("--length", String(amount.textContent.length));
  const phone = part<HTMLAnchorElement>("phone");
  phone.hidden = !order.phone_url;
  if (order.phone_url) phone.href = order.phone_url;
  const code = part<HTMLImageElement>("code");
  if (order.code_url && !code.src) code.src = `${api}/qr.svg`;
  part("countdown").textContent = formatCountdown((Date.parse(order.expires_at) - serverNow()) / 1000);
}

function show(): void {
  if (answer && view !== "missing" && view !== "broken") view = viewOf(answer, serverNow());
  part("cashier").dataset.view = view;
  if (answer) showOrder(answer);
  showEnd();
  const end = endWords[view];
  document.title = end ? word(end[0]) : word("title");
}

function speak(): void {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const element of document.querySelectorAll<HTMLElement>("[data-word]")) {
    element.textContent = word(element.dataset.word as Word);
  }
  const button = part("language");
  button.textContent = word("language");
  button.lang = language === "zh" ? "en" : "zh-CN";
  part<HTMLImageElement>("code").alt = word("code");
  show();
}

function plan(): void {
  clearTimeout(timer);
  const wait = nextPollMs(view);
  if (wait !== null && !document.hidden) timer = window.setTimeout(ask, wait);
}

async function fetchAnswer(): Promise<Answer | "missing"> {
  const abort = new AbortController();
  const limit = setTimeout(() => abort.abort(), REQUEST_LIMIT_MS);
  try {
    const response = await fetch(api, { signal: abort.signal, cache: "no-store" });
    if (response.status === 404) return "missing";
    if (!response.ok) throw new Error(`answered ${response.status}`);
    return await response.json();
  } finally {
    clearTimeout(limit);
  }
}

/** Ask for the state once, show it, and plan the next question. */
async function ask(): Promise<void> {
  clearTimeout(timer);
  try {
    const next = await fetchAnswer();
    part("shaky").hidden = true;
    if (next === "missing") {
      answer = null;
      view = "missing";
    } else {
      answer = next;
      view = "loading";
      if (next.now) serverAheadMs = Date.parse(next.now) - Date.now();
    }
  } catch {
    // Any failure of the network is shown: over a known order as a notice, otherwise as a page with a way to retry.
    if (answer) part("shaky").hidden = false;
    else view = "broken";
  }
  show();
  plan();
}

part("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  try {
    localStorage.setItem(STORE, language);
  } catch {
    // Not remembered where storage is refused; the switch itself works.
  }
  speak();
});
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
  else if (nextPollMs(view) !== null) void ask();
});
setInterval(() => {
  if (view === "waiting" && !document.hidden) show();
}, 1000);

speak();
void ask();
