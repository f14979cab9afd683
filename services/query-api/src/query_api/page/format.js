// @ts-check
/** Numbers and times as people read them. Decimals come as strings, and stay exact until here. */

const MINUS = "\u2212";

/**
 * A decimal string with as many digits as help: all before the point, and so many significant ones.
 * Cuts by text, never by a float. @param {string | null | undefined} text @param {number} [digits]
 */
export function amount(text, digits = 6) {
  if (text === null || text === undefined) return "–";
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (!match) return text;
  const [, sign, whole, rest = ""] = match;
  const lead = whole === "0" ? 0 : whole.length;
  const zeros = lead ? 0 : (/^0*/.exec(rest) ?? [""])[0].length;
  const wanted = Math.max(2, lead ? digits - lead : zeros + Math.min(digits, 4));
  const [cutWhole, cutRest] = rounded(whole, rest, Math.min(wanted, 18));
  return (sign ? MINUS : "") + grouped(cutWhole) + (cutRest ? `.${cutRest}` : "");
}

/** Half up, digit by digit. @param {string} whole @param {string} rest @param {number} places @returns {[string, string]} */
function rounded(whole, rest, places) {
  const kept = rest.padEnd(places, "0").slice(0, places);
  const number = BigInt(whole + kept) + ((rest[places] ?? "0") >= "5" ? 1n : 0n);
  const text = number.toString().padStart(places + 1, "0");
  return places ? [text.slice(0, -places), text.slice(-places)] : [text, ""];
}

/** @param {string} whole */
function grouped(whole) {
  return whole.replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A large sum in short: 1.62 T, 54.1 B, 3.20 M. @param {string | null | undefined} text */
export function short(text) {
  if (text === null || text === undefined) return "–";
  const value = Number(text);
  const size = Math.abs(value);
  for (const [limit, unit] of /** @type {[number, string][]} */ ([[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]])) {
    if (size >= limit) return `${(value / limit).toPrecision(3)} ${unit}`;
  }
  return amount(text, 4);
}

/** A percentage with sign and arrow. @param {string | null | undefined} text @returns {{text: string, cls: string}} */
export function change(text) {
  if (text === null || text === undefined) return { text: "–", cls: "soft" };
  const value = Number(text);
  const shown = Math.abs(value).toFixed(2);
  if (Number(shown) === 0) return { text: "0.00 %", cls: "soft" };
  return value > 0 ? { text: `▲ +${shown} %`, cls: "up" } : { text: `▼ ${MINUS}${shown} %`, cls: "down" };
}

/** Bytes in decimal units, as AWS bills them. @param {number | null | undefined} bytes */
export function size(bytes) {
  if (bytes === null || bytes === undefined) return "–";
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB", "PB"];
  const place = Math.min(Math.floor(Math.log10(bytes) / 3), units.length);
  return `${(bytes / 1000 ** place).toPrecision(3)} ${units[place - 1]}`;
}

/** Dollars; small ones keep their digits. @param {string | number | null | undefined} text */
export function usd(text) {
  if (text === null || text === undefined) return "–";
  const value = Number(text);
  if (value === 0) return "$0";
  if (Math.abs(value) >= 1) return `$${value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  return `$${value.toFixed(value < 0.01 ? 6 : 4).replace(/0+$/, "").replace(/\.$/, "")}`;
}

/** @param {number | null | undefined} value */
export function count(value) {
  return value === null || value === undefined ? "–" : value.toLocaleString("en-US");
}

/** An age in one unit: 4 s, 12 min, 3 h, 2 d. @param {number | null | undefined} seconds */
export function age(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 0) return "now";
  if (seconds < 100) return `${Math.floor(seconds)} s`;
  if (seconds < 5400) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

/** Seconds since a time. @param {string | null | undefined} time */
export function since(time) {
  return time ? (Date.now() - Date.parse(time)) / 1000 : null;
}

/** HH:MM:SS in UTC. @param {string | null | undefined} time */
export function clock(time) {
  return time ? `${time.slice(11, 19)}` : "–";
}

/** Day and time in UTC. @param {string | null | undefined} time */
export function moment(time) {
  return time ? `${time.slice(0, 10)} ${time.slice(11, 19)}` : "–";
}

/** What is shown on hover: UTC in full, and the local one. @param {string | null | undefined} time */
export function both(time) {
  if (!time) return "";
  return `${time} UTC · ${new Date(time).toLocaleString()} here`;
}
