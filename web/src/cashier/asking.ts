/** Asking somebody else to pay: a few words become an address to send. */
import { call, Refused } from "./api";
import { part, word } from "./page";

interface Asked {
  url: string;
  picture: string;
}

let asked: Asked | null = null;

export function showAsked(): void {
  part("ask-form").hidden = asked !== null;
  part("asked").hidden = asked === null;
  if (!asked) return;
  part<HTMLInputElement>("asked-url").value = asked.url;
  const picture = part<HTMLImageElement>("asked-code");
  picture.alt = word("askCode");
  if (!picture.src) picture.src = asked.picture;
}

async function send(api: string): Promise<void> {
  const refused = part("refused");
  refused.hidden = true;
  const asker = part<HTMLInputElement>("asker").value.trim();
  const button = part<HTMLButtonElement>("ask-send");
  if (!asker) {
    part("asker").focus();
    return;
  }
  button.disabled = true;
  try {
    const message = part<HTMLInputElement>("ask-message").value.trim();
    asked = await call<Asked>(`${api}/asks`, { asker, message });
  } catch (error) {
    refused.textContent = error instanceof Refused && error.message ? error.message : word("refused");
    refused.hidden = false;
  }
  button.disabled = false;
  showAsked();
  if (asked) part("asked-url").focus();
}

async function copyAddress(): Promise<void> {
  const field = part<HTMLInputElement>("asked-url");
  try {
    await navigator.clipboard.writeText(field.value);
    part("asked-copy").textContent = word("copied");
    part("said").textContent = word("copied");
  } catch {
    // Not everywhere may a page write there: what is marked, the buyer copies by hand.
    field.select();
  }
}

export function prepareAsking(api: string): void {
  part("ask-form").addEventListener("submit", (event) => {
    event.preventDefault();
    void send(api);
  });
  part("asked-copy").addEventListener("click", () => void copyAddress());
}
