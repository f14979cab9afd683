// What the views need of lightweight-charts: bundled by `make page-vendor`.
export { CandlestickSeries, createChart, LineSeries } from "lightweight-charts";
