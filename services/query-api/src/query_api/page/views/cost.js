// @ts-check
/** Cost: what the month costs, by service and by day, and what the last questions cost. */

import { get, query } from "../api.js";
import { fill, h, s } from "../dom.js";
import { clock, count, moment, size, usd } from "../format.js";
import { keep } from "../kept.js";
import { currentBalance, currentKey } from "../state.js";
import { bones, empty } from "../states.js";

export const title = "Cost";

const EVERY_MS = 30_000;
const DAYS = 30;

/** @param {HTMLElement} root */
export function mount(root) {
  root.append(h("div", { class: "head" }, h("h1", {}, "Cost"), h("span", { class: "sub" }, "at AWS list prices, US East; what coinlake can know of the bill")));
  const kept = keep(root, {
    skeleton: bones([72, 200]),
    everyMs: EVERY_MS,
    load: (signal) => get(`/v1/cost${query({ days: DAYS })}`, signal),
    draw(answer, host) {
      const told = answer.data;
      const total = sum(told.days.map((/** @type {any} */ day) => day.usd));
      if (!total && !told.queries.length) {
        fill(host, empty("Nothing has been spent yet", "Each Glue run and each query is here as soon as it has ended.", "make demo"));
        return;
      }
      draw(host, told, total);
    },
  });
  return { close: () => kept.close() };
}

/** @param {string[]} texts */
function sum(texts) {
  return texts.reduce((all, text) => all + Number(text), 0);
}

/** @param {HTMLElement} host @param {any} told @param {number} total */
function draw(host, told, total) {
  const month = new Date().toISOString().slice(0, 7);
  const ofMonth = told.days.filter((/** @type {any} */ day) => day.day.startsWith(month));
  const today = told.days.at(-1);
  const of = (/** @type {any} */ day, /** @type {string} */ name) => day.services.find((/** @type {any} */ one) => one.service === name);
  const tile = (/** @type {string} */ label, /** @type {string} */ value, /** @type {string} */ note) => h("section", { class: "card tile" }, h("h2", {}, label), h("div", { class: "big" }, value), h("div", { class: "small soft" }, note));
  fill(host, h("div", { "data-state": "fresh" },
    h("div", { class: "tiles" },
      tile("This month", usd(sum(ofMonth.map((/** @type {any} */ day) => day.usd))), `${month}, up to today`),
      tile("Today", usd(today.usd), `${count(of(today, "glue").count)} Glue runs, ${count(of(today, "athena").count)} queries`),
      tile("A month at this pace", usd(told.forecast_month_usd), "30 days as those shown"),
      ...currentBalance().map(({ name, left, quota }) => tile(`Budget of this ${currentKey() === null ? "caller" : "key"}, by ${name}`, size(left), `left of ${size(quota)} that may be read`)),
      tile("Queries", usd(sum(told.days.map((/** @type {any} */ day) => of(day, "athena").usd))), `since this service started, ${moment(told.queries_since).slice(0, 16)} UTC`)),
    h("div", { class: "cost-grid" },
      h("section", { class: "card", "aria-label": "By day" }, h("div", { class: "title" }, h("h2", {}, "By day"), h("span", { class: "gap" }),
        h("span", { class: "key" }, h("span", {}, h("i", { class: "mark glue" }), "Glue"), h("span", {}, h("i", { class: "mark athena" }), "Athena"))),
        h("div", { class: "pad" }, bars(told.days)), dayTable(told.days, of)),
      h("section", { class: "card", "aria-label": "The last queries" }, h("div", { class: "title" }, h("h2", {}, "The last queries"), h("span", { class: "soft small" }, "of everybody, without their text")), queries(told.queries)))));
  host.dataset.total = String(total);
}

/** @param {any[]} days */
function bars(days) {
  const [width, height, left, bottom] = [900, 200, 56, 24];
  const most = Math.max(...days.map((day) => Number(day.usd)), 1e-9);
  const step = (width - left) / days.length;
  const y = (/** @type {number} */ value) => (height - bottom - 8) * (1 - value / most) + 8;
  const lines = [0, 0.5, 1].map((part) => [s("line", { x1: left, x2: width, y1: y(part * most), y2: y(part * most) }), s("text", { x: left - 8, y: y(part * most) + 4, "text-anchor": "end" }, usd((part * most).toPrecision(2)))]).flat();
  const columns = days.flatMap((day, at) => {
    let base = 0;
    return day.services.map((/** @type {any} */ one) => {
      const from = base;
      base += Number(one.usd);
      return s("rect", { class: one.service, x: left + at * step + 2, width: Math.max(2, step - 4), y: y(base), height: Math.max(0, y(from) - y(base)) },
        s("title", {}, `${day.day}, ${one.service}: ${usd(one.usd)}`));
    });
  });
  const names = days.map((day, at) => (at % 7 === days.length % 7 || at === days.length - 1 ? s("text", { x: left + at * step + step / 2, y: height - 6, "text-anchor": at === days.length - 1 ? "end" : "middle" }, day.day.slice(5)) : null));
  return s("svg", { class: "bars", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Dollars by day and service; the table below has the same" }, ...lines, ...columns, ...names);
}

/** @param {any[]} days @param {(day: any, name: string) => any} of */
function dayTable(days, of) {
  const spent = [...days].reverse().filter((day) => Number(day.usd) > 0);
  return h("table", {}, h("thead", {}, h("tr", {}, ...["Day", "Glue runs", "Glue, USD", "Queries", "Athena, USD", "Together, USD"].map((label, at) => h("th", { scope: "col", class: at ? "num" : "" }, label)))),
    h("tbody", {}, ...spent.map((day) => h("tr", {}, h("td", {}, day.day), h("td", { class: "num" }, count(of(day, "glue").count)), h("td", { class: "num", title: of(day, "glue").usd }, usd(of(day, "glue").usd)),
      h("td", { class: "num" }, count(of(day, "athena").count)), h("td", { class: "num", title: of(day, "athena").usd }, usd(of(day, "athena").usd)), h("td", { class: "num strong", title: day.usd }, usd(day.usd))))));
}

/** @param {any[]} some */
function queries(some) {
  if (!some.length) return h("p", { class: "pad soft" }, "None since this service started.");
  return h("div", { class: "limited", tabindex: "0", role: "region", "aria-label": "Queries, the newest first" }, h("table", {}, h("thead", {}, h("tr", {}, ...["UTC", "Outcome", "Read", "USD"].map((label, at) => h("th", { scope: "col", class: at > 1 ? "num" : "" }, label)))),
    h("tbody", {}, ...some.map((one) => h("tr", {}, h("td", { title: one.at }, clock(one.at)), h("td", { class: one.outcome === "succeeded" ? "" : "down" }, one.outcome.replaceAll("_", " ")), h("td", { class: "num", title: `${one.scanned_bytes} bytes` }, size(one.scanned_bytes)), h("td", { class: "num" }, usd(one.usd)))))));
}
