// @ts-check
/** Where a number comes from: the answer, its place in Kafka, its object, its version, with every hash. */

import { get, query } from "../api.js";
import { fill, h } from "../dom.js";
import { both, clock, count, moment, size } from "../format.js";

export class OriginPanel {
  /** @param {string} asset */
  constructor(asset) {
    this.asset = asset;
    this.body = h("div", { class: "pad", id: "origin", "aria-live": "polite" });
    this.of = h("span", { class: "soft small" });
    this.turn = 0;
    this.node = h("section", { class: "card", "aria-label": "Where this number comes from" },
      h("div", { class: "title" }, h("h2", {}, "Where this number comes from"), this.of), this.body);
  }

  /** @param {string} what */
  asking(what) {
    fill(this.of, what);
    fill(this.body, h("span", { class: "bone", style: { height: "160px" } }));
  }

  /** @param {unknown} error */
  failed(error) {
    fill(this.body, h("p", { class: "soft", role: "alert" }, error instanceof Error ? error.message : String(error)));
  }

  /**
   * @param {string | null} at the source time of the answer; null for the newest @param {string} what
   * @param {boolean} [anew] whether what was shown is taken away until the answer is there
   */
  async show(at, what, anew = true) {
    const mine = ++this.turn;
    if (anew) this.asking(what);
    try {
      const answer = await get(`/v1/assets/${encodeURIComponent(this.asset)}/lineage${query({ at })}`);
      if (mine !== this.turn) return;
      fill(this.of, what);
      this.draw(answer.data);
    } catch (error) {
      if (mine === this.turn) this.failed(error);
    }
  }

  /** @param {any} told */
  draw(told) {
    const { poll, kafka, body, raw_object: object, published } = told;
    const step = (/** @type {string} */ title, /** @type {string} */ text, /** @type {(Node | string)[]} */ ...facts) =>
      h("li", {}, h("h2", {}, title), h("p", {}, text), ...facts.map((fact) => h("div", { class: "mono" }, fact)));
    fill(this.body, h("ol", { class: "steps" },
      step(`${told.element.priceUsd ?? "no price"} USD`, `element ${told.element_index} of an answer of ${clock(told.source_ts)} UTC`),
      step("Polled", `asked ${clock(poll.requested_at)}, received ${clock(poll.received_at)} UTC, status ${poll.status}${poll.source ? `, source ${poll.source}` : ""}`, poll.url ?? "", `poll ${poll.poll_id}`),
      step("Body", `${count(body.bytes)} bytes${body.as_received ? ", the same hash as when it was received" : ", NOT the hash of when it was received"}`, `sha256 ${body.sha256}`),
      step("Kafka", `offset ${count(kafka.offset)} of partition ${kafka.partition}, epoch ${kafka.epoch}`, kafka.topic),
      step("Raw object", `${size(object.bytes)}, stored ${clock(object.stored_at)} UTC`, object.key, `etag ${object.etag}`),
      published
        ? step("Table", `version ${published.version} of hour ${published.hour}, ${published.complete ? "complete" : "still open"}, committed ${moment(published.committed_at)} UTC`, `run ${published.run_id}`)
        : step("Table", "not built yet: SQL reads the hour from the raw zone until it is")));
    this.body.title = both(told.source_ts);
  }
}
