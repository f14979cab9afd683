// @ts-check
/** The states of a view that are not its data: loading, empty, stale, failed, no key. */

import { h } from "./dom.js";
import { ApiError } from "./api.js";
import { age, both, clock, since } from "./format.js";
import { currentFreshness, listen } from "./state.js";

/** What each stage is called, and what it means that it stands. */
export const STAGES = /** @type {Record<string, {label: string, does: string, stands: string}>} */ ({
  coincap: { label: "CoinCap", does: "answers are polled", stands: "no new answer came from CoinCap" },
  kafka: { label: "Kafka", does: "answers are kept in order", stands: "the ingestor has promised nothing new" },
  raw: { label: "Raw zone", does: "bodies are stored byte for byte", stands: "the sink has stored nothing new" },
  glue: { label: "Glue", does: "Spark builds the hours", stands: "answers are in the raw zone and in no table" },
  curated: { label: "Curated", does: "tables, complete up to a time", stands: "the tables are not complete up to now" },
  sql: { label: "SQL", does: "Athena answers", stands: "Athena does not answer" },
});

/** The skeleton of a table; it shows itself only after 300 ms. @param {number} rows @param {number} columns */
export function tableBones(rows, columns) {
  const line = () => h("tr", {}, ...Array.from({ length: columns }, (_, at) =>
    h("td", {}, h("span", { class: "bone", style: { width: `${at === 1 ? 140 : 64}px` } }))));
  return h("div", { class: "card", "data-state": "loading", "aria-busy": "true" },
    h("span", { class: "visually-hidden", role: "status" }, "Loading"),
    h("table", { "aria-hidden": "true" }, h("tbody", {}, ...Array.from({ length: rows }, line))));
}

/** The skeleton of panels. @param {number[]} heights */
export function bones(heights) {
  return h("div", { class: "stack", "data-state": "loading", "aria-busy": "true" },
    h("span", { class: "visually-hidden", role: "status" }, "Loading"),
    ...heights.map((height) => h("div", { class: "card pad" }, h("span", { class: "bone", style: { height: `${height}px` } }))));
}

/** Nothing is there yet: what will come, and what makes it come. @param {string} title @param {string} text @param {string | null} [command] */
export function empty(title, text, command = null) {
  return h("div", { class: "card state is-empty", "data-state": "empty" },
    h("h2", {}, h("span", { class: "dot empty" }), title),
    h("p", {}, text),
    command && h("pre", { tabindex: "0" }, command));
}

/** @param {unknown} error @param {() => void} retry @param {() => void} askForKey */
export function refused(error, retry, askForKey) {
  if (error instanceof ApiError && error.needsKey) return noKey(error, askForKey);
  const said = error instanceof ApiError ? error : new ApiError(0, "The page failed", String(error));
  const todo = said.status === 0
    ? "Is the service running? With the stack of a clone, make status tells."
    : said.status === 429 ? "Too much was asked at once, or a budget is used up. It may be asked again later."
    : said.status === 504 ? "It was asked in vain for as long as the service allows. A busy engine may answer the next time."
    : said.status >= 500 ? "The service says that something it needs is away. /readyz tells what."
    : "The service does not take this request.";
  return h("div", { class: "card state failed", "data-state": "failed", role: "alert" },
    h("h2", {}, h("span", { class: "dot stalled" }), said.title),
    h("p", {}, said.message),
    h("p", { class: "soft" }, said.retryAfter ? `${todo} The service says: in ${said.retryAfter} s.` : todo),
    h("button", { on: { click: retry } }, "Try again"));
}

/** @param {ApiError} error @param {() => void} askForKey */
function noKey(error, askForKey) {
  const wrong = error.status === 403;
  return h("div", { class: "card state", "data-state": "no-key" },
    h("h2", {}, h("span", { class: "dot empty" }), wrong ? "This key does not reach so far" : "A key is needed here"),
    h("p", {}, wrong ? error.message
      : "With a key of scope read this shows prices, their origin and the pipeline; with scope sql it runs SQL as well."),
    h("p", { class: "soft" }, "Whoever runs the service gives keys. In the stack of a clone it is QUERY_API_KEY in .local/stack.env:"),
    h("pre", { tabindex: "0" }, "grep QUERY_API_KEY .local/stack.env"),
    h("button", { class: "primary", on: { click: askForKey } }, "Enter a key"));
}

/** A line over a view whose lake stands, or is late; it follows the freshness. @returns {{node: HTMLElement, close: () => void}} */
export function staleLine() {
  const node = h("div", { role: "status" });
  const draw = () => {
    const told = currentFreshness();
    const stands = told?.stages.find((stage) => stage.name === told.stands_at);
    if (!told || !stands || !STAGES[stands.name]) {
      node.replaceChildren();
      return;
    }
    const { label, stands: said } = STAGES[stands.name];
    node.replaceChildren(h("div", { class: `banner ${told.state}`, "data-state": "stale" },
      h("span", { class: `dot ${told.state}` }),
      h("strong", { class: "strong" }, told.state === "stalled" ? `${label} stands` : `${label} is late`),
      h("span", {}, `${said}${stands.since ? ` since ${clock(stands.since)} UTC (${age(since(stands.since))})` : ""}. What is shown is from before.`),
      !location.hash.startsWith("#/pipeline") && h("a", { href: "#/pipeline", title: both(stands.since) }, "Where it stands")));
  };
  draw();
  return { node, close: listen("freshness", draw) };
}

/** A line over data that could not be refreshed. @param {unknown} error @param {number} seenMs @param {() => void} retry */
export function unrefreshed(error, seenMs, retry) {
  const said = error instanceof ApiError ? `${error.title}: ${error.message}` : String(error);
  return h("div", { class: "banner failed", "data-state": "stale", role: "alert" },
    h("span", { class: "dot stalled" }),
    h("strong", { class: "strong" }, "Could not be refreshed"),
    h("span", {}, `${said}. What is shown is of ${new Date(seenMs).toISOString().slice(11, 19)} UTC.`),
    h("button", { on: { click: retry } }, "Try again"));
}
