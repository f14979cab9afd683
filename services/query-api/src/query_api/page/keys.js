// @ts-check
/** The keyboard: `/` searches, `g` and a letter goes, `?` tells. */

import { fill, h } from "./dom.js";

const GO = /** @type {Record<string, string>} */ ({ m: "#/market", b: "#/asset/bitcoin", p: "#/pipeline", s: "#/sql", c: "#/cost" });
const TOLD = /** @type {[string, string][]} */ ([
  ["/", "search"], ["g m", "market"], ["g b", "bitcoin"], ["g p", "pipeline"], ["g s", "SQL"], ["g c", "cost"],
  ["Ctrl Enter", "run the statement"], ["Esc", "cancel it, or leave a field"],
  ["← →", "candle by candle, in a chart that has the focus"], ["+ −", "zoom it"], ["?", "this list"],
]);
const WAIT_MS = 1500;
let gAt = 0;
/** @type {HTMLDialogElement | null} */
let dialog = null;

export function openKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    // In the editor it closes a list, or cancels: Tab leaves it.
    if (event.key === "Escape" && isField(event.target) && !isEditor(event.target)) {
      /** @type {HTMLElement} */ (event.target).blur();
      return;
    }
    if (isField(event.target) || document.querySelector("dialog[open]")) return;
    if (Date.now() - gAt < WAIT_MS && GO[event.key]) {
      gAt = 0;
      location.hash = GO[event.key];
      event.preventDefault();
    } else if (event.key === "g") {
      gAt = Date.now();
    } else if (event.key === "/") {
      event.preventDefault();
      search();
    } else if (event.key === "?") {
      tell();
    }
  });
}

/** @param {EventTarget | null} target */
function isField(target) {
  const node = /** @type {HTMLElement | null} */ (target);
  // The editor sits in a shadow root: what is told here is its host.
  return Boolean(node?.closest?.("input, select, textarea, [contenteditable], .editor"));
}

/** @param {EventTarget | null} target */
function isEditor(target) {
  return Boolean(/** @type {HTMLElement | null} */ (target)?.closest?.(".editor"));
}

function search() {
  const field = /** @type {HTMLElement | null} */ (document.querySelector("[data-search]"));
  if (field) field.focus();
  else location.hash = "#/market?search";
}

function tell() {
  dialog ??= /** @type {HTMLDialogElement} */ (document.body.appendChild(h("dialog", { "aria-labelledby": "keys-title" })));
  fill(dialog, h("h2", { id: "keys-title" }, "Keys"),
    h("dl", { class: "facts pad" }, ...TOLD.flatMap(([key, what]) => [h("dt", {}, ...key.split(" ").map((one) => h("kbd", {}, one))), h("dd", {}, what)])),
    h("div", { class: "row" }, h("button", { class: "primary", type: "button", on: { click: () => dialog?.close() } }, "Close")));
  dialog.showModal();
}
