"""What ad-hoc SQL may hold: forms of the grammar, functions and tables. Anything else is refused."""

from collections.abc import Mapping
from dataclasses import fields

from coinlake.contracts.glue_quality import GLUE_QUALITY_TABLE
from coinlake.contracts.ledger import (
    LEDGER_TABLE,
    LEDGER_VIEW,
    QUALITY_VIEW,
    UNKNOWN_FIELDS_VIEW,
)
from coinlake.views.every import VIEWS
from query_api.core.lake_tables import STORED
from trino_sql import tree

CATALOG = "awsdatacatalog"
"""The account's Glue Data Catalog, by the name that Athena gives it."""
TABLE_NAMES = frozenset(
    {
        *STORED,
        *VIEWS,
        LEDGER_TABLE,
        LEDGER_VIEW,
        UNKNOWN_FIELDS_VIEW,
        QUALITY_VIEW,
        GLUE_QUALITY_TABLE,
    }
)


def judged(forms: Mapping[type[tree.Node], str]) -> frozenset[type[tree.Node]]:
    """The node classes of `forms`, each with the fields that were looked at when it was allowed.

    TypeError where a class has another field, or lacks one: nothing that the parser reads may
    go on to Athena because nobody has thought of it.
    """
    for kind, names in forms.items():
        there = {one.name for one in fields(kind)} - {"at"}
        if there != set(names.split()):
            raise TypeError(f"{kind.__name__} has the fields {sorted(there)}: judge it anew")
    return frozenset(forms)


# What `guard._RULES` decides by is marked there; the other fields are nodes, which are walked,
# or words and flags of which each value is harmless.
NODES = judged(
    {
        # the shape of a query
        tree.Query: "with_ body tail",
        tree.With: "recursive queries",
        tree.NamedQuery: "name columns query",
        tree.Select: "distinct items from_ where group_by having windows tail",
        tree.SetOperation: "kind distinct left right",
        tree.SingleColumn: "expression alias",
        tree.AllColumns: "target aliases",
        tree.Table: "name",
        tree.TableSubquery: "query",
        tree.Aliased: "relation alias columns",
        tree.Join: "kind left right criteria",
        tree.JoinOn: "condition",
        tree.JoinUsing: "columns",
        tree.Unnest: "expressions with_ordinality",
        tree.Values: "rows",
        tree.GroupBy: "distinct elements",
        tree.GroupingElement: "kind sets",
        tree.Tail: "order offset limit",
        tree.SortItem: "key descending nulls_first",
        tree.Limit: "count",
        tree.FetchFirst: "count with_ties",
        tree.WindowDefinition: "name window",
        # names and values
        tree.Identifier: "name quoted",
        tree.QualifiedName: "parts",
        tree.Dereference: "base field",
        tree.Subscript: "base index",
        tree.Row: "items",
        tree.Array: "items",
        tree.BinaryLiteral: "value",
        tree.Null: "",
        tree.BooleanLiteral: "value",
        tree.StringLiteral: "value",
        tree.IntegerLiteral: "value",
        tree.DecimalLiteral: "text",
        tree.DoubleLiteral: "text",
        tree.TypedLiteral: "type value",
        tree.IntervalLiteral: "value negative start end",
        # conditions and arithmetic
        tree.Logical: "operator terms",
        tree.Not: "value",
        tree.Comparison: "operator left right",
        tree.DistinctFrom: "left right negated",
        tree.Between: "value lower upper negated",
        tree.IsNull: "value negated",
        tree.Like: "value pattern escape negated",
        tree.InList: "value items negated",
        tree.InSubquery: "value query negated",
        tree.Exists: "query",
        tree.QuantifiedComparison: "operator quantifier value query",
        tree.ScalarSubquery: "query",
        tree.Arithmetic: "operator left right",
        tree.Signed: "negative value",
        tree.SimpleCase: "operand whens default",
        tree.SearchedCase: "whens default",
        tree.When: "operand result",
        tree.If: "condition then otherwise",
        tree.Coalesce: "items",
        tree.NullIf: "first second",
        tree.Try: "value",
        tree.Cast: "value type safe",
        tree.GenericType: "name arguments",
        tree.DateTimeType: "kind precision with_time_zone",
        tree.RowType: "fields",
        tree.RowTypeField: "name type",
        tree.IntervalType: "start end",
        tree.AtTimeZone: "value zone",
        tree.Extract: "field value",
        tree.Trim: "side value characters",
        tree.CurrentTime: "kind precision",
        tree.Format: "items",
        tree.Grouping: "columns",
        tree.Lambda: "parameters body",
        # JSON
        tree.JsonInput: "value format",
        tree.JsonParameter: "input name",
        tree.JsonPath: "text name",
        tree.JsonExists: "input path parameters on_error",
        tree.JsonValue: (
            "input path parameters returning on_empty empty_default on_error error_default"
        ),
        tree.JsonQuery: (
            "input path parameters returning returning_format wrapper quotes on_empty on_error"
        ),
        tree.JsonObject: "members null_on_null unique_keys returning returning_format",
        tree.JsonObjectMember: "key value",
        tree.JsonArray: "items null_on_null returning returning_format",
        # calls
        tree.ListAgg: "value separator distinct overflow filler with_count order filter window",
        tree.FunctionCall: (
            "name arguments star star_label distinct order filter nulls window"
        ),
        tree.WindowSpecification: "existing partition order frame",
        tree.WindowReference: "name",
        tree.Frame: "unit start end",
        tree.FrameBound: "kind value",
    }
)
# The other classes of the grammar, and why not.
REFUSED: Mapping[type[tree.Node], str] = {
    tree.Lateral: "a join does the same",
    tree.Parameter: "values are bound by the service alone",
    tree.CurrentName: "names from inside of the account",
}

# CUBE is left out: it multiplies the work. AUTO is of Trino 476's grammar (ADR 0060), and in none
# of the pages on Athena's engine version 3.
GROUPINGS = frozenset({"SIMPLE", "SETS", "ROLLUP"})
CLOCKS = frozenset({"CURRENT_DATE", "CURRENT_TIMESTAMP"})
