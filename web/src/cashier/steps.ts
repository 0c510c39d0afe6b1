/** What the buyer does next, drawn; and how the page hands over to a channel. */
import { currencySign, formatMoney } from "../kit/money";
import { type Answer, type Current, type Step, webAddress } from "./model";
import { part, wayWord, word } from "./page";

interface Bridge {
  invoke(name: string, parameters: Record<string, string>, done: (result: unknown) => void): void;
}

/** Put there by WeChat's own browser. */
const bridge = () => (window as { WeixinJSBridge?: Bridge }).WeixinJSBridge;

/** Leave for the channel's page. WeChat's H5 asks for the origin from which the buyer comes; more is told to nobody. */
function follow(url: string): void {
  const address = webAddress(url);
  if (!address) return;
  const link = document.createElement("a");
  link.href = address;
  link.referrerPolicy = "origin";
  link.hidden = true;
  document.body.append(link);
  link.click();
  link.remove();
}

function post(url: string, fields: Record<string, string>): void {
  const address = webAddress(url);
  if (!address) return;
  const form = document.createElement("form");
  form.method = "post";
  form.action = address;
  form.acceptCharset = "UTF-8";
  form.hidden = true;
  for (const [name, value] of Object.entries(fields)) {
    const input = document.createElement("input");
    input.type = "hidden";
    input.name = name;
    input.value = value;
    form.append(input);
  }
  document.body.append(form);
  form.submit();
}

/** Hand the buyer over, where a step leads away from the page. */
export function goOn(step: Step | null | undefined): void {
  if (step?.kind === "redirect") follow(step.url);
  else if (step?.kind === "post_form") post(step.url, step.fields);
}

export function callWechat(step: Step | null | undefined): void {
  if (step?.kind === "invoke_app") bridge()?.invoke("getBrandWCPayRequest", step.parameters, () => undefined);
}

/** The panel of a step, by its id in the page. */
const panelOf = (step: Step): string =>
  step.kind === "redirect" || step.kind === "post_form" ? "step-go" : `step-${step.kind}`;

let drawnStep = "";

/** Show a step. The QR code comes from the server as a picture of its own. */
export function showStep(order: Answer, api: string, language: string): void {
  const current = order.current;
  const step = current?.next_step;
  for (const panel of document.querySelectorAll<HTMLElement>(".step")) {
    panel.hidden = !step || panel.id !== panelOf(step);
  }
  if (!current || !step) return;
  const drawn = `${language} ${JSON.stringify(step)}`;
  if (drawn === drawnStep) return;
  drawnStep = drawn;
  if (step.kind === "show_code") showCode(current, step.code_url, api);
  if (step.kind === "redirect" || step.kind === "post_form")
    part("go-name").textContent = wayWord(current.method);
  if (step.kind === "invoke_app") part("call").hidden = !bridge();
  if (step.kind === "transfer_money") showTransfer(order, step);
}

let codeShown = "";

function showCode(current: Current, codeUrl: string, api: string): void {
  const alipay = current.kind === "alipay";
  const code = part<HTMLImageElement>("code");
  code.alt = word(alipay ? "codeAlipay" : "codeWechatpay");
  part("scan").textContent = word(alipay ? "scanAlipay" : "scanWechatpay");
  const phone = part<HTMLAnchorElement>("phone");
  phone.hidden = !current.phone_url;
  if (current.phone_url) phone.href = current.phone_url;
  if (codeShown === codeUrl) return;
  codeShown = codeUrl;
  part("code-again").hidden = true;
  // Another code under the same address: the query keeps the old picture from being shown again.
  code.src = `${api}/qr.svg?of=${encodeURIComponent(current.method)}-${Date.now()}`;
}

function showTransfer(order: Answer, step: Step & { kind: "transfer_money" }): void {
  const amount = formatMoney(order.amount, order.currency);
  const facts: [label: string, shown: string, copied: string][] = [
    [word("accountNo"), step.account_no, step.account_no],
    [word("accountName"), step.account_name, step.account_name],
    [word("bankName"), step.bank_name, step.bank_name],
    [word("bankCode"), step.bank_code, step.bank_code],
    [word("transferAmount"), `${currencySign(order.currency)} ${amount}`, amount.replaceAll(",", "")],
  ];
  if (step.memo) facts.push([word("memo"), step.memo, step.memo]);
  part("transfer").replaceChildren(...facts.flatMap(([label, shown, copied]) => fact(label, shown, copied)));
}

function fact(label: string, shown: string, copied: string): HTMLElement[] {
  const name = document.createElement("dt");
  name.textContent = label;
  const value = document.createElement("dd");
  const text = document.createElement("span");
  text.textContent = shown;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = word("copy");
  button.setAttribute("aria-label", `${word("copy")} ${label}`);
  button.addEventListener("click", () => void copy(copied, text, button));
  value.append(text, button);
  return [name, value];
}

async function copy(value: string, text: HTMLElement, button: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(value);
    button.textContent = word("copied");
    part("said").textContent = word("copied");
  } catch {
    // Not everywhere may a page write there: what is marked, the buyer copies by hand.
    getSelection()?.selectAllChildren(text);
  }
}
