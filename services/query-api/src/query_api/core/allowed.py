"""What ad-hoc SQL may hold: node types, functions and tables. Anything else is refused."""

from sqlglot import exp

from coinlake.contracts.feeds import FEEDS
from coinlake.contracts.tables import TABLES, quarantine_of

TABLE_NAMES = frozenset(
    {*TABLES, *(quarantine_of(name).name for name in TABLES)}
    # Tables and views that the runner keeps beside the contract's tables.
    | {"ledger", "ledger_head", "candles", "quotes_live", "quotes_all", "history", "gaps"}
)
FEED_OF_TABLE = {table: feed.name for feed in FEEDS.values() for table in feed.tables}

QUERY_NODES = frozenset({exp.Select, exp.Union, exp.Except, exp.Intersect})

NODES = QUERY_NODES | {
    # the shape of a query
    exp.Subquery, exp.With, exp.CTE, exp.From, exp.Join, exp.Table, exp.TableAlias, exp.Where,
    exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Limit, exp.Offset, exp.Fetch, exp.LimitOptions, exp.Unnest,
    exp.Values, exp.Rollup, exp.GroupingSets,
    # names and values
    exp.Alias, exp.Column, exp.Identifier, exp.Star, exp.Literal, exp.Boolean, exp.Null,
    exp.Var, exp.Tuple, exp.Paren, exp.Interval, exp.Bracket, exp.Dot,
    # conditions and arithmetic
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is,
    exp.Between, exp.In, exp.Like, exp.Escape, exp.Exists, exp.Add, exp.Sub, exp.Mul, exp.Div,
    exp.Mod, exp.Neg, exp.DPipe, exp.Case, exp.If, exp.Cast, exp.TryCast, exp.DataType,
    exp.DataTypeParam, exp.Distinct, exp.AtTimeZone,
    # windows and aggregates' clauses
    exp.Window, exp.WindowSpec, exp.Filter,
}  # fmt: skip

FUNCTIONS = frozenset({
    # aggregates
    exp.Count, exp.CountIf, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.ArgMax, exp.ArgMin,
    exp.AnyValue, exp.ApproxDistinct, exp.ApproxQuantile, exp.Stddev, exp.StddevPop,
    exp.StddevSamp, exp.Variance, exp.VariancePop, exp.Corr, exp.LogicalAnd, exp.LogicalOr,
    # windows
    exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist, exp.Ntile, exp.Lag,
    exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue,
    # numbers
    exp.Abs, exp.Round, exp.Floor, exp.Ceil, exp.Trunc, exp.Sign, exp.Sqrt, exp.Ln, exp.Exp,
    exp.Pow, exp.Greatest, exp.Least, exp.WidthBucket,
    # nulls and errors
    exp.Coalesce, exp.Nullif, exp.Try,
    # text
    exp.Lower, exp.Upper, exp.Length, exp.Trim, exp.Substring, exp.Concat, exp.StrPosition,
    exp.SplitPart, exp.StartsWith,
    # time
    exp.TimestampTrunc, exp.DateTrunc, exp.DateAdd, exp.DateDiff, exp.Extract, exp.Year,
    exp.Month, exp.Day, exp.Hour, exp.Minute, exp.Second, exp.DayOfWeekIso, exp.Date,
    exp.CurrentTimestamp, exp.CurrentDate, exp.TimeToStr, exp.StrToTime, exp.UnixToTime,
    exp.TimeToUnix, exp.FromISO8601Timestamp,
    # maps and types
    exp.MapKeys, exp.ArraySize, exp.Typeof,
})  # fmt: skip

# Functions that sqlglot has no class for, by their lower-case name.
ANONYMOUS = frozenset({"map_values", "map_entries", "at_timezone", "every", "day_of_year"})
