// @ts-check
/** Market: what is it worth now, and what moved. */

import { get, query } from "../api.js";
import { fill, flash, h, setText } from "../dom.js";
import { age, amount, both, change, short, since } from "../format.js";
import { keep } from "../kept.js";
import { sparkline } from "../sparkline.js";
import { empty, tableBones } from "../states.js";

export const title = "Market";

/** @typedef {Record<string, any>} Asset */
/** @typedef {{row: HTMLElement, cells: Record<string, HTMLElement>, spark: HTMLElement}} Line */

const EVERY_MS = 30_000;
const LINES_EVERY_MS = 120_000;
const MOST = 250;
const MOVERS = 4;

const COLUMNS = /** @type {{id: string, label: string, unit?: string, num?: boolean, wide?: boolean, by: (asset: Asset) => any}[]} */ ([
  { id: "rank", label: "#", num: true, wide: true, by: (asset) => asset.rank },
  { id: "name", label: "Asset", by: (asset) => (asset.name || asset.asset_id).toLowerCase() },
  { id: "price", label: "Price", unit: "USD", num: true, by: (asset) => number(asset.price_usd) },
  { id: "change", label: "24 h", unit: "%", num: true, by: (asset) => number(asset.change_24h_pct) },
  { id: "volume", label: "24 h volume", unit: "USD", num: true, wide: true, by: (asset) => number(asset.volume_24h_usd) },
  { id: "cap", label: "Market cap", unit: "USD", num: true, wide: true, by: (asset) => number(asset.market_cap_usd) },
  { id: "seen", label: "Age", num: true, wide: true, by: (asset) => asset.source_ts ?? "" },
]);

/** @param {string | null} text */
function number(text) {
  return text === null ? null : Number(text);
}

/** @param {HTMLElement} root @param {import("../app.js").Place} place */
export function mount(root, place) {
  const search = /** @type {HTMLInputElement} */ (h("input", { type: "search", "data-search": true, placeholder: "Search name or symbol", "aria-label": "Search assets by name or symbol" }));
  const told = h("span", { class: "sub", role: "status" });
  root.append(h("div", { class: "head" }, h("h1", {}, "Market"), told, h("span", { class: "gap" }), search, h("kbd", { class: "wide", "aria-hidden": "true" }, "/")));
  if (place.params.has("search")) search.focus();

  /** @type {Asset[]} */
  let assets = [];
  /** @type {Map<string, Line>} */
  const lines = new Map();
  let sort = place.params.get("sort") ?? "rank";
  let down = place.params.get("order") === "desc";
  let linesMs = 0;
  const movers = h("div", { class: "movers" });
  const headRow = h("tr");
  const body = h("tbody");
  const span = h("span", {}, "Last day");
  const none = h("p", { class: "pad soft hidden" }, "No asset has this name or symbol.");
  const table = h("div", { class: "card scroll", "data-state": "fresh" },
    h("table", { class: "market" }, h("caption", { class: "visually-hidden" }, "Assets by rank, with their latest price"), h("thead", {}, headRow), body), none);

  drawHead();

  function drawHead() {
    const cells = COLUMNS.map((column) => h("th", {
      class: `${column.num ? "num" : ""} ${column.wide ? "wide" : ""}`, scope: "col",
      "aria-sort": column.id === sort ? (down ? "descending" : "ascending") : null,
    }, h("button", { type: "button", on: { click: () => sortBy(column.id) } }, column.label,
      column.unit && h("span", { class: "soft" }, ` ${column.unit}`), column.id === sort && h("span", { "aria-hidden": "true" }, down ? "↓" : "↑"))));
    cells.splice(4, 0, h("th", { class: "wide", scope: "col" }, span));
    fill(headRow, ...cells);
  }

  /** @param {string} id */
  function sortBy(id) {
    down = sort === id ? !down : id !== "rank" && id !== "name";
    sort = id;
    history.replaceState(null, "", `#/market${query({ sort: sort === "rank" ? null : sort, order: down ? "desc" : null })}`);
    drawHead();
    order();
  }

  function order() {
    const by = (COLUMNS.find((column) => column.id === sort) ?? COLUMNS[0]).by;
    const wanted = search.value.trim().toLowerCase();
    const fits = assets.filter((asset) => !wanted || [asset.name, asset.symbol, asset.asset_id].some((text) => (text ?? "").toLowerCase().includes(wanted)));
    fits.sort((one, two) => compared(by(one), by(two)) * (down ? -1 : 1) || (one.rank ?? 1e9) - (two.rank ?? 1e9));
    fill(body, ...fits.map((asset) => lines.get(asset.asset_id)?.row ?? null));
    none.classList.toggle("hidden", fits.length > 0);
    setText(told, fits.length === assets.length ? `${assets.length} assets` : `${fits.length} of ${assets.length} assets`);
  }

  /** @param {Asset} asset */
  function line(asset) {
    const known = lines.get(asset.asset_id);
    const made = known ?? makeLine(asset);
    const moved = change(asset.change_24h_pct);
    const wanted = { rank: String(asset.rank ?? "–"), price: amount(asset.price_usd, 5), change: moved.text, volume: short(asset.volume_24h_usd), cap: short(asset.market_cap_usd) };
    for (const [id, text] of Object.entries(wanted)) {
      if (setText(made.cells[id], text) && known) flash(made.cells[id]);
    }
    made.cells.change.className = `num ${moved.cls}`;
    made.cells.price.title = `${asset.price_usd ?? "no price"} USD`;
    made.cells.volume.title = `${asset.volume_24h_usd ?? "not told"} USD`;
    made.cells.cap.title = `${asset.market_cap_usd ?? "not told"} USD`;
    made.cells.change.title = `${asset.change_24h_pct ?? "not told"} %`;
    made.cells.seen.title = both(asset.source_ts);
    return made;
  }

  /** @param {Asset} asset @returns {Line} */
  function makeLine(asset) {
    const to = `#/asset/${encodeURIComponent(asset.asset_id)}`;
    const cells = /** @type {Record<string, HTMLElement>} */ ({});
    for (const column of COLUMNS) cells[column.id] = h("td", { class: `${column.num ? "num" : ""} ${column.wide ? "wide" : ""}` });
    cells.price.classList.add("strong");
    fill(cells.name, h("a", { class: "asset", href: to }, h("span", { class: "name strong" }, asset.name || asset.asset_id), " ", h("span", { class: "soft small" }, asset.symbol ?? "")));
    const spark = h("td", { class: "wide" });
    const all = COLUMNS.map((column) => cells[column.id]);
    all.splice(4, 0, spark);
    const row = h("tr", { class: "go", "data-asset": asset.asset_id, on: { click: () => { location.hash = to; } } }, ...all);
    const made = { row, cells, spark };
    lines.set(asset.asset_id, made);
    return made;
  }

  function drawAges() {
    for (const asset of assets) setText(lines.get(asset.asset_id)?.cells.seen ?? h("i"), age(since(asset.source_ts)));
  }

  function drawMovers() {
    const known = assets.filter((asset) => asset.change_24h_pct !== null).sort((one, two) => Number(two.change_24h_pct) - Number(one.change_24h_pct));
    const group = (/** @type {string} */ label, /** @type {Asset[]} */ some) => h("section", { class: "card", "aria-label": label }, h("h2", {}, label),
      h("ul", {}, ...some.map((asset) => h("li", {}, h("a", { href: `#/asset/${encodeURIComponent(asset.asset_id)}` },
        h("span", { class: "name strong" }, asset.symbol ?? asset.asset_id), h("span", { class: "num soft" }, amount(asset.price_usd, 5)), h("span", { class: `num ${change(asset.change_24h_pct).cls}` }, change(asset.change_24h_pct).text))))));
    fill(movers, group("Up most in 24 h", known.filter((asset) => Number(asset.change_24h_pct) > 0).slice(0, MOVERS)),
      group("Down most in 24 h", known.filter((asset) => Number(asset.change_24h_pct) < 0).reverse().slice(0, MOVERS)));
  }

  async function drawLines() {
    if (Date.now() - linesMs < LINES_EVERY_MS) return;
    linesMs = Date.now();
    try {
      const width = await lineWindow();
      const told = await get(`/v1/sparklines${query({ ...width.asked, limit: MOST })}`);
      const closes = /** @type {Map<string, (string | null)[]>} */ (new Map(told.data.map((/** @type {any} */ one) => [one.asset_id, one.closes])));
      setText(span, width.label);
      for (const [id, made] of lines) {
        const own = closes.get(id);
        if (own?.some((close) => close !== null)) fill(made.spark, sparkline(own, 160, 28));
        else fill(made.spark, h("span", { class: "soft small" }, "–"));
      }
    } catch {
      // The prices stand without their lines; the next turn asks for them again.
      setText(span, "lines not answered");
    }
  }

  search.addEventListener("input", order);
  const timer = window.setInterval(drawAges, 1000);
  const kept = keep(root, {
    skeleton: tableBones(12, 6),
    everyMs: EVERY_MS,
    load: (signal) => get(`/v1/assets${query({ limit: MOST })}`, signal),
    draw(answer, host) {
      assets = answer.data;
      if (!assets.length) {
        fill(host, empty("No prices yet", "The first prices are here some seconds after the first answer of CoinCap: polled, kept in Kafka, stored, and read from the raw zone.", "make demo"));
        return;
      }
      assets.forEach(line);
      if (host.firstChild !== movers) fill(host, movers, table);
      order();
      drawMovers();
      drawAges();
      void drawLines();
    },
  });
  return {
    close() {
      window.clearInterval(timer);
      kept.close();
    },
  };
}

/** As much of the last day as the lake has, in as many points as a small line can show. */
async function lineWindow() {
  const told = await get("/v1/hours");
  const first = told.data.length ? Date.parse(told.data[0].hour) : Date.now();
  const hours = Math.min(24, Math.max(1, Math.ceil((Date.now() - first) / 3_600_000)));
  const interval = hours <= 1 ? "1m" : hours <= 8 ? "5m" : "15m";
  const from = new Date(Date.now() - hours * 3_600_000).toISOString();
  return { asked: { interval, from }, label: hours === 24 ? "Last day" : hours === 1 ? "Last hour" : `Last ${hours} h` };
}

/** Null comes last both ways up. @param {any} one @param {any} two */
function compared(one, two) {
  if (one === null || two === null) return one === two ? 0 : one === null ? 1 : -1;
  return one < two ? -1 : one > two ? 1 : 0;
}
