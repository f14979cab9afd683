"""The shapes of Grafana's dashboard JSON that we use: rows of panels with queries to Prometheus."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_WIDTH = 24
_HEIGHTS = {"stat": 4, "timeseries": 8}


@dataclass(frozen=True, slots=True)
class Query:
    """One expression and how its series are called."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel; `unit` is Grafana's id of a unit, `limits` colour a number (value, colour)."""

    title: str
    unit: str
    queries: tuple[Query, ...]
    description: str
    kind: str = "timeseries"
    limits: tuple[tuple[float, str], ...] = ()
    stacked: bool = False


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
    title: str, unit: str, description: str, *queries: tuple[str, str], stacked: bool = False
) -> Panel:
    """Lines over time; each query is (expression, legend)."""
    return Panel(
        title, unit, tuple(Query(*query) for query in queries), description, stacked=stacked
    )


def number(
    title: str,
    unit: str,
    description: str,
    expr: str,
    *limits: tuple[float, str],
    legend: str = "",
) -> Panel:
    """The present value, large; one per series."""
    return Panel(title, unit, (Query(expr, legend),), description, "stat", limits)


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
        width = _WIDTH // len(row.panels)
        for index, panel in enumerate(row.panels):
            place = {"x": index * width, "y": y, "w": width, "h": _HEIGHTS[panel.kind]}
            yield {"id": number_of, "gridPos": place, **_panel(panel)}
            number_of += 1
        y += max(_HEIGHTS[panel.kind] for panel in row.panels)


def _panel(panel: Panel) -> dict[str, Any]:
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _OPTIONS[panel.kind],
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
    steps: list[Mapping[str, Any]] = [{"color": "green", "value": None}]
    steps += [{"color": color, "value": value} for value, color in panel.limits]
    defaults: dict[str, Any] = {
        "unit": panel.unit,
        "noValue": "no data",
        "thresholds": {"mode": "absolute", "steps": steps},
        "color": {"mode": "thresholds" if panel.kind == "stat" else "palette-classic"},
    }
    if panel.kind == "timeseries":
        defaults["custom"] = {
            "fillOpacity": 30 if panel.stacked else 5,
            # A gap is a gap: a line over it would hide that something was away.
            "spanNulls": False,
            "stacking": {"mode": "normal" if panel.stacked else "none"},
        }
    return defaults


_OPTIONS: Mapping[str, Any] = {
    "stat": {
        "colorMode": "background",
        "graphMode": "none",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": "value_and_name",
    },
    "timeseries": {
        "legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull"]},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
}


def quantile(share: str, metric: str, by: str = "") -> str:
    """The expression of a histogram's quantile, over all members or by a label."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket[5m])))"
