// @ts-check
/** Asset: how did it move, and where does a number come from. */

import { get, query } from "../api.js";
import { PriceChart } from "../chart.js";
import { fill, flash, h, setText } from "../dom.js";
import { age, amount, both, change, clock, moment, short, since } from "../format.js";
import { keep } from "../kept.js";
import { bones } from "../states.js";
import { OriginPanel } from "./origin.js";

export const title = "Asset";

/** @typedef {import("../chart.js").Candle} Candle */

const EVERY_MS = 30_000;
const WIDTH_MS = /** @type {Record<string, number>} */ ({ "1m": 60e3, "5m": 300e3, "15m": 900e3, "1h": 3600e3, "4h": 14400e3, "1d": 86400e3 });
const CANDLES = 300;
// One question of so many is for all candles that are shown, the others for what may have changed alone.
const ALL_EVERY = 20;

/** @param {HTMLElement} root @param {import("../app.js").Place} place */
export function mount(root, place) {
  const id = place.rest || "bitcoin";
  const encoded = encodeURIComponent(id);
  let interval = WIDTH_MS[place.params.get("interval") ?? ""] ? /** @type {string} */ (place.params.get("interval")) : "1m";
  const name = h("h1", {}, id);
  const symbol = h("span", { class: "sub" });
  const price = h("span", { class: "price" });
  const moved = h("span");
  const seen = h("span", { class: "sub" });
  root.append(h("div", { class: "head" }, h("a", { href: "#/market", "aria-label": "Back to the market" }, "← Market"), name, symbol, h("div", { class: "quote" }, price, moved, seen)));

  /** @type {PriceChart | null} */
  let chart = null;
  /** @type {any} */
  let asset = null;
  let isAsking = false;
  let earliestMs = 0;
  let sinceAll = 0;
  let hasPicked = false;
  /** The question for candles that is under way: a slow one is not asked again beside itself. @type {AbortController | null} */
  let asking = null;
  const facts = h("dl", { class: "card stats" });
  const legend = h("div", { class: "legend" });
  const chartHost = h("div", { class: "chart", tabindex: "0", role: "img", "aria-label": `Candles of ${id}; arrow keys move from candle to candle, plus and minus zoom` });
  const told = h("p", { class: "over soft", role: "status" }, "Asking for the candles …");
  const rows = h("tbody");
  const choice = h("div", { class: "choice", role: "group", "aria-label": "Width of a candle" }, ...Object.keys(WIDTH_MS).map((one) =>
    h("button", { type: "button", "data-interval": one, "aria-pressed": String(one === interval), on: { click: () => choose(one) } }, one)));
  const panel = new OriginPanel(id);
  const grid = h("div", { "data-state": "fresh" }, facts, h("div", { class: "asset-grid" },
    h("div", { class: "stack" },
      h("section", { class: "card", "aria-label": "Candles" }, h("div", { class: "title" }, h("h2", {}, "Candles"), choice, h("span", { class: "gap" }), h("span", { class: "soft small wide" }, "drag, wheel, ← → + −")),
        legend, h("div", { class: "chart-box" }, chartHost, told)),
      h("details", { class: "card" }, h("summary", {}, "The same as a table"), h("div", { class: "limited", tabindex: "0", role: "region", "aria-label": "Candles as a table" },
        h("table", { id: "candle-table" }, h("thead", {}, h("tr", {}, ...["Start UTC", "Open", "High", "Low", "Close", "Quotes", "24 h volume"].map((label, at) => h("th", { scope: "col", class: at ? "num" : "" }, label)))), rows)))),
    panel.node));

  /** @type {() => void} */
  let attach = () => undefined;
  // A chart that is made outside of the document has no width, and its candles get none either.
  const attached = new Promise((done) => { attach = () => done(null); });

  chartHost.addEventListener("keydown", (event) => chart?.key(event));

  /** @param {string} wanted */
  function choose(wanted) {
    interval = wanted;
    history.replaceState(null, "", `#/asset/${encoded}${query({ interval })}`);
    for (const button of choice.children) button.setAttribute("aria-pressed", String(button.getAttribute("data-interval") === interval));
    chart?.close();
    chart = null;
    fill(chartHost);
    fill(legend);
    said("Asking for the candles …");
    earliestMs = 0;
    asking?.abort();
    asking = null;
    void candles();
  }

  /** @param {string} text over the chart */
  function said(text) {
    setText(told, text);
    told.classList.toggle("hidden", !text);
  }

  async function candles() {
    if (asking) return;
    const own = (asking = new AbortController());
    const [shown, width] = [chart, WIDTH_MS[interval]];
    // Whole candles, as they are answered: whoever asks within one asks the same.
    const firstMs = Math.floor(Date.now() / width) * width - CANDLES * width;
    const isAll = !shown || sinceAll >= ALL_EVERY;
    const fromMs = isAll ? firstMs : Math.max(firstMs, shown.changesFromMs());
    try {
      const answer = await get(`/v1/assets/${encoded}/candles${query({ interval, from: new Date(fromMs).toISOString() })}`, own.signal);
      await attached;
      if (own.signal.aborted) return;
      sinceAll = isAll ? 1 : sinceAll + 1;
      const isNothing = isAll && !answer.data.length;
      said(isNothing ? "No quotes of this asset in this range." : "");
      chartHost.classList.toggle("nothing", isNothing);
      if (!answer.data.length) return;
      const isFirst = !chart;
      chart ??= new PriceChart(chartHost, point, (candle) => void pick(candle), () => void earlier());
      earliestMs ||= firstMs;
      // A tab that is left open follows the newest, and forgets what has gone by.
      earliestMs = Math.max(earliestMs, chart.set(answer.data, isFirst, 2 * CANDLES) ?? 0);
      point(answer.data.at(-1));
      table();
    } catch (error) {
      if (!own.signal.aborted) said(`The candles did not come: ${error instanceof Error ? error.message : error}.`);
    } finally {
      if (asking === own) asking = null;
    }
  }

  /** Further back, where somebody drags or zooms there. */
  async function earlier() {
    if (isAsking || !earliestMs || !chart) return;
    isAsking = true;
    const [mine, to] = [chart, earliestMs];
    try {
      const from = to - CANDLES * WIDTH_MS[interval];
      const answer = await get(`/v1/assets/${encoded}/candles${query({ interval, from: new Date(from).toISOString(), to: new Date(to).toISOString() })}`);
      if (mine !== chart) return;
      // Where nothing was, there is nothing before either: no further question.
      earliestMs = answer.data.length ? from : 0;
      if (answer.data.length) mine.set(answer.data, false, Infinity);
      table();
    } finally {
      isAsking = false;
    }
  }

  function table() {
    const all = [...(chart?.candles.values() ?? [])].sort((one, two) => (one.start < two.start ? 1 : -1));
    fill(rows, ...all.map((candle) => h("tr", {}, h("td", {}, moment(candle.start)),
      ...[candle.open, candle.high, candle.low, candle.close].map((text) => h("td", { class: "num", title: text }, amount(text, 7))),
      h("td", { class: "num" }, candle.quotes), h("td", { class: "num", title: candle.volume_24h_usd }, short(candle.volume_24h_usd)))));
  }

  /** @param {Candle} candle */
  function point(candle) {
    const part = (/** @type {string} */ label, /** @type {string | null} */ text) => h("span", { title: text }, h("span", {}, label), amount(text, 7));
    fill(legend, h("span", { class: "strong", title: both(candle.start) }, `${moment(candle.start).slice(0, 16)} UTC`), part("O", candle.open), part("H", candle.high), part("L", candle.low), part("C", candle.close),
      h("span", {}, h("span", {}, "quotes"), candle.quotes), h("span", { title: candle.volume_24h_usd }, h("span", {}, "24 h volume, below"), short(candle.volume_24h_usd)), h("span", { class: "soft" }, candle.final ? "final" : "may still change"));
  }

  /** @param {Candle} candle */
  async function pick(candle) {
    hasPicked = true;
    panel.asking(`close of ${moment(candle.start).slice(0, 16)} UTC`);
    try {
      const answer = await get(`/v1/assets/${encoded}/quotes${query({ from: candle.start, to: candle.end, order: "desc", limit: 1 })}`);
      await panel.show(answer.data[0]?.source_ts ?? null, `close of ${moment(candle.start).slice(0, 16)} UTC`);
    } catch (error) {
      panel.failed(error);
    }
  }

  const drawAge = () => setText(seen, asset ? `${age(since(asset.source_ts))} old · ${clock(asset.source_ts)} UTC` : "");
  const timer = window.setInterval(drawAge, 1000);
  const kept = keep(root, {
    skeleton: bones([48, 480]),
    everyMs: EVERY_MS,
    load: async (signal) => {
      // Asked beside each other: the chart need not wait for the price.
      void candles();
      return get(`/v1/assets/${encoded}`, signal);
    },
    draw(answer, host) {
      const known = asset;
      asset = answer.data;
      if (!host.contains(grid)) {
        fill(host, grid);
        attach();
      }
      // Of the price above, for as long as no other was asked for.
      if (!hasPicked && asset.source_ts !== known?.source_ts) void panel.show(asset.source_ts, `price of ${clock(asset.source_ts)} UTC`, !known);
      setText(name, asset.name || asset.asset_id);
      setText(symbol, asset.symbol ?? "");
      if (setText(price, `$${amount(asset.price_usd, 7)}`) && known) flash(price);
      price.title = `${asset.price_usd ?? "no price"} USD`;
      const { text, cls } = change(asset.change_24h_pct);
      setText(moved, `${text} in 24 h`);
      moved.className = cls;
      seen.title = both(asset.source_ts);
      drawAge();
      drawFacts();
    },
  });

  function drawFacts() {
    const fact = (/** @type {string} */ label, /** @type {string} */ shown, /** @type {string | null} */ exact) => h("div", {}, h("dt", {}, label), h("dd", { title: exact ?? "not told" }, shown));
    fill(facts, fact("Rank", String(asset.rank ?? "–"), String(asset.rank)), fact("Market cap, USD", short(asset.market_cap_usd), asset.market_cap_usd),
      fact("24 h volume, USD", short(asset.volume_24h_usd), asset.volume_24h_usd), fact("24 h VWAP, USD", amount(asset.vwap_24h_usd, 7), asset.vwap_24h_usd),
      fact("Supply", short(asset.supply), asset.supply), fact("Max supply", short(asset.max_supply), asset.max_supply));
  }

  return {
    close() {
      window.clearInterval(timer);
      asking?.abort();
      chart?.close();
      kept.close();
    },
  };
}

