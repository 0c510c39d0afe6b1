/** A payment link or a shop's code: says what is to be paid, asks how much where that is open, and leads to the cashier. */
import { currencySign, formatMoney, parseMoney } from "../kit/money";
import { call, Refused } from "./api";
import { part, word } from "./page";

interface Offer {
  kind: "payment_link" | "payment_code";
  payee: string;
  shop: string | null;
  description: string;
  /** Minor units; null: the buyer types it. */
  amount: number | null;
  currency: string;
}

type OfferView = "offer" | "missing" | "linkEnded" | "broken" | "loading";

/** One for each time the page is opened: tapping twice is one payment. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

export class OfferPage {
  private offer: Offer | null = null;
  private readonly key = newKey();
  private busy = false;
  private readonly api: string;
  /** The server's own words for why a link has ended. */
  reason = "";

  constructor(token: string) {
    this.api = `/pay/api/${encodeURIComponent(token)}`;
    part("offer").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.begin();
    });
    part("typed-amount").addEventListener("input", () => {
      part("refused").hidden = true;
      part("typed-amount").removeAttribute("aria-invalid");
    });
  }

  async open(): Promise<OfferView> {
    try {
      this.offer = await call<Offer>(this.api);
      return "offer";
    } catch (error) {
      if (!(error instanceof Refused)) return "broken";
      this.reason = error.message;
      return error.status === 404 ? "missing" : error.status === 409 ? "linkEnded" : "broken";
    }
  }

  show(): void {
    const offer = this.offer;
    if (!offer) return;
    part("payee").textContent = offer.shop ?? offer.payee;
    part("description").textContent = offer.shop ? offer.payee : offer.description;
    const typed = offer.amount === null;
    part("typed").hidden = !typed;
    const amount = part("amount");
    amount.hidden = typed;
    amount.textContent = `${currencySign(offer.currency)} ${formatMoney(offer.amount ?? 0, offer.currency)}`;
    amount.style.setProperty("--length", String(amount.textContent.length));
    part("typed-sign").textContent = currencySign(offer.currency);
    part<HTMLButtonElement>("begin").disabled = this.busy;
  }

  private async begin(): Promise<void> {
    const offer = this.offer;
    if (!offer || this.busy) return;
    const refused = part("refused");
    refused.hidden = true;
    const input = part<HTMLInputElement>("typed-amount");
    const amount = offer.amount ?? parseMoney(input.value, offer.currency);
    if (!amount) {
      refused.textContent = word("amountWrong");
      refused.hidden = false;
      input.setAttribute("aria-invalid", "true");
      input.focus();
      return;
    }
    input.removeAttribute("aria-invalid");
    this.busy = true;
    this.show();
    try {
      // Under a key of its own for each amount: who corrects a slip makes another payment.
      const begun = await call<{ cashier: string }>(this.api, { key: `${this.key}-${amount}`, amount });
      if (begun.cashier.startsWith("/cashier/")) location.replace(begun.cashier);
    } catch (error) {
      refused.textContent = error instanceof Refused && error.message ? error.message : word("refused");
      refused.hidden = false;
    }
    this.busy = false;
    this.show();
  }
}
