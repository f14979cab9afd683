"""Where the engine takes nodes apart that have no rule of their own, by hand.

`TAKEN` are the places that take all that a node says: functions of `local_cloud.athena`, joined by
a plus where they do it together. `LOOKED_AT` are those that look at a part of a node for a
question of their own, while another place takes all of it.
"""

from collections.abc import Mapping

from trino_sql import tree

_OUTPUTS, _TYPES = "engines.duck_sql.outputs", "sql.analysis.type_names"
_WINDOWS, _JSON = "sql.analysis.windows", "sql.analysis.json_forms"
_JSON_INPUTS, _CONDITIONS = "sql.analysis.json_inputs", "sql.analysis.conditionals"
_GROUPS, _JOINS, _SORTING = (
    "engines.duck_sql.grouping",
    "engines.duck_sql.joins",
    "engines.duck_sql.sort_keys",
)
_PLANNER, _TAIL = "engines.planning:QueryPlanner", "engines.duck_sql.tail:tail_limits"

TAKEN: Mapping[type[tree.Node], tuple[str, ...]] = {
    tree.AllColumns: (
        f"{_OUTPUTS}:_all_columns + {_OUTPUTS}:_plain_star",
        f"{_OUTPUTS}:_all_columns + {_OUTPUTS}:_labelled",
    ),
    tree.SingleColumn: (f"{_OUTPUTS}:outputs + {_OUTPUTS}:_output_name",),
    tree.DateTimeType: (f"{_TYPES}:_date_time",),
    tree.GenericType: (f"{_TYPES}:_generic",),
    tree.IntervalType: (f"{_TYPES}:_interval",),
    tree.RowType: (f"{_TYPES}:type_of",),
    tree.RowTypeField: (f"{_TYPES}:type_of",),
    tree.Frame: (f"{_WINDOWS}:_frame",),
    tree.FrameBound: (f"{_WINDOWS}:_frame + {_WINDOWS}:_bound + {_WINDOWS}:_range_bound",),
    tree.WindowReference: (f"{_WINDOWS}:over",),
    tree.WindowSpecification: (f"{_WINDOWS}:over + {_WINDOWS}:_extended",),
    tree.WindowDefinition: ("engines.duck_sql.select:_windows",),
    tree.GroupBy: (f"{_GROUPS}:grouped + {_GROUPS}:_lists",),
    tree.GroupingElement: (f"{_GROUPS}:_lists + {_GROUPS}:_simple",),
    tree.JoinOn: (f"{_JOINS}:_join", f"{_JOINS}:_always", f"{_JOINS}:_lateral_join"),
    tree.JoinUsing: (f"{_JOINS}:_join",),
    tree.JsonInput: (
        f"{_JSON_INPUTS}:invoked",
        f"{_JSON_INPUTS}:handed_in + {_JSON_INPUTS}:written_format",
    ),
    tree.JsonObjectMember: (f"{_JSON}:_json_object",),
    tree.JsonParameter: (f"{_JSON_INPUTS}:invoked",),
    tree.JsonPath: (f"{_JSON_INPUTS}:invoked + {_JSON_INPUTS}:_analysed_path",),
    tree.SortItem: (
        f"{_WINDOWS}:sort_keys",
        f"{_SORTING}:numbered + {_SORTING}:order_keys + {_SORTING}:sort_key",
        f"{_SORTING}:numbered + {_PLANNER}._tailed + {_SORTING}:sort_key",
    ),
    tree.When: (
        f"{_CONDITIONS}:_searched_case + {_CONDITIONS}:_results",
        f"{_CONDITIONS}:_simple_case + {_CONDITIONS}:_results",
    ),
    tree.Limit: (_TAIL,),
    tree.FetchFirst: (_TAIL,),
    tree.Tail: (
        f"{_TAIL} + {_SORTING}:order_keys",
        f"{_TAIL} + {_PLANNER}._tailed",
    ),
    tree.Query: (f"{_PLANNER}.query",),
    tree.With: (f"{_PLANNER}._with",),
    tree.NamedQuery: (f"{_PLANNER}._with + {_PLANNER}._renamed",),
    # Names: what is in front of the last part is looked at, or refused, by both.
    tree.QualifiedName: (
        "engines.duck_sql.from_clause:_table",
        "sql.analysis.calls:_function_call",
    ),
    # These have a rule for where they stand alone, too.
    tree.Unnest: ("engines.duck_sql.unnesting:unnested + engines.duck_sql.unnesting:_values",),
    tree.Lambda: ("sql.analysis.arguments:_opened",),
    tree.Dereference: ("sql.analysis.column_names:dotted",),
    tree.Aliased: (f"{_JOINS}:_lateral_kind + {_JOINS}:_unnest_join",),
    tree.IntegerLiteral: (
        f"{_SORTING}:numbered",
        f"{_GROUPS}:_numbered",
        "sql.analysis.operators:_subscript",
    ),
}
LOOKED_AT: Mapping[tuple[type[tree.Node], str], str] = {
    (tree.Aliased, "engines.duck_sql.shape:_is_one_row"): "an alias leaves the number of rows",
    (tree.Aliased, "engines.duck_sql.shape:_joins"): "an alias is no join",
    (tree.Join, "engines.duck_sql.shape:_joins"): "any join is one",
    (tree.TableSubquery, "engines.duck_sql.shape:_is_one_row"): "how many rows it has",
    (tree.Query, "engines.duck_sql.shape:_is_one_row"): "how many rows it has",
    (tree.Values, "engines.duck_sql.shape:_is_one_row"): "how many rows they are",
    (
        tree.FunctionCall,
        "engines.duck_sql.scalars:_is_no_scalar",
    ): "whether it is a window function",
    (tree.GroupBy, "engines.duck_sql.shape:shape_of"): "whether there are grouping sets",
    (
        tree.GroupingElement,
        "engines.duck_sql.shape:shape_of",
    ): "whether there are grouping sets",
    (tree.FetchFirst, "engines.duck_sql.shape:shape_of"): "whether there are ties",
    (tree.Frame, "sql.analysis.windows:_bound"): "what its unit means for a bound",
    (tree.Tail, "engines.duck_sql.shape:shape_of"): "which clauses there are",
    (tree.Tail, "engines.duck_sql.tail:keeps_order"): "whether there is a limit",
    (
        tree.FunctionCall,
        "engines.duck_sql.scalars:has_window",
    ): "whether it is a window function",
    (tree.FunctionCall, "engines.duck_sql.scalars:_kinds"): "which functions have this name",
    (tree.QualifiedName, "engines.duck_sql.scalars:_kinds"): "which functions have this name",
    (
        tree.SortItem,
        "sql.analysis.applied:check_distinct_order",
    ): "whether a key is one of the arguments",
    (tree.Dereference, "engines.duck_sql.outputs:_output_name"): "what a column is called",
    (tree.JsonInput, "sql.analysis.json_forms:_json_object"): "what is handed to handed_in",
    (tree.JsonInput, "sql.analysis.json_forms:_json_array"): "what is handed to handed_in",
}
