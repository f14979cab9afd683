"""The quality rules as Glue Data Quality has them: rulesets in DQDL, and what is kept of its verdicts."""

from collections.abc import Iterable

from coinlake.contracts.quality import ROW_RULES, QualityRule

GLUE_QUALITY_TABLE = "quality_glue"
"""What Glue Data Quality said of the same rules."""


def dqdl(rules: Iterable[QualityRule]) -> str:
    """Those of the rules that can be, as a Glue Data Quality ruleset (developer guide, "DQDL
    reference"). Composite rules are meant row by row (`CompositeRuleEvaluationMethod` ROW).

    Raises ValueError where none can be: a ruleset has at least one rule.
    """
    said = [rule.dqdl for rule in rules if rule.dqdl is not None]
    if not said:
        raise ValueError("none of these rules can be said in DQDL")
    return "Rules = [\n    " + ",\n    ".join(said) + "\n]\n"


def ruleset_name(table: str) -> str:
    """The name of the table's ruleset in Glue."""
    return f"coinlake-{table}"


RULED_BY_GLUE: tuple[str, ...] = tuple(
    table for table, rules in ROW_RULES.items() if any(rule.dqdl for rule in rules)
)
"""The tables that have a ruleset in DQDL."""
