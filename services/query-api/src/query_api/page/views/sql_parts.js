// @ts-check
/** What the SQL view offers: examples that run, and the formats of an answer. */

export const MOST_ROWS = 100_000;

export const FORMATS = [
  { name: "CSV", media: "text/csv", end: "csv" },
  { name: "JSON", media: "application/json", end: "json" },
  { name: "NDJSON", media: "application/x-ndjson", end: "ndjson" },
  { name: "Arrow", media: "application/vnd.apache.arrow.stream", end: "arrows" },
  { name: "Parquet", media: "application/vnd.apache.parquet", end: "parquet" },
];

export const EXAMPLES = [
  {
    label: "Newest prices",
    sql: "-- Seconds old: the newest row of each asset, open hours too.\nselect asset_id, symbol, price_usd, change_24h_pct, source_ts\nfrom quotes_latest\norder by rank\nlimit 20",
  },
  {
    label: "A day of candles",
    sql: "select minute, open, high, low, close, quotes\nfrom candles_1h\nwhere asset_id = 'bitcoin'\norder by minute desc\nlimit 24",
  },
  {
    label: "Rows by hour",
    sql: "select dt, hour, count(*) as n, count(distinct asset_id) as assets\nfrom quotes\ngroup by dt, hour\norder by dt desc, hour desc\nlimit 48",
  },
  {
    label: "Where a price came from",
    sql: "select asset_id, price_usd, source_ts, received_ts, raw_object, kafka_offset, element_index\nfrom quotes\nwhere asset_id = 'bitcoin'\norder by received_ts desc\nlimit 10",
  },
  {
    label: "What the rules found",
    sql: "select feed, dt, hour, \"table\", rule, evaluated, failed\nfrom quality\nwhere failed > 0\norder by dt desc, hour desc\nlimit 100",
  },
  {
    label: "What the lake is made of",
    sql: "select feed, dt, hour, version, complete, closed_by, billed_seconds\nfrom ledger_head\norder by dt desc, hour desc\nlimit 100",
  },
];
