// @ts-check
/** The key: asked for in a dialog, held in memory, forgotten with the tab. */

import { fill, h } from "./dom.js";
import { currentKey, useKey } from "./state.js";
import { forget } from "./api.js";

/** @type {HTMLDialogElement | null} */
let dialog = null;

export function openKeyDialog() {
  dialog ??= /** @type {HTMLDialogElement} */ (document.body.appendChild(h("dialog", { "aria-labelledby": "key-title" })));
  const field = /** @type {HTMLInputElement} */ (h("input", {
    type: "password", id: "key-field", autocomplete: "off", spellcheck: "false", "data-1p-ignore": true,
  }));
  const close = () => {
    field.value = "";
    dialog?.close();
  };
  const take = (/** @type {Event} */ event) => {
    event.preventDefault();
    const given = field.value.trim();
    close();
    if (given) set(given);
  };
  fill(dialog, h("form", { on: { submit: take } },
    h("h2", { id: "key-title" }, "API key"),
    h("p", { class: "soft" }, "It stays in the memory of this tab: not in storage, not in the address. With the tab it is gone."),
    h("label", { for: "key-field" }, "Key"),
    field,
    h("p", { class: "small soft" }, "In the stack of a clone: ", h("code", {}, "grep QUERY_API_KEY .local/stack.env")),
    h("div", { class: "row" },
      currentKey() !== null && h("button", { type: "button", on: { click: () => { close(); set(null); } } }, "Forget the key"),
      h("button", { type: "button", on: { click: close } }, "Cancel"),
      h("button", { class: "primary", type: "submit" }, "Use this key"))));
  dialog.showModal();
}

/** @param {string | null} given */
function set(given) {
  forget();
  useKey(given);
}

export function keyButton() {
  return h("button", { class: "quiet", type: "button", id: "key-button", "aria-haspopup": "dialog", on: { click: openKeyDialog } },
    currentKey() === null ? "Key" : "Key ✓");
}
