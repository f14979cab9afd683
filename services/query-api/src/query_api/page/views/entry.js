// @ts-check
/** The ledger's entry of an hour: what it was made from, by which run, what was counted and what failed. */

import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { both, count, moment, size } from "../format.js";

export class EntryPanel {
  constructor() {
    this.of = h("span", { class: "soft small" });
    this.body = h("div", { class: "pad", id: "entry", "aria-live": "polite" });
    this.node = h("section", { class: "card", "aria-label": "The ledger's entry of an hour" }, h("div", { class: "title" }, h("h2", {}, "Ledger"), this.of), this.body);
    this.turn = 0;
    this.rest();
  }

  rest() {
    this.turn += 1;
    fill(this.of);
    fill(this.body, h("p", { class: "soft" }, "Choose an hour: its entry says what it was made from, by which run, and what the rules found."));
  }

  /** @param {string} table @param {string} hour */
  async show(table, hour) {
    const mine = ++this.turn;
    fill(this.of, `${table}, ${hour.replace("T", " ")} h UTC`);
    try {
      const answer = await get(`/v1/hours/${table}/${hour}`);
      if (mine === this.turn) this.draw(answer.data);
    } catch (error) {
      if (mine === this.turn) fill(this.body, h("p", { class: "soft", role: "alert" }, error instanceof Error ? error.message : String(error)));
    }
  }

  /** @param {any} told */
  draw(told) {
    const fact = (/** @type {string} */ name, /** @type {any} */ text, /** @type {string} */ cls = "") => [h("dt", {}, name), h("dd", { class: cls }, text)];
    const own = told.outputs.find((/** @type {any} */ one) => one.table === told.table);
    const aside = told.outputs.find((/** @type {any} */ one) => one.table !== told.table);
    const failed = told.rules.filter((/** @type {any} */ rule) => rule.failed > 0);
    fill(this.body, h("dl", { class: "facts" },
      ...fact("state", `${told.complete ? "complete" : "open"}, closed by ${told.closed_by}`),
      ...fact("version", `${told.version}, committed ${moment(told.committed_at)} UTC`),
      ...fact("rows", `${count(own?.rows)}${own ? ` in ${size(own.bytes)}` : ""}`),
      ...fact("quarantine", `${count(aside?.rows ?? 0)} rows`),
      ...fact("records", `${count(told.counts.records)}: ${count(told.counts.usable)} usable, ${count(told.counts.heartbeats)} heartbeats, ${count(told.counts.duplicates)} duplicates`),
      ...fact("received", `${moment(told.first_received)} to ${moment(told.last_received).slice(11)} UTC`),
      ...fact("made of", `${count(told.raw_objects)} raw objects`),
      ...fact("run", told.run.run_id, "mono"), ...fact("batch", told.run.batch_id, "mono"),
      ...fact("billed", `${told.run.billed_seconds} s of Glue`),
      ...fact("rules", failed.length ? `${failed.length} of ${told.rules.length} failed` : `all ${told.rules.length} held`)),
    failed.length ? h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Rule"), h("th", { scope: "col", class: "num" }, "Failed"), h("th", { scope: "col", class: "num" }, "Of"))),
      h("tbody", {}, ...failed.map((/** @type {any} */ rule) => h("tr", {}, h("td", {}, rule.rule, rule.hard ? " (hard)" : ""), h("td", { class: "num" }, count(rule.failed)), h("td", { class: "num" }, count(rule.evaluated)))))) : null,
    told.inputs.length ? h("details", {}, h("summary", {}, `Raw objects${told.raw_objects > told.inputs.length ? `, the first ${told.inputs.length}` : ""}`),
      h("ul", { class: "limited", tabindex: "0" }, ...told.inputs.map((/** @type {any} */ one) => h("li", { class: "mono", title: `etag ${one.etag}` }, one.key)))) : null);
    this.body.title = both(told.committed_at);
  }
}
