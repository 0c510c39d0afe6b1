import { currentLanguage } from "../words";

/** A refusal of the server (RFC 9457), or of the network with code `unreachable`. */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly retryable: boolean;

  constructor(facts: { code: string; status: number; title: string; detail: string; retryable: boolean }) {
    super(facts.title);
    this.name = "Problem";
    this.code = facts.code;
    this.status = facts.status;
    this.detail = facts.detail;
    this.retryable = facts.retryable;
  }
}

export type Query = Record<string, string | number | undefined | null>;

/** `?a=1&b=2` of the values that are set; empty when none is. */
export function queryString(query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text && `?${text}`;
}

async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text();
  let body: Record<string, unknown> = {};
  if (response.headers.get("content-type")?.includes("json")) {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null) body = parsed as Record<string, unknown>;
  }
  return new Problem({
    code: typeof body.code === "string" ? body.code : `http_${response.status}`,
    status: response.status,
    title: typeof body.title === "string" ? body.title : response.statusText,
    detail: typeof body.detail === "string" ? body.detail : "",
    retryable: typeof body.retryable === "boolean" ? body.retryable : response.status >= 500,
  });
}

interface Options {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  query?: Query;
  body?: unknown;
  signal?: AbortSignal;
}

async function ask(path: string, options: Options): Promise<Response> {
  const method = options.method ?? "GET";
  const headers: Record<string, string> = {
    Accept: "application/json, application/problem+json",
    "Accept-Language": currentLanguage() === "zh" ? "zh-CN" : "en",
  };
  // A form on another site cannot send this header: it stands against cross-site request forgery.
  if (method !== "GET") headers["X-Feiqian"] = "console";
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(`/console/api${path}${queryString(options.query ?? {})}`, {
      method,
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: options.signal,
      credentials: "same-origin",
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem({ code: "unreachable", status: 0, title: "", detail: "", retryable: true });
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

/** One call of `/console/api`. Raises Problem for anything but an answer with 2xx. */
export async function call<Answer>(path: string, options: Options = {}): Promise<Answer> {
  const response = await ask(path, options);
  return (response.status === 204 ? undefined : await response.json()) as Answer;
}

/** A file that `/console/api` writes, under the name that it gives. Raises Problem, as `call`. */
export async function callFile(path: string, query: Query): Promise<{ name: string; content: Blob }> {
  const response = await ask(path, { query });
  const named = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get("content-disposition") ?? "");
  return { name: decodeURIComponent(named?.[1] ?? "feiqian"), content: await response.blob() };
}
