// @ts-check
/** The API's pages: its OpenAPI document, made readable. */

import { startTheme } from "./bar.js";
import { get } from "./api.js";
import { fill, h } from "./dom.js";
import { bones, refused } from "./states.js";
import { openKeyDialog } from "./key.js";

const main = /** @type {HTMLElement} */ (document.getElementById("main"));

/** @param {any} document @param {any} node @returns {any} */
function resolved(document, node) {
  const ref = node?.$ref;
  return typeof ref === "string" ? resolved(document, ref.slice(2).split("/").reduce((at, part) => at?.[part], document)) : node;
}

/** A schema in one line. @param {any} document @param {any} given @returns {string} */
function kind(document, given) {
  if (given?.$ref) return given.$ref.split("/").at(-1);
  if (!given) return "any";
  if (given.enum) return given.enum.join(" | ");
  if (given.const !== undefined) return String(given.const);
  if (given.anyOf ?? given.oneOf) return (given.anyOf ?? given.oneOf).map((/** @type {any} */ one) => kind(document, one)).join(" or ");
  if (given.type === "array") return `[${kind(document, given.items)}]`;
  const type = [given.type ?? "any"].flat().join(" or ");
  return given.format ? `${type}, ${given.format}` : type;
}

/** @param {any} document @param {any} schema */
function fields(document, schema) {
  const { properties = {}, required = [] } = resolved(document, schema) ?? {};
  const lines = Object.entries(properties).map(([name, own]) => h("tr", {}, h("td", { class: "mono" }, name, required.includes(name) ? "" : " ?"), h("td", { class: "mono soft" }, kind(document, own)), h("td", {}, /** @type {any} */ (own)?.description ?? "")));
  return lines.length ? h("table", {}, h("tbody", {}, ...lines)) : h("p", { class: "mono soft" }, kind(document, schema));
}

/** @param {any} document @param {string} path @param {string} verb @param {any} operation */
function operation(document, path, verb, operation) {
  const parameters = (operation.parameters ?? []).map((/** @type {any} */ one) => resolved(document, one));
  const body = operation.requestBody?.content?.["application/json"]?.schema;
  const answers = Object.entries(operation.responses ?? {}).map(([status, said]) => {
    const own = resolved(document, said);
    const media = Object.keys(own?.content ?? {});
    const schema = own?.content?.[media[0]]?.schema;
    return h("li", {}, h("p", {}, h("span", { class: "mono strong" }, status), ` ${own?.description ?? ""} `, h("span", { class: "mono soft" }, media.join(", "))), status.startsWith("2") && schema ? fields(document, schema) : null);
  });
  return h("details", { class: "operation", id: `${verb}${path}` }, h("summary", {}, h("span", { class: `verb ${verb}` }, verb.toUpperCase()), h("code", {}, path), h("span", { class: "soft" }, operation.summary ?? "")),
    h("div", { class: "pad stack" },
      operation.description && h("p", {}, operation.description),
      operation.security?.length === 0 ? h("p", { class: "small soft" }, "Open to all.") : h("p", { class: "small soft" }, "Needs a key where anonymous reads are off."),
      parameters.length ? h("div", {}, h("h3", {}, "Parameters"), h("table", {}, h("tbody", {}, ...parameters.map((/** @type {any} */ one) => h("tr", {}, h("td", { class: "mono" }, one.name, one.required ? "" : " ?"), h("td", { class: "mono soft" }, `${one.in}, ${kind(document, one.schema)}`), h("td", {}, one.description ?? "")))))) : null,
      body ? h("div", {}, h("h3", {}, "Body, application/json"), fields(document, body)) : null,
      h("div", {}, h("h3", {}, "Answers"), h("ul", { class: "stack" }, ...answers))));
}

async function show() {
  fill(main, bones([32, 320]));
  try {
    const document = await get("/openapi.json");
    const paths = Object.entries(document.paths).flatMap(([path, item]) => Object.entries(/** @type {any} */ (item)).map(([verb, one]) => operation(document, path, verb, one)));
    const schemas = Object.entries(document.components?.schemas ?? {}).map(([name, schema]) => h("details", { class: "operation", id: name }, h("summary", {}, h("code", {}, name)), h("div", { class: "pad" }, fields(document, schema))));
    fill(main, h("div", { class: "docs", "data-state": "fresh" }, h("div", { class: "head" }, h("h1", {}, `${document.info.title} API`), h("span", { class: "sub" }, `version ${document.info.version}`), h("span", { class: "gap" }), h("a", { href: "/openapi.json" }, "OpenAPI document")),
      h("section", {}, h("p", {}, document.info.description ?? "")),
      h("section", { class: "card", "aria-label": "Paths" }, h("div", { class: "title" }, h("h2", {}, "Paths")), ...paths),
      h("section", { class: "card", "aria-label": "Schemas" }, h("div", { class: "title" }, h("h2", {}, "Schemas")), ...schemas)));
  } catch (error) {
    fill(main, refused(error, () => void show(), openKeyDialog));
  }
}

startTheme();
fill(/** @type {HTMLElement} */ (document.getElementById("bar")), h("a", { class: "brand", href: "/" }, h("img", { src: /** @type {HTMLLinkElement} */ (document.querySelector("link[rel=icon]")).href, alt: "", width: 20, height: 20 }), "coinlake"), h("nav", { class: "tabs", "aria-label": "Views" }, h("a", { href: "/" }, "The lake"), h("a", { href: "/docs", "aria-current": "page" }, "API")));
void show();
