// @ts-check
/** What all views share: the key, the freshness of the lake, what this tab has spent. In memory alone. */

/** @typedef {{name: string, state: string, newest: string | null, watermark: string | null, age_s: number | null, since: string | null, rate_per_minute: number | null, detail: Record<string, any>}} Stage */
/** @typedef {{feed: string, state: string, stands_at: string | null, stages: Stage[]}} Pipeline */

/** The key lives here and nowhere else: not in storage, not in an address, gone with the tab. @type {string | null} */
let key = null;

export const spent = { queries: 0, usd: 0, bytes: 0 };

/** @type {Pipeline | null} */
let freshness = null;

/** @type {Map<string, Set<() => void>>} */
const listeners = new Map();

/** @param {string} what @param {() => void} call @returns {() => void} ends it */
export function listen(what, call) {
  const calls = listeners.get(what) ?? new Set();
  listeners.set(what, calls.add(call));
  return () => calls.delete(call);
}

/** @param {string} what */
function tell(what) {
  for (const call of [...(listeners.get(what) ?? [])]) call();
}

export function currentKey() {
  return key;
}

/** @param {string | null} given */
export function useKey(given) {
  key = given;
  tell("key");
}

export function currentFreshness() {
  return freshness;
}

/** @param {Pipeline | null} told */
export function setFreshness(told) {
  freshness = told;
  tell("freshness");
}

/** What an answer cost. @param {{usd?: string, scanned_bytes?: number} | undefined} meta */
export function spend(meta) {
  if (!meta || !meta.scanned_bytes) return;
  spent.queries += 1;
  spent.usd += Number(meta.usd ?? 0);
  spent.bytes += meta.scanned_bytes;
  tell("spent");
}

/** @typedef {{name: string, left: number, quota: number | null}} Bucket */

/** What is left of the caller's bytes, as the newest answer said. @type {Bucket[]} */
let balance = [];

export function currentBalance() {
  return balance;
}

/**
 * RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers): lists of strings with parameters.
 * @param {string | null} left @param {string | null} policy
 */
export function setBalance(left, policy) {
  if (!left) return;
  const of = (/** @type {string} */ text, /** @type {string} */ name) => new Map(text.split(",").flatMap((item) => {
    const found = new RegExp(`^\\s*"([^"]*)".*?;${name}=(\\d+)`).exec(item);
    return found ? [[found[1], Number(found[2])]] : [];
  }));
  const quotas = of(policy ?? "", "q");
  balance = [...of(left, "r")].map(([name, value]) => ({ name, left: value, quota: quotas.get(name) ?? null }));
}
