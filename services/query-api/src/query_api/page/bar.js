// @ts-check
/** The bar on top of every view, and the foot: where one is, how fresh the lake is, what this tab spent. */

import { fill, h, setText } from "./dom.js";
import { get } from "./api.js";
import { age, both, clock, count, since, size, usd } from "./format.js";
import { keyButton } from "./key.js";
import { currentFreshness, listen, setFreshness, spent } from "./state.js";
import { STAGES } from "./states.js";

const TABS = /** @type {[string, string][]} */ ([["market", "Market"], ["pipeline", "Pipeline"], ["sql", "SQL"], ["cost", "Cost"]]);
const EVERY_MS = 10_000;
const THEME = "coinlake-theme";

/** @param {HTMLElement} bar @param {string} icon */
export function drawBar(bar, icon) {
  const pill = h("a", { class: "pill unknown", href: "#/pipeline", id: "freshness" }, h("span", { class: "dot" }), h("span", {}, "asking"));
  const key = h("span", {}, keyButton());
  fill(bar,
    h("a", { class: "brand", href: "#/market", "aria-label": "coinlake: market" }, h("img", { src: icon, alt: "", width: 20, height: 20 }), h("span", { class: "wide" }, "coinlake")),
    h("nav", { class: "tabs", "aria-label": "Views" }, ...TABS.map(([name, label]) => h("a", { href: `#/${name}`, "data-tab": name }, label))),
    h("span", { class: "gap" }), pill, key, themeButton());
  listen("freshness", () => drawPill(pill));
  listen("key", () => { fill(key, keyButton()); void look(); });
  window.setInterval(() => drawPill(pill), 1000);
  void look();
  window.setInterval(() => { if (!document.hidden) void look(); }, EVERY_MS);
}

/** @param {string} view */
export function markTab(view) {
  const own = view === "asset" ? "market" : view;
  for (const tab of document.querySelectorAll("[data-tab]")) {
    if (tab.getAttribute("data-tab") === own) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
}

let isAway = false;

async function look() {
  try {
    const told = await get("/v1/pipeline");
    isAway = false;
    setFreshness(told.data);
  } catch {
    // Each view says what went wrong with its own question; the pill says that it does not know.
    isAway = true;
    setFreshness(null);
  }
}

/** @param {HTMLElement} pill */
function drawPill(pill) {
  const told = currentFreshness();
  const [, text] = pill.children;
  pill.className = `pill ${isAway ? "unknown" : told?.state ?? "unknown"}`;
  if (!told) {
    setText(text, isAway ? "freshness unknown" : "asking");
    return;
  }
  const sql = told.stages.find((stage) => stage.name === "sql");
  const curated = told.stages.find((stage) => stage.name === "curated");
  const row = sql?.newest ? `newest row ${age(since(sql.newest))}` : "no rows yet";
  const mark = curated?.watermark ? `complete to ${clock(curated.watermark).slice(0, 5)}` : "nothing complete";
  const word = { fresh: "Fresh", late: "Late", stalled: "Stalled", empty: "Empty" }[told.state] ?? told.state;
  const stands = told.stands_at ? ` at ${STAGES[told.stands_at]?.label ?? told.stands_at}` : "";
  const narrow = window.innerWidth <= 720;
  setText(text, narrow ? `${word}${sql?.newest ? ` ${age(since(sql.newest))}` : ""}` : `${word}${stands} · ${row} · ${mark}`);
  pill.title = `newest row: ${both(sql?.newest)}\ntables complete up to: ${both(curated?.watermark)}`;
}

export function startTheme() {
  const wished = localStorage.getItem(THEME);
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () => { document.documentElement.dataset.theme = localStorage.getItem(THEME) ?? (system.matches ? "dark" : "light"); };
  if (wished !== "dark" && wished !== "light") localStorage.removeItem(THEME);
  apply();
  system.addEventListener("change", () => { apply(); window.dispatchEvent(new Event("themed")); });
}

function themeButton() {
  const label = () => (document.documentElement.dataset.theme === "dark" ? "Light" : "Dark");
  const button = h("button", { class: "quiet", type: "button", id: "theme-button", "aria-label": "Switch between light and dark" }, label());
  button.addEventListener("click", () => {
    const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    localStorage.setItem(THEME, next);
    document.documentElement.dataset.theme = next;
    setText(button, label());
    window.dispatchEvent(new Event("themed"));
  });
  return button;
}

/** @param {HTMLElement} foot */
export function drawFoot(foot) {
  const cost = h("span", { title: "What the questions of this tab have cost at Athena's list price" });
  const draw = () => setText(cost, `this tab: ${count(spent.queries)} queries, ${size(spent.bytes)} read, ${usd(spent.usd)}`);
  listen("spent", draw);
  draw();
  fill(foot, cost, h("span", { class: "gap" }),
    h("a", { href: "/docs" }, "API"),
    h("span", { class: "wide" }, h("kbd", {}, "?"), " keys"),
    // The attribution that the chart library's NOTICE asks for.
    h("span", {}, "Charts: TradingView Lightweight Charts™, © 2026 ", h("a", { href: "https://www.tradingview.com/", rel: "noopener noreferrer" }, "TradingView, Inc.")));
}
