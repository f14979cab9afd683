// @ts-check
/** A table of any height: only the rows that are seen are in the document. */

import { fill, h } from "./dom.js";

const ROW = 28;
const OVER = 10;
// Browsers cap the height of an element (Chromium and Firefox: some 17 and 33 million pixels).
const MOST_PX = 8_000_000;

export class Grid {
  constructor() {
    this.sheet = h("div", { class: "sheet" });
    this.head = h("div", { class: "grid-head", role: "row" });
    this.lines = h("div", { role: "rowgroup" });
    this.node = h("div", { class: "grid-view", tabindex: "0", role: "table", "aria-label": "Rows of the answer" }, this.sheet);
    /** @type {any[][]} */
    this.rows = [];
    /** @type {{name: string, type: string}[]} */
    this.columns = [];
    this.from = -1;
    this.node.addEventListener("scroll", () => this.draw(), { passive: true });
    this.sized = new ResizeObserver(() => this.draw(true));
    this.sized.observe(this.node);
  }

  /** @param {{name: string, type: string}[]} columns @param {any[][]} rows */
  set(columns, rows) {
    this.rows = rows;
    this.columns = columns;
    const widths = columns.map((column, at) => width(column, rows, at));
    this.template = widths.map((px) => `minmax(${px}px, 1fr)`).join(" ");
    const total = widths.reduce((sum, px) => sum + px, 0);
    this.sheet.style.setProperty("height", `${Math.min(MOST_PX, (rows.length + 1) * ROW)}px`);
    this.sheet.style.setProperty("min-width", `${total}px`);
    this.head.style.setProperty("grid-template-columns", this.template);
    this.node.setAttribute("aria-rowcount", String(rows.length + 1));
    fill(this.head, ...columns.map((column) => h("span", { role: "columnheader", title: column.type, class: isNumber(column.type) ? "num" : "" }, column.name)));
    fill(this.sheet, h("div", { role: "rowgroup" }, this.head), this.lines);
    this.node.scrollTop = 0;
    this.draw(true);
  }

  /** @param {boolean} [anew] */
  draw(anew = false) {
    const seen = Math.ceil(this.node.clientHeight / ROW) + 2 * OVER;
    const room = Math.max(1, this.sheet.offsetHeight - this.node.clientHeight);
    const whole = this.rows.length * ROW + ROW;
    const isCapped = whole > MOST_PX;
    const part = this.node.scrollTop / room;
    const first = isCapped ? Math.round(part * Math.max(0, this.rows.length - this.node.clientHeight / ROW + 1)) : Math.floor(this.node.scrollTop / ROW);
    const from = Math.max(0, first - OVER);
    if (!anew && from === this.from) return;
    this.from = from;
    const shift = isCapped ? this.node.scrollTop - (first - from) * ROW : from * ROW;
    fill(this.lines, ...this.rows.slice(from, from + seen).map((row, at) => this.line(row, from + at, shift + at * ROW + ROW)));
  }

  /** @param {any[]} row @param {number} number @param {number} top */
  line(row, number, top) {
    const cells = row.map((value, at) => {
      const text = value === null ? "null" : typeof value === "object" ? JSON.stringify(value) : String(value);
      return h("span", { role: "cell", title: text, class: `${value === null ? "null" : ""} ${isNumber(this.columns[at]?.type ?? "") ? "num" : ""}` }, text);
    });
    return h("div", { class: "grid-row", role: "row", "aria-rowindex": number + 2, style: { top: `${top}px`, "grid-template-columns": this.template } }, ...cells);
  }

  close() {
    this.sized.disconnect();
  }
}

/** @param {string} type */
function isNumber(type) {
  return /^(decimal|double|bigint|integer|int|real|smallint|tinyint|float)/.test(type);
}

/** What the first rows need. @param {{name: string}} column @param {any[][]} rows @param {number} at */
function width(column, rows, at) {
  const longest = rows.slice(0, 200).reduce((most, row) => Math.max(most, String(row[at] ?? "null").length), column.name.length);
  return Math.min(320, Math.max(72, 28 + longest * 8.6));
}
