"""What kind of statement a text is."""

from local_cloud.athena.sql.failures import syntax_error
from local_cloud.athena.sql.statement_reader import StatementReader

DML, DDL, UTILITY = "DML", "DDL", "UTILITY"
_KINDS = {
    "SELECT": (DML, "SELECT"),
    "WITH": (DML, "SELECT"),
    "VALUES": (DML, "SELECT"),
    "(": (DML, "SELECT"),
    "TABLE": (DML, "SELECT"),
    "UNLOAD": (DML, "UNLOAD"),
    "SHOW": (UTILITY, "SHOW"),
    "DESCRIBE": (UTILITY, "DESCRIBE"),
    "DESC": (UTILITY, "DESCRIBE"),
    "CREATE": (DDL, "CREATE"),
    "DROP": (DDL, "DROP"),
    "ALTER": (DDL, "ALTER"),
    "MSCK": (DDL, "MSCK"),
}


def kind(sql: str) -> tuple[str, str]:
    """(StatementType, SubstatementType); a SYNTAX_ERROR where Athena has no such statement."""
    reader = StatementReader(sql)
    first = reader.peek()
    word = (first.word or first.text) if first else ""
    if word not in _KINDS:
        known = (
            "INSERT",
            "DELETE",
            "UPDATE",
            "MERGE",
            "EXPLAIN",
            "PREPARE",
            "EXECUTE",
            "OPTIMIZE",
        )
        if word in (*known, "VACUUM", "DEALLOCATE"):
            return DML, word
        raise syntax_error(f"line 1:1: mismatched input '{word or '<EOF>'}'")
    if word == "CREATE" and _is_ctas(reader):
        return DDL, "CREATE_TABLE_AS_SELECT"
    return _KINDS[word]


def _is_ctas(reader: StatementReader) -> bool:
    return reader.accept("CREATE", "TABLE")
