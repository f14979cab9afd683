// @ts-check
/** SQL: anything else. Estimate before; bytes, dollars and version after. */

import { ApiError, ask, post, query } from "../api.js";
import { fill, h, setText } from "../dom.js";
import { SqlEditor } from "../editor.js";
import { clock, count, size, usd } from "../format.js";
import { Grid } from "../grid.js";
import { openKeyDialog } from "../key.js";
import { currentKey, listen, spend } from "../state.js";
import { bones, empty, refused, staleLine } from "../states.js";
import { EXAMPLES, FORMATS, MOST_ROWS } from "./sql_parts.js";
import { schemaTree } from "./tree.js";

export const title = "SQL";

/** @typedef {{sql: string, at: string, outcome: string}} Past */

const WAIT_S = 10;
const MOST_PAST = 20;
/** In the memory of this tab. @type {Past[]} */
const past = [];
let draft = EXAMPLES[0].sql;

/** @param {HTMLElement} root @param {import("../app.js").Place} place */
export function mount(root, place) {
  draft = place.params.get("q") ?? draft;
  const stale = staleLine();
  const run = /** @type {HTMLButtonElement} */ (h("button", { class: "primary", type: "button", id: "run", on: { click: () => void start() } }, "Run"));
  const stop = /** @type {HTMLButtonElement} */ (h("button", { type: "button", id: "cancel", disabled: true, on: { click: () => void cancel() } }, "Cancel"));
  const estimate = h("button", { type: "button", id: "estimate", on: { click: () => void guess() } }, "Estimate");
  const link = h("button", { class: "quiet", type: "button", on: { click: () => void copy(`${location.origin}/#/sql${query({ q: editor.text })}`, "The link is in the clipboard.") } }, "Copy link");
  const curl = h("button", { class: "quiet", type: "button", id: "curl", on: { click: () => void copy(asCurl(editor.text), "The command is in the clipboard; put your key where it says so.") } }, "Copy curl");
  const pick = /** @type {HTMLSelectElement} */ (h("select", { "aria-label": "Examples", on: { change: () => { editor.text = EXAMPLES[pick.selectedIndex - 1]?.sql ?? editor.text; pick.selectedIndex = 0; } } },
    h("option", {}, "Examples"), ...EXAMPLES.map((one) => h("option", {}, one.label))));
  const note = h("span", { class: "soft small", role: "status", id: "sql-note" });
  const host = h("div", { class: "editor" });
  const answer = h("section", { class: "card", "aria-label": "Answer", id: "answer" });
  const side = h("aside", { class: "stack" }, h("section", { class: "card tree", "aria-label": "Tables", tabindex: "0" }, h("div", { class: "pad soft" }, "Tables")), h("section", { class: "card past", "aria-label": "Statements of this tab" }));
  root.append(h("div", { class: "head" }, h("h1", {}, "SQL"), h("span", { class: "sub" }, "Athena over the lake's tables; guarded, bounded, and billed by the byte")), stale.node,
    h("div", { class: "sql-grid" }, side, h("div", { class: "stack" },
      h("section", { class: "card", "aria-label": "Statement" }, host, h("div", { class: "tools" }, run, stop, estimate, pick, note, h("span", { class: "gap" }), curl, link)), answer)));
  const editor = new SqlEditor(host, draft, () => void start(), () => void cancel());
  const grid = new Grid();
  /** @type {string | null} */
  let running = null;
  let turn = 0;

  // Wherever the focus is; the editor has its own, which take part in its undoing.
  const keys = (/** @type {KeyboardEvent} */ event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void start();
    else if (event.key === "Escape") void cancel();
  };
  document.addEventListener("keydown", keys);

  rest();
  drawPast();
  void tree();
  const unlisten = listen("key", () => { rest(); void tree(); });

  function rest() {
    if (currentKey() === null) fill(answer, refused(new ApiError(401, "", ""), () => undefined, openKeyDialog));
    else fill(answer, h("p", { class: "pad soft" }, h("kbd", {}, "Ctrl Enter"), " runs the statement. Estimate says before how many bytes it would read; what it did read, and cost, stands over the rows."));
  }

  async function tree() {
    const [box] = side.children;
    try {
      const found = await schemaTree((name) => editor.insert(name));
      fill(box, found.node);
      editor.know(found.schema, found.functions);
    } catch (error) {
      fill(box, h("p", { class: "pad soft" }, `The tables are not told: ${error instanceof Error ? error.message : error}.`));
    }
  }

  async function start() {
    if (running !== null || run.disabled) return;
    const [sql, mine] = [editor.text, ++turn];
    busy(true);
    setText(note, "");
    fill(answer, bones([200]));
    try {
      let told = await post("/v1/queries", { sql, wait: WAIT_S, max_rows: MOST_ROWS });
      running = told.id;
      while (told.state === "QUEUED" || told.state === "RUNNING") {
        setText(note, `${told.state.toLowerCase()} …`);
        told = await (await ask(`/v1/queries/${told.id}${query({ wait: WAIT_S })}`)).json();
      }
      if (mine !== turn) return;
      spend(told.meta);
      if (told.problem) throw new ApiError(told.problem.status, told.problem.title, told.problem.detail);
      remember(sql, `${count(told.rows.length)} rows, ${usd(told.meta.usd)}`);
      show(told);
    } catch (error) {
      if (mine !== turn) return;
      remember(sql, error instanceof ApiError ? error.title.toLowerCase() : "failed");
      fill(answer, refused(error, () => void start(), openKeyDialog));
    } finally {
      if (mine === turn) {
        setText(note, "");
        busy(false);
        running = null;
      }
    }
  }

  /** @param {boolean} on */
  function busy(on) {
    run.disabled = on;
    stop.disabled = !on;
    answer.setAttribute("aria-busy", String(on));
  }

  async function cancel() {
    if (running === null) return;
    const id = running;
    setText(note, "cancelling …");
    try {
      await ask(`/v1/queries/${id}`, { method: "DELETE" });
    } catch (error) {
      setText(note, error instanceof Error ? error.message : String(error));
    }
  }

  async function guess() {
    setText(note, "estimating …");
    try {
      const told = await post("/v1/queries?dry_run=true", { sql: editor.text });
      const { scanned_bytes: bytes, is_upper_bound: isMost, usd: price } = told.estimate;
      const refusal = told.problem ? `; it would be refused: ${told.problem.detail}` : "";
      setText(note, `would read ${isMost ? "at most " : ""}${size(bytes)}, ${usd(price)}${refusal}`);
    } catch (error) {
      setText(note, error instanceof ApiError && error.needsKey ? "an estimate needs a key of scope sql" : error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {any} told */
  function show(told) {
    const { meta } = told;
    const fact = (/** @type {string} */ name, /** @type {string} */ text) => h("span", {}, h("span", {}, name), text);
    fill(answer, h("div", { class: "told", "data-state": "fresh" },
      h("span", { class: "strong" }, `${count(told.rows.length)} rows${meta.truncated ? ", cut: there are more" : ""}`), fact("read", size(meta.scanned_bytes)), fact("cost", usd(meta.usd)),
      fact("as of", `${clock(meta.as_of)} UTC`), fact("version", meta.dataset_version), h("span", { class: "gap" }),
      h("span", { class: "downloads" }, "Download", ...FORMATS.map((format) => h("button", { class: "quiet", type: "button", "data-format": format.name, on: { click: () => void download(told.id, format) } }, format.name)))),
    told.rows.length ? grid.node : empty("No rows", "The statement ran, and nothing fits it.", null));
    if (told.rows.length) grid.set(told.columns, told.rows);
  }

  /** @param {string} id @param {{name: string, media: string, end: string}} format */
  async function download(id, format) {
    try {
      const response = await ask(`/v1/queries/${id}`, { headers: { Accept: format.media } });
      const href = URL.createObjectURL(await response.blob());
      const save = h("a", { href, download: `coinlake-${id.slice(0, 8)}.${format.end}` });
      save.click();
      window.setTimeout(() => URL.revokeObjectURL(href), 60_000);
    } catch (error) {
      setText(note, error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {string} sql @param {string} outcome */
  function remember(sql, outcome) {
    past.unshift({ sql, outcome, at: new Date().toISOString() });
    past.length = Math.min(past.length, MOST_PAST);
    drawPast();
  }

  function drawPast() {
    fill(side.children[1], h("div", { class: "title" }, h("h2", {}, "Of this tab")), past.length
      ? h("ul", {}, ...past.map((one) => h("li", {}, h("button", { type: "button", title: one.sql, on: { click: () => { editor.text = one.sql; } } }, h("code", {}, one.sql.replace(/\s+/g, " ")), h("span", { class: "soft small" }, `${clock(one.at)} UTC, ${one.outcome}`)))))
      : h("p", { class: "pad soft small" }, "What you run is listed here until the tab is closed."));
  }

  /** @param {string} text @param {string} said */
  async function copy(text, said) {
    try {
      await navigator.clipboard.writeText(text);
      setText(note, said);
    } catch {
      setText(note, "the browser does not let this page write to the clipboard");
    }
  }

  return {
    close() {
      draft = editor.text;
      document.removeEventListener("keydown", keys);
      if (running !== null) void cancel();
      unlisten();
      stale.close();
      grid.close();
      editor.close();
    },
  };
}

/** The same by the command line; the key stays out of it. @param {string} sql */
function asCurl(sql) {
  const body = JSON.stringify({ sql, wait: WAIT_S }).replaceAll("'", "'\\''");
  return `curl -s ${location.origin}/v1/queries -H "Authorization: Bearer $QUERY_API_KEY" -H 'Content-Type: application/json' -d '${body}'`;
}
