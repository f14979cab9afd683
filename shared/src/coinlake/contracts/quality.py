"""Data quality: every rule, what it is held against and what it means, and the same in Glue's DQDL.

How a rule is evaluated is the kernel's business; that it was, and how often it failed, stands in the
ledger (`RuleCount`).
"""

from dataclasses import dataclass
from typing import Literal

from coinlake.contracts.datasets import TABULAR, Dataset
from coinlake.contracts.elements import TYPES, Element, Field
from coinlake.contracts.tables import columns

Dimension = Literal[
    "completeness", "validity", "schema", "range", "uniqueness", "freshness", "referential"
]
Unit = Literal["objects", "records", "answers", "elements", "rows", "tokens"]

MAX_ID_BYTES = 256
"""Longer texts are no ids; CoinCap's have at most some forty characters."""
MAX_UPDATE_AGE_MS = 86_400_000
"""What was updated longer before its answer was received is stale. Exchanges and markets that
CoinCap has given up stay listed, with the time 0 or one of years ago (recorded answers)."""
OBJECT_RULE, PROMISE_RULE, ELEMENT_RULE = "object", "records_promised", "element"
TOKEN_RULE = "token_usable"
"""The rule of every rejected entry of `tokens`."""
REFERENCE_RULE = "asset_quoted"


@dataclass(frozen=True, slots=True)
class QualityRule:
    """One rule of a table. What fails a hard one becomes no row; a soft one is counted.

    A hard rule's name is the `rule` of its rows in the quarantine. It looks at `columns`: one of them
    must be there (completeness), each is a usable id (validity), held by its type (schema; without
    columns: there is no unknown key) or above zero if it is there (range), all of them tell rows of
    one answer apart (uniqueness). `evaluates` says what is counted.
    `dqdl` says the same in Glue's Data Quality language. `differs` says in what that says less, or
    why there is none: it sees the rows that are published and nothing else.
    """

    name: str
    table: str
    dimension: Dimension
    hard: bool
    evaluates: Unit
    columns: tuple[str, ...]
    meaning: str
    dqdl: str | None = None
    differs: str | None = None


VIEW_COLUMNS = columns(
    """feed string
    dt string
    hour string
    version bigint
    table_name string
    rule string
    dimension string
    hard boolean
    evaluated bigint
    failed bigint
    share double"""
)
"""The view `quality`: a row for each rule of each hour's newest version, the fields of `RuleCount` in
their order (`table` is a word of SQL). `share` is failed / evaluated, null where nothing was
evaluated."""
_NO_ROW = "what fails is in no table, so no query of one sees it"


def _before_rows(table: str) -> list[QualityRule]:
    """What is asked before there are rows, in the order in which it is asked."""

    def rule(name: str, evaluates: Unit, meaning: str) -> QualityRule:
        return QualityRule(
            name, table, "validity", True, evaluates, (), meaning, differs=_NO_ROW
        )

    promise = QualityRule(
        PROMISE_RULE,
        table,
        "completeness",
        True,
        "records",
        (),
        "a raw object has the records that its metadata promises; an hour where one has not is"
        " never published",
        differs="it compares raw objects, not rows",
    )
    return [
        rule(OBJECT_RULE, "objects", "a raw object can be read"),
        promise,
        rule("body", "answers", "the body of an answer is JSON"),
        rule("envelope", "answers", "a body is an object with one array `data`"),
        rule(ELEMENT_RULE, "elements", "an entry of `data` is an object"),
    ]


def _valid(table: str, column: str) -> QualityRule:
    return QualityRule(
        f"{column}_usable",
        table,
        "validity",
        True,
        "rows",
        (column,),
        f"`{column}` is a text with something to see, without control characters, of at most"
        f" {MAX_ID_BYTES} bytes",
        f'(IsComplete "{column}") and (ColumnLength "{column}" <= {MAX_ID_BYTES}) and'
        f' (ColumnValues "{column}" matches "^[^\\p{{Cc}}]*[^\\p{{Cc}}\\s][^\\p{{Cc}}]*\\z")',
        "ColumnLength counts characters, not bytes, and `\\s` knows only the blanks of ASCII",
    )


def _complete(table: str, columns: tuple[str, ...]) -> QualityRule:
    dqdl = " or ".join(f'(IsComplete "{column}")' for column in columns)
    return QualityRule(
        "price_usable",
        table,
        "completeness",
        True,
        "rows",
        columns,
        f"there is a number in {' or '.join(f'`{one}`' for one in columns)}",
        dqdl if len(columns) > 1 else dqdl.strip("()"),
    )


def _fits(table: str, field: Field) -> QualityRule:
    return QualityRule(
        f"{field.column}_fits",
        table,
        "schema",
        True,
        "rows",
        (field.column,),
        f"what is in `{field.column}` is {TYPES[field.kind]} without loss, or null",
        differs="a column has one type, and what it does not hold is as null as null",
    )


def _known(table: str) -> QualityRule:
    return QualityRule(
        "no_unknown_keys",
        table,
        "schema",
        True,
        "rows",
        (),
        "each key has a column",
        differs="no rule type looks into a map, and `extra` has what does not fit, too",
    )


def _positive(table: str, column: str) -> QualityRule:
    return QualityRule(
        f"{column}_positive",
        table,
        "range",
        False,
        "rows",
        (column,),
        f"`{column}` is above zero where it is there",
        # Null fails every comparison (Glue developer guide, "ColumnValues": null behavior).
        f'(ColumnValues "{column}" > 0) or (ColumnValues "{column}" = NULL)',
    )


def _unique(table: str, identity: tuple[str, ...]) -> QualityRule:
    # An offset is there once in a raw object, also where lines of another writer have no epoch.
    key = " ".join(f'"{column}"' for column in (*identity, "raw_object", "kafka_offset"))
    return QualityRule(
        "unique_in_answer",
        table,
        "uniqueness",
        False,
        "rows",
        identity,
        f"an answer has no second row of the same {', '.join(f'`{one}`' for one in identity)}",
        f"IsPrimaryKey {key}",
        "it only says whether there is any",
    )


def _fresh(table: str) -> QualityRule:
    return QualityRule(
        "source_time_near",
        table,
        "freshness",
        False,
        "rows",
        (),
        "the answer has a time, within the bound on skew of when it was received",
        'IsComplete "source_ts"',
    )


def _recent(table: str, column: str) -> QualityRule:
    return QualityRule(
        f"{column.removesuffix('_ts')}_recent",
        table,
        "freshness",
        False,
        "rows",
        (column,),
        f"`{column}`, where it is there, is at most {MAX_UPDATE_AGE_MS // 3_600_000} hours before"
        " the answer was received",
        differs="DataFreshness measures from the moment of the evaluation, not of the answer",
    )


def _quoted(table: str) -> QualityRule:
    return QualityRule(
        REFERENCE_RULE,
        table,
        "referential",
        False,
        "rows",
        ("asset_id",),
        "the asset has a row in `quotes` of the same hour",
        differs="ReferentialIntegrity takes no texts (Glue developer guide, its column types)",
    )


def row_rules_of(dataset: Dataset) -> tuple[QualityRule, ...]:
    """The rules that each row of its element is held against, all hard ones first; none without one."""
    return () if dataset.element is None else tuple(_of_rows(dataset, dataset.element))


def _of_rows(dataset: Dataset, element: Element) -> list[QualityRule]:
    table, names = element.table, [field.column for field in element.fields]
    rules = [_valid(table, column) for column in element.identity]
    if element.price:
        rules.append(_complete(table, element.price))
    rules += [_fits(table, field) for field in element.fields if field.unfit == "quarantine"]
    if dataset.unknown_keys == "freeze":
        rules.append(_known(table))
    rules += [_positive(table, column) for column in element.price]
    rules += [_unique(table, element.identity), _fresh(table)]
    if "updated_ts" in names:
        rules.append(_recent(table, "updated_ts"))
    if "rank" in names:
        rules.append(_positive(table, "rank"))
    return rules


def _of_tables(dataset: Dataset) -> list[QualityRule]:
    """The rules of the tables that are made of an element's rows."""
    tokens = [
        QualityRule(
            TOKEN_RULE,
            table.name,
            "validity",
            True,
            "tokens",
            ("address",),
            "an entry of `tokens` is a chain with an array of addresses, each a text",
            differs=_NO_ROW,
        )
        for table in dataset.further
        if "address" in [column.name for column in table.columns]
    ]
    return [*tokens, *(_quoted(table.name) for table in dataset.further)]


def rules_of(dataset: Dataset) -> tuple[QualityRule, ...]:
    """Every rule of a dataset, in the order in which they are asked; none without an element."""
    if dataset.element is None:
        return ()
    before = _before_rows(dataset.element.table)
    return (*before, *row_rules_of(dataset), *_of_tables(dataset))


ROW_RULES: dict[str, tuple[QualityRule, ...]] = {
    one.tables[0]: row_rules_of(one) for one in TABULAR.values()
}
"""The rules that each row is held against, by the table of an element; hard ones come first."""
RULES_OF: dict[str, tuple[QualityRule, ...]] = {
    name: rules_of(one) for name, one in TABULAR.items()
}
"""Every rule by dataset, in the order in which they are asked."""
RULES: tuple[QualityRule, ...] = tuple(rule for rules in RULES_OF.values() for rule in rules)


def rules_of_table(table: str) -> tuple[QualityRule, ...]:
    """The rules whose failures are counted for a table; none for a name that is no table's."""
    return tuple(rule for rule in RULES if rule.table == table)
