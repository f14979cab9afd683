// @ts-check
/** Tables, columns and functions: for the eye, and for the editor's completion. */

import { ApiError, get } from "../api.js";
import { h } from "../dom.js";
import { currentKey } from "../state.js";

/**
 * @param {(name: string) => void} pick
 * @returns {Promise<{node: Node, schema: Record<string, string[]>, functions: string[]}>}
 */
export async function schemaTree(pick) {
  const [tables, functions] = await Promise.all([knownTables(), knownFunctions()]);
  const column = (/** @type {any} */ one) => h("li", {}, h("button", { type: "button", title: one.meaning ?? one.name, on: { click: () => pick(one.name) } }, one.name), h("span", {}, one.type.replace("(38,", "(")));
  const node = h("div", {}, h("div", { class: "title" }, h("h2", {}, "Tables"), h("span", { class: "soft small" }, String(tables.length))),
    ...tables.map((table) => h("details", { name: "tables" }, h("summary", { title: table.meaning ?? "" }, table.name), h("ul", {}, ...(table.columns ?? []).map(column)))));
  const schema = Object.fromEntries(tables.map((table) => [table.name, (table.columns ?? []).map((/** @type {any} */ one) => one.name)]));
  return { node, schema, functions };
}

/** @returns {Promise<any[]>} */
async function knownTables() {
  return (await get("/v1/tables")).data;
}

/** Names only, where the service tells them to this key. @returns {Promise<string[]>} */
async function knownFunctions() {
  // They are told to keys of scope sql alone.
  if (currentKey() === null) return [];
  try {
    const told = await get("/v1/sql/functions");
    return told.functions.filter((/** @type {any} */ one) => one.allowed).map((/** @type {any} */ one) => one.name);
  } catch (error) {
    if (error instanceof ApiError) return [];
    throw error;
  }
}
