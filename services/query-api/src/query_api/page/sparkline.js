// @ts-check
/** A small line of prices. A gap is a gap: where nothing is known, nothing is drawn. */

import { s } from "./dom.js";

/** @param {(string | null)[]} closes @param {number} width @param {number} height */
export function sparkline(closes, width, height) {
  const values = closes.map((close) => (close === null ? null : Number(close)));
  const known = /** @type {number[]} */ (values.filter((value) => value !== null));
  const low = Math.min(...known);
  const span = Math.max(...known) - low || 1;
  const flat = known.every((value) => value === known[0]);
  const x = (/** @type {number} */ at) => 2 + (at * (width - 4)) / Math.max(1, values.length - 1);
  const y = (/** @type {number} */ value) => (flat ? height / 2 : 3 + (height - 6) * (1 - (value - low) / span));
  let path = "";
  let pen = false;
  values.forEach((value, at) => {
    if (value === null) pen = false;
    else {
      path += `${pen ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = true;
    }
  });
  const last = known.length ? known[known.length - 1] : 0;
  const cls = !known.length || last === known[0] ? "line-flat" : last > known[0] ? "line-up" : "line-down";
  const end = values.findLastIndex((value) => value !== null);
  return s("svg", { class: `spark ${cls}`, viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true", focusable: "false" },
    s("path", { d: path, fill: "none" }),
    end >= 0 && s("circle", { cx: x(end).toFixed(1), cy: y(last).toFixed(1), r: 2 }));
}
