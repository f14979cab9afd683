// @ts-check
/** Candles and the volume below them, drawn by lightweight-charts; the exact strings stay beside them. */

import { CandlestickSeries, createChart, LineSeries } from "./vendor/lightweight-charts.js";

/** @typedef {{start: string, end: string, open: string | null, high: string | null, low: string | null, close: string | null, quotes: number, volume_24h_usd: string | null, final: boolean}} Candle */

/** @type {PriceChart | null} */
let newest = null;

/** What the newest chart holds, as the library has it: for whoever compares it with the API. */
export function drawn() {
  return newest?.held() ?? [];
}

/** How far apart its candles are, in pixels. */
export function spacing() {
  return newest?.chart.timeScale().options().barSpacing ?? 0;
}

/** @param {string} name */
function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** @param {string} start */
function seconds(start) {
  return Date.parse(start) / 1000;
}

/** Digits after the point that a price of this size needs. @param {number} price */
function digits(price) {
  if (!price) return 2;
  return Math.min(18, Math.max(2, 4 - Math.floor(Math.log10(Math.abs(price)))));
}

export class PriceChart {
  /** @param {HTMLElement} host @param {(candle: Candle) => void} onPoint @param {(candle: Candle) => void} onPick @param {() => void} onEarlier */
  constructor(host, onPoint, onPick, onEarlier) {
    /** @type {Map<number, Candle>} */
    this.candles = new Map();
    this.at = -1;
    this.onPoint = onPoint;
    this.onPick = onPick;
    this.chart = createChart(host, { autoSize: true, ...this.look(), localization: { locale: "en-US" } });
    this.series = this.chart.addSeries(CandlestickSeries, this.candleLook());
    this.volume = this.chart.addSeries(LineSeries, this.volumeLook(), 1);
    // The library's own line has the colour of the candle, which is the card's where it is hollow.
    this.line = this.series.createPriceLine({ price: 0, color: color("--accent"), lineWidth: 1, lineStyle: 1, axisLabelVisible: true, title: "" });
    this.chart.panes()[1]?.setStretchFactor(0.22);
    this.chart.panes()[0]?.setStretchFactor(0.78);
    this.chart.subscribeCrosshairMove((/** @type {any} */ param) => this.point(param.time));
    this.chart.subscribeClick((/** @type {any} */ param) => {
      const candle = this.candles.get(param.time);
      if (candle) this.onPick(candle);
    });
    this.chart.timeScale().subscribeVisibleLogicalRangeChange((/** @type {any} */ range) => {
      if (range && range.from < 5 && this.candles.size) onEarlier();
    });
    this.themed = () => {
      this.chart.applyOptions(this.look());
      this.series.applyOptions(this.candleLook());
      this.volume.applyOptions(this.volumeLook());
      this.line.applyOptions({ color: color("--accent") });
    };
    window.addEventListener("themed", this.themed);
    newest = this;
  }

  look() {
    return {
      layout: {
        background: { type: "solid", color: color("--card") }, textColor: color("--soft"), fontSize: 12,
        fontFamily: getComputedStyle(document.body).fontFamily, attributionLogo: false,
        panes: { separatorColor: color("--line"), enableResize: false },
      },
      grid: { vertLines: { color: color("--line") }, horzLines: { color: color("--line") } },
      rightPriceScale: { borderColor: color("--line") },
      timeScale: { borderColor: color("--line"), timeVisible: true, secondsVisible: false, rightOffset: 4, minBarSpacing: 1 },
      crosshair: { vertLine: { labelBackgroundColor: color("--accent") }, horzLine: { labelBackgroundColor: color("--accent") } },
    };
  }

  candleLook() {
    // Up is hollow, down is filled: told apart without colours too.
    return {
      upColor: color("--card"), borderUpColor: color("--up"), wickUpColor: color("--up"),
      downColor: color("--down"), borderDownColor: color("--down"), wickDownColor: color("--down"),
      lastValueVisible: false, priceLineVisible: false,
    };
  }

  volumeLook() {
    return { color: color("--accent"), lineWidth: 1, priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false };
  }

  /**
   * Add candles, or newer ones in their places.
   * @param {Candle[]} candles @param {boolean} isFirst @param {number} most so many are kept while the newest is looked at
   * @returns {number | null} where the kept ones begin, in ms, if some were forgotten
   */
  set(candles, isFirst, most) {
    for (const candle of candles) if (candle.close !== null) this.candles.set(seconds(candle.start), candle);
    const follows = this.chart.timeScale().scrollPosition() > -2;
    const known = this.times();
    const forgotten = follows ? known.slice(0, Math.max(0, known.length - most)) : [];
    for (const time of forgotten) this.candles.delete(time);
    const times = known.slice(forgotten.length);
    const rows = times.map((time) => {
      const { open, high, low, close } = /** @type {Candle} */ (this.candles.get(time));
      return { time, open: Number(open), high: Number(high), low: Number(low), close: Number(close) };
    });
    const places = digits(rows.at(-1)?.close ?? 0);
    this.series.applyOptions({ priceFormat: { type: "price", precision: places, minMove: 10 ** -places } });
    const range = isFirst ? null : this.chart.timeScale().getVisibleRange();
    this.series.setData(rows);
    this.line.applyOptions({ price: rows.at(-1)?.close ?? 0 });
    this.volume.setData(times.flatMap((time) => {
      const volume = /** @type {Candle} */ (this.candles.get(time)).volume_24h_usd;
      return volume === null ? [] : [{ time, value: Number(volume) }];
    }));
    if (isFirst) this.show(Math.min(rows.length + 4, 120), rows.length);
    else if (range && !follows) this.chart.timeScale().setVisibleRange(range);
    return forgotten.length ? times[0] * 1000 : null;
  }

  times() {
    return [...this.candles.keys()].sort((one, two) => one - two);
  }

  /** The first moment whose candle may still change or come, in ms. */
  changesFromMs() {
    const open = this.times().find((time) => !this.candles.get(time)?.final);
    if (open !== undefined) return open * 1000;
    const newest = this.newest();
    return newest ? Date.parse(newest.end) : 0;
  }

  newest() {
    return this.candles.get(this.times().at(-1) ?? 0);
  }

  /** @param {number} bars @param {number} count */
  show(bars, count) {
    // A young lake's few candles keep a candle's width.
    this.chart.timeScale().setVisibleLogicalRange({ from: count - Math.max(bars, 40), to: count + 3 });
  }

  held() {
    return this.series.data();
  }

  /** @param {any} time */
  point(time) {
    const candle = this.candles.get(time) ?? this.newest();
    if (candle) this.onPoint(candle);
  }

  /** Keys of a chart that has the focus. @param {KeyboardEvent} event */
  key(event) {
    const times = this.times();
    if (!times.length || event.ctrlKey || event.metaKey) return;
    const scale = this.chart.timeScale();
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      const from = this.at < 0 ? times.length : this.at;
      this.at = Math.min(times.length - 1, Math.max(0, from + (event.key === "ArrowLeft" ? -1 : 1)));
      const candle = /** @type {Candle} */ (this.candles.get(times[this.at]));
      this.chart.setCrosshairPosition(Number(candle.close), times[this.at], this.series);
      this.onPoint(candle);
    } else if (event.key === "Enter" && this.at >= 0) {
      this.onPick(/** @type {Candle} */ (this.candles.get(times[this.at])));
    } else if (event.key === "+" || event.key === "-") {
      const range = scale.getVisibleLogicalRange();
      if (range) {
        const part = ((range.to - range.from) / 8) * (event.key === "+" ? 1 : -1);
        scale.setVisibleLogicalRange({ from: range.from + part, to: range.to - part / 4 });
      }
    } else return;
    event.preventDefault();
  }

  close() {
    window.removeEventListener("themed", this.themed);
    this.chart.remove();
    if (newest === this) newest = null;
  }
}
