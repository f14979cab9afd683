// @ts-check
/** A view that keeps itself up to date: skeleton, data, refresh, and what to show where it fails. */

import { fill, h } from "./dom.js";
import { refused, staleLine, unrefreshed } from "./states.js";
import { openKeyDialog } from "./key.js";
import { listen } from "./state.js";

/**
 * @template Data
 * @typedef {object} Kept
 * @property {Node} skeleton what is there until the first answer
 * @property {(signal: AbortSignal) => Promise<Data>} load
 * @property {(data: Data, host: HTMLElement) => void} draw called with each answer; the host is kept
 * @property {number} everyMs how often to ask while somebody looks; never asked in a hidden tab
 */

/**
 * @template Data
 * @param {HTMLElement} root @param {Kept<Data>} kept
 * @returns {{close: () => void, refresh: () => void}}
 */
export function keep(root, kept) {
  const stale = staleLine();
  const trouble = h("div");
  const host = h("div", {}, kept.skeleton);
  root.append(stale.node, trouble, host);
  let seenMs = 0;
  let timer = 0;
  let open = true;
  /** @type {AbortController | null} */
  let asking = null;

  async function refresh() {
    window.clearTimeout(timer);
    asking?.abort();
    const mine = (asking = new AbortController());
    try {
      const data = await kept.load(mine.signal);
      if (!open || mine.signal.aborted) return;
      if (!seenMs) fill(host);
      seenMs = Date.now();
      fill(trouble);
      host.classList.remove("stale-data");
      kept.draw(data, host);
    } catch (error) {
      if (!open || mine.signal.aborted) return;
      if (seenMs) {
        fill(trouble, unrefreshed(error, seenMs, refresh));
        host.classList.add("stale-data");
      } else {
        fill(host, refused(error, again, openKeyDialog));
      }
    } finally {
      if (open && asking === mine) timer = window.setTimeout(whenSeen, kept.everyMs);
    }
  }

  function again() {
    fill(host, kept.skeleton);
    void refresh();
  }

  function whenSeen() {
    if (document.hidden) timer = window.setTimeout(whenSeen, kept.everyMs);
    else void refresh();
  }

  const shown = () => {
    if (!document.hidden && seenMs && Date.now() - seenMs > kept.everyMs) void refresh();
  };
  document.addEventListener("visibilitychange", shown);
  const unlisten = listen("key", () => {
    seenMs = 0;
    again();
  });
  void refresh();
  return {
    refresh: () => void refresh(),
    close() {
      open = false;
      asking?.abort();
      window.clearTimeout(timer);
      document.removeEventListener("visibilitychange", shown);
      unlisten();
      stale.close();
    },
  };
}
