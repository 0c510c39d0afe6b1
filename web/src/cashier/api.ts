/** Calls of the page to its own server. */
import { currentLanguage } from "./page";

const REQUEST_LIMIT_MS = 8000;
/** Choosing calls a channel, which may take its time. */
const CHOICE_LIMIT_MS = 30_000;

/** The server refused, and says why in the buyer's language. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(detail);
  }
}

export async function call<Type>(path: string, body?: unknown): Promise<Type> {
  const abort = new AbortController();
  const limit = setTimeout(() => abort.abort(), body === undefined ? REQUEST_LIMIT_MS : CHOICE_LIMIT_MS);
  try {
    const response = await fetch(path, {
      method: body === undefined ? "GET" : "POST",
      headers: { "Accept-Language": currentLanguage(), "Content-Type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: abort.signal,
      cache: "no-store",
    });
    if (response.ok) return await response.json();
    const problem = await response.json().catch(() => ({}));
    throw new Refused(response.status, problem.code ?? "", problem.detail ?? "");
  } finally {
    clearTimeout(limit);
  }
}
