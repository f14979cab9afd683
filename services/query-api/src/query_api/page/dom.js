// @ts-check
/** Elements out of code. Every text goes in as text: nothing here reads markup. */

/** @typedef {Node | string | number | null | undefined | false} Child */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element. `props`: `on` has handlers, `style` sets properties, all else are attributes;
 * true is an attribute without a value, null and false are none.
 * @param {string} tag @param {Record<string, any>} [props] @param {...Child} children
 * @returns {HTMLElement}
 */
export function h(tag, props = {}, ...children) {
  return /** @type {HTMLElement} */ (dress(document.createElement(tag), props, children));
}

/**
 * The same in SVG.
 * @param {string} tag @param {Record<string, any>} [props] @param {...Child} children
 * @returns {SVGElement}
 */
export function s(tag, props = {}, ...children) {
  return /** @type {SVGElement} */ (dress(document.createElementNS(SVG, tag), props, children));
}

/** @param {Element} node @param {Record<string, any>} props @param {Child[]} children */
function dress(node, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [kind, call] of Object.entries(value)) node.addEventListener(kind, call);
    else if (name === "style") for (const [key, what] of Object.entries(value)) /** @type {HTMLElement} */ (node).style.setProperty(key, what);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  put(node, children);
  return node;
}

/** Append what there is to append. @param {Node} node @param {Child[]} children */
function put(node, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    node.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** Replace what a node holds. @param {Element} node @param {...Child} children */
export function fill(node, ...children) {
  node.replaceChildren();
  put(node, children);
  return node;
}

/** Change a text only where it differs: nothing moves, and nothing is read out again.
 * @param {Element} node @param {string} text @returns {boolean} whether it changed */
export function setText(node, text) {
  if (node.textContent === text) return false;
  node.textContent = text;
  return true;
}

/** Flash a cell once. @param {Element} node */
export function flash(node) {
  node.classList.remove("flash");
  void (/** @type {HTMLElement} */ (node).offsetWidth);
  node.classList.add("flash");
}
