"""The shapes of Grafana's dashboard JSON that we use: rows of panels with queries to Prometheus.

No data is never green: null, NaN and no frame at all have a colour of their own, and a number without
limits judges nothing and is blue (ADR 0073).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import Any

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_WIDTH = 24
_HEIGHTS = {"stat": 4, "timeseries": 8}
_MOST = {"stat": 8, "timeseries": 4}
NO_DATA = "semi-dark-purple"
_NO_JUDGEMENT = "semi-dark-blue"
# Grafana writes on a colour in white up to a brightness of 180 (grafana-ui, utils/colors.ts), which cannot
# be read on its plain green and orange; these can, in the dark theme and in the light one.
_SHADES = {"green": "dark-green", "orange": "#c2560c", "red": "semi-dark-red"}

# A feed has its colour on every graph, also where another one is gone; what went wrong is red.
_FEEDS = (
    ("assets", "blue"),
    ("exchanges", "orange"),
    ("markets", "purple"),
    ("rates", "green"),
    ("rejected", "red"),
)
_OUTCOMES = (
    (r"/^(2\d\d|succeeded)$/", "green"),
    (r"/^(4\d\d|cancelled)$/", "orange"),
    (r"/^(5\d\d|.*failed)$/", "red"),
)


@dataclass(frozen=True, slots=True)
class Query:
    """One expression and how its series are called."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel; `unit` is Grafana's id of a unit.

    `limits` are (value, colour from there on), `base` is the colour below the first of them.
    """

    title: str
    unit: str
    queries: tuple[Query, ...]
    description: str
    kind: str = "timeseries"
    limits: tuple[tuple[float, str], ...] = ()
    base: str = "green"
    stacked: bool = False
    is_log: bool = False
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A titled line of panels that share its width."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard. Its `uid` is part of links, so it never changes."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
    tags: tuple[str, ...] = field(default=("coinlake",))


def graph(
    title: str,
    unit: str,
    description: str,
    *queries: tuple[str, str],
    limits: tuple[tuple[float, str], ...] = (),
    stacked: bool = False,
    is_log: bool = False,
) -> Panel:
    """Lines over time; each query is (expression, legend).

    A limit is a line, and so is a series whose legend ends with "limit": it may differ by feed.
    """
    asked = tuple(Query(*query) for query in queries)
    return Panel(title, unit, asked, description, limits=limits, stacked=stacked, is_log=is_log)


def number(
    title: str,
    unit: str,
    description: str,
    expr: str,
    *limits: tuple[float, str],
    base: str = "green",
    legend: str = "",
    decimals: int | None = None,
) -> Panel:
    """The present value, large; one per series. Without `decimals` Grafana chooses them."""
    return Panel(
        title,
        unit,
        (Query(expr, legend),),
        description,
        "stat",
        limits,
        base,
        decimals=decimals,
    )


def of_each(label: str, values: Sequence[str], expr: str) -> str:
    """The expression, with NaN for each value of the label that it has no series for.

    Grafana leaves out a series that is gone, and shows the others in green (grafana #83958).
    """
    missing = (f'label_replace(vector(NaN), "{label}", "{value}", "", "")' for value in values)
    return f"{expr} or on ({label}) ({' or '.join(missing)})"


def of_each_feed(expr: str) -> str:
    """The same for the feeds that the ingestor polls."""
    return f"{expr} or on (feed) NaN * coinlake:feed_interval_seconds"


def dashboard(board: Board) -> dict[str, Any]:
    """A board as Grafana's JSON."""
    return {
        "uid": board.uid,
        "title": board.title,
        "description": board.description,
        "tags": list(board.tags),
        "editable": False,
        "graphTooltip": 1,
        "links": [
            {"type": "dashboards", "title": "coinlake", "tags": ["coinlake"], "keepTime": True}
        ],
        "panels": list(_placed(board.rows)),
        "refresh": "30s",
        "schemaVersion": 39,
        "templating": {
            "list": [
                {
                    "name": "datasource",
                    "label": "Data source",
                    "type": "datasource",
                    "query": "prometheus",
                }
            ]
        },
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "utc",
    }


def _placed(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    y, number_of = 0, 1
    for row in rows:
        place = {"x": 0, "y": y, "w": _WIDTH, "h": 1}
        yield {"id": number_of, "type": "row", "title": row.title, "gridPos": place}
        y, number_of = y + 1, number_of + 1
        for line in _lines(row.panels):
            edges = [index * _WIDTH // len(line) for index in range(len(line) + 1)]
            for panel, (x, end) in zip(line, pairwise(edges), strict=True):
                place = {"x": x, "y": y, "w": end - x, "h": _HEIGHTS[panel.kind]}
                yield {"id": number_of, "gridPos": place, **_panel(panel)}
                number_of += 1
            y += _HEIGHTS[line[0].kind]


def _lines(panels: Sequence[Panel]) -> Iterator[list[Panel]]:
    """Panels of one kind side by side, as many as can be read."""
    for kind, group in groupby(panels, key=lambda panel: panel.kind):
        alike = list(group)
        lines = -(-len(alike) // _MOST[kind])
        for index in range(lines):
            yield alike[index * len(alike) // lines : (index + 1) * len(alike) // lines]


def _panel(panel: Panel) -> dict[str, Any]:
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": _defaults(panel), "overrides": _overrides(panel)},
        "options": _options(panel),
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": SOURCE,
                "expr": query.expr,
                "legendFormat": query.legend or "__auto",
                "instant": panel.kind == "stat",
                "range": panel.kind != "stat",
            }
            for index, query in enumerate(panel.queries)
        ],
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    base = _SHADES[panel.base] if panel.limits else _NO_JUDGEMENT
    steps: list[Mapping[str, Any]] = [{"color": base, "value": None}]
    steps += [{"color": _SHADES[color], "value": value} for value, color in panel.limits]
    no_data = {"text": "no data", "color": NO_DATA, "index": 0}
    defaults: dict[str, Any] = {
        "unit": panel.unit,
        "noValue": "no data",
        "mappings": [{"type": "special", "options": {"match": "null+nan", "result": no_data}}],
        "thresholds": {"mode": "absolute", "steps": steps},
        "color": {"mode": "thresholds" if panel.kind == "stat" else "palette-classic"},
    }
    if panel.decimals is not None:
        defaults["decimals"] = panel.decimals
    if panel.kind == "timeseries":
        defaults["custom"] = {
            "fillOpacity": 30 if panel.stacked else 5,
            # A gap is a gap: a line over it would hide that something was away.
            "spanNulls": False,
            "stacking": {"mode": "normal" if panel.stacked else "none"},
            "thresholdsStyle": {"mode": "dashed" if panel.limits else "off"},
            "scaleDistribution": {"type": "log", "log": 10}
            if panel.is_log
            else {"type": "linear"},
        }
    return defaults


def _overrides(panel: Panel) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    legends = [query.legend for query in panel.queries]
    if panel.kind == "timeseries":
        if any("{{feed}}" in one or "{{topic}}" in one for one in legends):
            found += [_fixed(rf"/^(coincap\.)?{name}\b/", color) for name, color in _FEEDS]
        if any("{{status}}" in one or "{{outcome}}" in one for one in legends):
            found += [_fixed(*one) for one in _OUTCOMES]
    if not any(one.endswith("limit") for one in legends):
        return found
    drawn = {
        "color": {"mode": "fixed", "fixedColor": _SHADES["red"]},
        "custom.lineStyle": {"fill": "dash", "dash": [8, 8]},
        "custom.fillOpacity": 0,
        "custom.hideFrom": {"legend": True, "tooltip": False, "viz": False},
    }
    properties = [{"id": name, "value": value} for name, value in drawn.items()]
    limit = {"matcher": {"id": "byRegexp", "options": "/limit$/"}, "properties": properties}
    return [*found, limit]


def _fixed(names: str, color: str) -> Mapping[str, Any]:
    """The colour of the series whose names match."""
    value = {"mode": "fixed", "fixedColor": color}
    return {
        "matcher": {"id": "byRegexp", "options": names},
        "properties": [{"id": "color", "value": value}],
    }


def _options(panel: Panel) -> Mapping[str, Any]:
    if panel.kind != "stat":
        return _OPTIONS[panel.kind]
    is_named = any(query.legend for query in panel.queries)
    # Without a legend the name would be the expression.
    return {**_OPTIONS["stat"], "textMode": "value_and_name" if is_named else "value"}


_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "stat": {
        "colorMode": "background_solid",
        "graphMode": "none",
        # Not lastNotNull, which shows what a series was before it ended.
        "reduceOptions": {"calcs": ["last"], "fields": "", "values": False},
    },
    "timeseries": {
        # Without values: a table of them leaves room for three series, and the last value of a series
        # that ended long ago would look like the present one.
        "legend": {"displayMode": "list", "placement": "bottom", "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
}


def quantile(share: str, metric: str, by: str = "") -> str:
    """The expression of a histogram's quantile, over all members or by a label."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket[$__rate_interval])))"
