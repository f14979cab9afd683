// @ts-check
/** The documented endpoints, asked as anybody would: the key in a header, 304 where nothing changed. */

import { currentKey, setBalance, spend } from "./state.js";

/** A refusal in the service's words. `status` 0: nobody answered. */
export class ApiError extends Error {
  /** @param {number} status @param {string} title @param {string} detail @param {number | null} [retryAfter] @param {string} [kind] */
  constructor(status, title, detail, retryAfter = null, kind = "") {
    super(detail);
    this.status = status;
    this.title = title;
    this.retryAfter = retryAfter;
    this.kind = kind;
  }

  get needsKey() {
    return this.status === 401 || this.status === 403;
  }
}

/** @type {Map<string, {etag: string, body: any}>} */
const known = new Map();
const MOST_KNOWN = 60;

/** @param {Record<string, string>} [more] */
function headers(more = {}) {
  const key = currentKey();
  return key === null ? more : { ...more, Authorization: `Bearer ${key}` };
}

/**
 * One request; the answer as it came. Raises ApiError where it is not one of success.
 * @param {string} path @param {RequestInit & {headers?: Record<string, string>}} [init]
 */
export async function ask(path, init = {}) {
  let response;
  try {
    response = await fetch(path, { ...init, headers: headers(init.headers), cache: "no-store", credentials: "omit" });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "No answer", "the query service cannot be reached from this browser");
  }
  setBalance(response.headers.get("RateLimit"), response.headers.get("RateLimit-Policy"));
  if (response.ok || response.status === 304) return response;
  throw await refusal(response);
}

/** @param {Response} response */
async function refusal(response) {
  const retry = Number(response.headers.get("Retry-After")) || null;
  try {
    const problem = await response.json();
    const kind = String(problem.type ?? "").replace("urn:coinlake:problem:", "");
    return new ApiError(response.status, problem.title ?? "Refused", problem.detail ?? "", retry, kind);
  } catch {
    return new ApiError(response.status, `HTTP ${response.status}`, "the answer is none of this service's", retry);
  }
}

/**
 * A JSON answer of GET; one that the service calls unchanged is the one from before.
 * @param {string} path @param {AbortSignal} [signal] @returns {Promise<any>}
 */
export async function get(path, signal) {
  const id = `${currentKey() ?? ""}\n${path}`;
  const before = known.get(id);
  const response = await ask(path, { signal, headers: before ? { "If-None-Match": before.etag } : {} });
  if (response.status === 304 && before) return before.body;
  const body = await response.json();
  const etag = response.headers.get("ETag");
  spend(body.meta);
  if (etag) {
    known.set(id, { etag, body });
    for (const old of known.keys()) {
      if (known.size <= MOST_KNOWN) break;
      known.delete(old);
    }
  }
  return body;
}

/** @param {string} path @param {any} body @param {AbortSignal} [signal] @returns {Promise<any>} */
export async function post(path, body, signal) {
  const response = await ask(path, {
    method: "POST", signal, body: JSON.stringify(body), headers: { "Content-Type": "application/json" },
  });
  return response.json();
}

/** Forget answers that were given to another key. */
export function forget() {
  known.clear();
}

/** @param {Record<string, string | number | null | undefined>} given */
export function query(given) {
  const found = Object.entries(given).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return found.length ? `?${new URLSearchParams(found.map(([name, value]) => [name, String(value)]))}` : "";
}
