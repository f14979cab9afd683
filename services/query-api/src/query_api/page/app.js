// @ts-check
/** The page: reads the address, shows its view, listens to the keys. */

import { drawBar, drawFoot, markTab, startTheme } from "./bar.js";
import { fill, h } from "./dom.js";
import { openKeys } from "./keys.js";

/** @typedef {{close: () => void}} View */
/** @typedef {(root: HTMLElement, place: Place) => View} Mount */
/** @typedef {{view: string, rest: string, params: URLSearchParams}} Place */

const LOADERS = /** @type {Record<string, () => Promise<{mount: Mount, title: string}>>} */ ({
  market: () => import("./views/market.js"),
  asset: () => import("./views/asset.js"),
  pipeline: () => import("./views/pipeline.js"),
  sql: () => import("./views/sql.js"),
  cost: () => import("./views/cost.js"),
});

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
/** @type {View | null} */
let current = null;
let turn = 0;

/** @returns {Place} */
function place() {
  const [path, params] = location.hash.replace(/^#\/?/, "").split("?");
  const [view, ...rest] = path.split("/");
  let name = rest.join("/");
  try {
    name = decodeURIComponent(name);
  } catch {
    // An address that is no text: the view says that there is no such thing.
  }
  return { view: LOADERS[view] ? view : "market", rest: name, params: new URLSearchParams(params) };
}

async function show() {
  const at = place();
  const mine = ++turn;
  markTab(at.view);
  const module = await LOADERS[at.view]();
  if (mine !== turn) return;
  current?.close();
  const root = h("div", { "data-view": at.view });
  fill(main, root);
  document.title = `${at.rest ? `${at.rest} · ` : ""}${module.title} · coinlake`;
  current = module.mount(root, at);
  window.scrollTo(0, 0);
}

startTheme();
const icon = /** @type {HTMLLinkElement} */ (document.querySelector("link[rel=icon]")).href;
drawBar(/** @type {HTMLElement} */ (document.getElementById("bar")), icon);
drawFoot(/** @type {HTMLElement} */ (document.getElementById("foot")));
openKeys();
window.addEventListener("hashchange", () => void show());
void show();
