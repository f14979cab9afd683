// @ts-check
/** Pipeline: is it complete, and how far behind. */

import { get, query } from "../api.js";
import { fill, h } from "../dom.js";
import { age, both, clock, count, since, size } from "../format.js";
import { keep } from "../kept.js";
import { setFreshness } from "../state.js";
import { bones, empty, STAGES } from "../states.js";
import { EntryPanel } from "./entry.js";

export const title = "Pipeline";

const EVERY_MS = 10_000;
const FEEDS = ["assets", "rates", "exchanges", "markets"];
const TABLES = /** @type {Record<string, string[]>} */ ({ assets: ["quotes", "candles_1m", "asset_tokens"], rates: ["rates"], exchanges: ["exchanges"], markets: ["markets"] });
const WORDS = /** @type {Record<string, string>} */ ({ fresh: "on time", late: "late", stalled: "stands", empty: "nothing yet" });
const HOUR_MS = 3_600_000;
const DAYS = 14;

export const HOURS = /** @type {Record<string, string>} */ ({
  complete: "complete", rebuilt: "rebuilt later", quarantined: "complete, rows in quarantine", late: "late: not complete",
  open: "open", missing: "missing", none: "before the lake, or ahead",
});

/** @param {HTMLElement} root @param {import("../app.js").Place} place */
export function mount(root, place) {
  let feed = FEEDS.includes(place.params.get("feed") ?? "") ? /** @type {string} */ (place.params.get("feed")) : "assets";
  let table = TABLES[feed].includes(place.params.get("table") ?? "") ? /** @type {string} */ (place.params.get("table")) : TABLES[feed][0];
  let hour = place.params.get("hour");
  const feeds = h("div", { class: "choice", role: "group", "aria-label": "Feed" }, ...FEEDS.map((one) => h("button", { type: "button", "data-feed": one, on: { click: () => choose(one, TABLES[one][0]) } }, one)));
  const asOf = h("span", { class: "sub" });
  root.append(h("div", { class: "head" }, h("h1", {}, "Pipeline"), feeds, h("span", { class: "gap" }), asOf));
  const flow = h("ol", { class: "flow" });
  const calendar = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Hours by day" });
  const tables = h("div", { class: "choice", role: "group", "aria-label": "Table" });
  const counts = h("span", { class: "soft small" });
  const panel = new EntryPanel();
  const grid = h("div", { "data-state": "fresh" }, flow, h("div", { class: "pipeline-grid" },
    h("section", { class: "card", "aria-label": "Hours" }, h("div", { class: "title" }, h("h2", {}, "Hours"), tables, h("span", { class: "gap" }), counts), calendar, legend()),
    panel.node));

  /** @param {string} one @param {string} of */
  function choose(one, of) {
    feed = one;
    table = of;
    hour = null;
    panel.rest();
    address();
    kept.refresh();
  }

  function address() {
    history.replaceState(null, "", `#/pipeline${query({ feed, table: table === TABLES[feed][0] ? null : table, hour })}`);
    for (const button of feeds.children) button.setAttribute("aria-pressed", String(button.getAttribute("data-feed") === feed));
    fill(tables, ...TABLES[feed].map((one) => h("button", { type: "button", "aria-pressed": String(one === table), on: { click: () => choose(feed, one) } }, one)));
  }
  address();

  /** @param {string} at */
  function pick(at) {
    hour = at.slice(0, 13);
    address();
    void panel.show(table, hour);
  }

  const kept = keep(root, {
    skeleton: bones([144, 320]),
    everyMs: EVERY_MS,
    async load(signal) {
      const [stages, hours] = await Promise.all([get(`/v1/pipeline${query({ feed })}`, signal), get(`/v1/hours${query({ table })}`, signal)]);
      return { told: stages.data, meta: stages.meta, hours: hours.data };
    },
    draw({ told, meta, hours }, host) {
      if (feed === "assets") setFreshness(told);
      if (told.state === "empty") {
        fill(host, empty("Nothing has come yet", "An answer passes six stages: CoinCap, Kafka, the raw zone, Glue, the tables, SQL. Each is shown here as soon as one has passed it.", "make demo"));
        return;
      }
      if (!host.contains(grid)) {
        fill(host, grid);
      }
      fill(asOf, `as of ${clock(meta.as_of)} UTC`);
      asOf.title = both(meta.as_of);
      fill(flow, ...told.stages.map(stage));
      drawCalendar(hours);
      const newest = hours.findLast((/** @type {any} */ one) => one.version !== null);
      // The newest entry until somebody chooses another one.
      if (hour || newest) void panel.show(table, hour ?? newest.hour.slice(0, 13));
    },
  });

  /** @param {import("../state.js").Stage} told */
  function stage(told) {
    const { label, does } = STAGES[told.name];
    const facts = Object.entries(wanted(told)).filter(([, text]) => text !== null);
    return h("li", { class: `card stage ${told.state}`, "data-stage": told.name },
      h("div", { class: "name" }, h("h2", {}, label), h("span", {}, h("span", { class: `dot ${told.state}` }), WORDS[told.state])),
      h("div", { class: "age" }, h("div", { class: "big", title: both(told.newest) }, age(since(told.newest))), h("div", { class: "small soft" }, NEWEST[told.name] ?? does)),
      h("dl", {}, ...facts.map(([name, text]) => h("div", {}, h("dt", {}, name), h("dd", { title: String(text) }, text)))));
  }

  /** @param {any[]} hours */
  function drawCalendar(hours) {
    const known = new Map(hours.map((one) => [one.hour.slice(0, 13), one]));
    const last = Date.now();
    const days = hours.length ? Math.min(DAYS, Math.ceil((Math.floor(last / 86_400_000) * 86_400_000 - Date.parse(hours[0].hour.slice(0, 10))) / 86_400_000) + 1) : 1;
    const names = Array.from({ length: Math.max(7, days) }, (_, back) => new Date(last - back * 86_400_000).toISOString().slice(0, 10));
    const head = ["", ...Array.from({ length: 24 }, (_, at) => (at % 3 ? "" : String(at).padStart(2, "0")))].map((text) => h("span", { class: "hour-name" }, text));
    const lines = names.flatMap((day) => [h("span", { class: "day" }, day), ...Array.from({ length: 24 }, (_, at) => cell(known.get(`${day}T${String(at).padStart(2, "0")}`), `${day}T${String(at).padStart(2, "0")}`))]);
    const had = /** @type {HTMLElement | null} */ (calendar.querySelector(":focus"))?.dataset.hour;
    fill(calendar, h("div", { class: "calendar" }, ...head, ...lines));
    if (had) /** @type {HTMLElement | null} */ (calendar.querySelector(`[data-hour="${had}"]`))?.focus();
    const sums = Object.entries(Object.groupBy(hours, (one) => one.state)).map(([state, some]) => `${some?.length} ${state}`);
    fill(counts, sums.join(" · "), ` · ${count(hours.reduce((sum, one) => sum + (one.rows ?? 0), 0))} rows`);
  }

  /** @param {any} one @param {string} at */
  function cell(one, at) {
    if (!one) return h("span", { class: "cell none", title: `${at.replace("T", " ")} h UTC: ${HOURS.none}` });
    const text = `${at.replace("T", " ")} h UTC: ${HOURS[one.state]}${one.rows === null ? "" : `, ${count(one.rows)} rows, version ${one.version}`}`;
    return h("button", { type: "button", class: `cell ${one.state}`, title: text, "aria-label": text, "data-hour": at, on: { click: () => pick(at) } });
  }

  return { close: () => kept.close() };
}

const NEWEST = /** @type {Record<string, string>} */ ({
  coincap: "since the newest answer", kafka: "since the last promise", raw: "since the newest object",
  glue: "since the last commit", curated: "since the newest row built", sql: "since the newest row it reads",
});

/** What a stage says beside its age. @param {import("../state.js").Stage} told @returns {Record<string, string | null>} */
function wanted(told) {
  const said = told.detail;
  const perMinute = told.rate_per_minute === null ? null : `${told.rate_per_minute} a minute`;
  switch (told.name) {
    case "coincap": return { newest: clock(told.newest), records: perMinute };
    case "kafka": return { "next offset": count(said.next_offset), partitions: count(said.partitions), "promised to": clock(told.watermark) };
    case "raw": return { "this hour": `${count(said.objects_in_hour)} objects`, bytes: size(said.bytes_in_hour), newest: said.newest_object ? size(said.newest_object_bytes) : null };
    case "glue": return { hour: said.hour ?? null, version: count(said.version), "made of": `${count(said.raw_objects)} objects` };
    case "curated": return { "complete to": clock(told.watermark), "newest hour": said.newest_hour ?? null, rows: count(said.rows_in_newest_hour) };
    default: return { running: count(said.queries_running), waiting: count(said.queries_queued), trouble: said.trouble ?? null };
  }
}

function legend() {
  return h("div", { class: "key pad" }, ...Object.entries(HOURS).map(([state, text]) => h("span", {}, h("i", { class: `cell ${state}` }), text)));
}

