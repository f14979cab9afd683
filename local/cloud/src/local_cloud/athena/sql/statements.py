"""What kind of statement a text is, and Hive's DDL as values."""

import re
from dataclasses import dataclass, field

from local_cloud.athena.sql.failures import QueryError, not_supported, syntax_error
from local_cloud.athena.sql.hive_types import hive_type
from local_cloud.athena.sql.names import CATALOG, folded

_TOKEN = re.compile(
    r"""\s+|--[^\n]*|/\*.*?\*/|(?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")|(?P<name>`(?:[^`]|``)*`)"""
    r"""|(?P<word>[A-Za-z0-9_$]+)|(?P<mark>[^\s])""",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    at: int

    @property
    def word(self) -> str:
        return self.text.upper() if self.kind == "word" else ""


def tokens(sql: str) -> list[Token]:
    matches = _TOKEN.finditer(sql)
    return [Token(m.lastgroup, m[0], m.start()) for m in matches if m.lastgroup is not None]


@dataclass(frozen=True, slots=True)
class ColumnText:
    name: str
    type: str
    comment: str = ""


@dataclass(slots=True)
class CreateTable:
    """CREATE EXTERNAL TABLE as it was written."""

    database: str | None
    name: str
    if_not_exists: bool
    columns: list[ColumnText] = field(default_factory=list)
    keys: list[ColumnText] = field(default_factory=list)
    comment: str = ""
    serde: str = ""
    serde_properties: dict[str, str] = field(default_factory=dict)
    stored_as: str = "TEXTFILE"
    input_format: str = ""
    output_format: str = ""
    location: str = ""
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PartitionSpec:
    values: dict[str, str]
    location: str = ""


class Reader:
    """Reads a token list from left to right."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self._tokens = tokens(sql.strip().rstrip(";"))
        self._next = 0

    def peek(self, ahead: int = 0) -> Token | None:
        index = self._next + ahead
        return self._tokens[index] if index < len(self._tokens) else None

    def take(self) -> Token:
        token = self.peek()
        if token is None:
            raise syntax_error("unexpected end of statement")
        self._next += 1
        return token

    def accept(self, *words: str) -> bool:
        """Take these words if they come next, all of them."""
        for ahead, word in enumerate(words):
            token = self.peek(ahead)
            if token is None or (token.word != word and token.text != word):
                return False
        self._next += len(words)
        return True

    def expect(self, *words: str) -> None:
        if not self.accept(*words):
            token = self.peek()
            near = token.text if token else "<EOF>"
            raise syntax_error(f"mismatched input '{near}'. Expecting: '{' '.join(words)}'")

    def end(self) -> None:
        token = self.peek()
        if token is not None:
            raise syntax_error(f"mismatched input '{token.text}'. Expecting: <EOF>")

    def name(self) -> str:
        token = self.take()
        if token.kind == "mark" or token.text.startswith("'"):
            raise syntax_error(f"mismatched input '{token.text}'. Expecting: identifier")
        found = folded(token.text)
        if not found:
            raise syntax_error("Zero-length delimited identifier not allowed")
        return found

    def _parts(self) -> list[str]:
        """The names of a dotted path. One pair of backticks may hold all of them."""
        whole = self.peek()
        parts = [self.name()]
        while self.accept("."):
            parts.append(self.name())
        if len(parts) == 1 and whole is not None and whole.kind == "name":
            parts = parts[0].split(".")
        if not all(parts):
            raise syntax_error("mismatched input '.'. Expecting: identifier")
        return parts

    def qualified(self) -> tuple[str | None, str]:
        """(database or None, name)."""
        parts = self._parts()
        if len(parts) > 3:
            raise syntax_error(f"Too many dots in table name: {'.'.join(parts)}")
        _check_catalog(parts[:-2])
        return (parts[-2] if len(parts) > 1 else None), parts[-1]

    def database(self) -> str:
        """A database, perhaps behind its catalog."""
        parts = self._parts()
        if len(parts) > 2:
            raise syntax_error(f"Too many dots in schema name: {'.'.join(parts)}")
        _check_catalog(parts[:-1])
        return parts[-1]

    def string(self) -> str:
        token = self.take()
        if token.kind != "text":
            raise syntax_error(f"mismatched input '{token.text}'. Expecting: string")
        quote = token.text[0]
        return token.text[1:-1].replace(quote * 2, quote)

    def accept_last(self, *words: str) -> bool:
        """Take these words away from the end, if they stand there."""
        last = self._tokens[self._next :][-len(words) :]
        if [one.word for one in last] != list(words):
            return False
        self.sql = self.sql.strip()[: last[0].at]
        del self._tokens[-len(words) :]
        return True

    def rest(self) -> str:
        """The text from the next token to the end."""
        token = self.peek()
        return self.sql.strip().rstrip(";")[token.at :] if token else ""

    def properties(self) -> dict[str, str]:
        """('key'='value', …)"""
        found = {}
        self.expect("(")
        while True:
            key = self.string()
            self.expect("=")
            found[key] = self.string()
            if not self.accept(","):
                break
        self.expect(")")
        return found

    def columns(self) -> list[ColumnText]:
        """(name type [COMMENT 'text'], …)"""
        found = []
        self.expect("(")
        while True:
            name, kind = self.name(), self._type()
            comment = self.string() if self.accept("COMMENT") else ""
            hive_type(kind)
            found.append(ColumnText(name, kind, comment))
            if not self.accept(","):
                break
        self.expect(")")
        return found

    def _type(self) -> str:
        text, depth = "", 0
        while (token := self.peek()) is not None:
            if depth == 0 and text and (token.text in (",", ")") or token.word == "COMMENT"):
                break
            depth += {"<": 1, "(": 1, ">": -1, ")": -1}.get(token.text, 0)
            text += self.take().text.strip("`")
        return text.lower()

    def partition(self) -> dict[str, str]:
        """PARTITION (key = 'value', …)"""
        self.expect("PARTITION", "(")
        found = {}
        while True:
            key = self.name()
            self.expect("=")
            token = self.peek()
            found[key] = self.string() if token and token.kind == "text" else self.take().text
            if not self.accept(","):
                break
        self.expect(")")
        return found


def _check_catalog(given: list[str]) -> None:
    """Refuse every catalog but the one that is here."""
    if given and given[0] != CATALOG:
        raise QueryError(
            "CATALOG_NOT_FOUND", f"line 1:1: Catalog '{given[0]}' not found", error_type=1006
        )


def create_table(reader: Reader) -> CreateTable:
    """What follows CREATE EXTERNAL TABLE."""
    missing = reader.accept("IF", "NOT", "EXISTS")
    database, name = reader.qualified()
    made = CreateTable(database, name, missing)
    made.columns = reader.columns()
    while reader.peek() is not None:
        _clause(reader, made)
    if not made.location:
        raise syntax_error("a LOCATION is required")
    return made


def _clause(reader: Reader, made: CreateTable) -> None:
    if _storage_clause(reader, made):
        return
    if reader.accept("COMMENT"):
        made.comment = reader.string()
    elif reader.accept("PARTITIONED", "BY"):
        made.keys = reader.columns()
    elif reader.accept("LOCATION"):
        made.location = reader.string()
    elif reader.accept("TBLPROPERTIES"):
        made.properties = reader.properties()
    else:
        token = reader.take()
        raise syntax_error(f"mismatched input '{token.text}' in CREATE EXTERNAL TABLE")


def _storage_clause(reader: Reader, made: CreateTable) -> bool:
    """ROW FORMAT, STORED AS and SERDEPROPERTIES; False where another clause comes."""
    if reader.accept("ROW", "FORMAT", "SERDE"):
        made.serde = reader.string()
    elif reader.accept("ROW", "FORMAT"):
        raise not_supported("ROW FORMAT DELIMITED; only Parquet and JSON tables can be read")
    elif reader.accept("WITH", "SERDEPROPERTIES"):
        made.serde_properties = reader.properties()
    elif reader.accept("STORED", "AS", "INPUTFORMAT"):
        made.input_format = reader.string()
        reader.expect("OUTPUTFORMAT")
        made.output_format = reader.string()
    elif reader.accept("STORED", "AS"):
        made.stored_as = reader.take().word
    else:
        return False
    return True


def partition_specs(reader: Reader, separator: str | None) -> list[PartitionSpec]:
    """One or more PARTITION (…) [LOCATION '…']; Hive's DROP puts commas between them."""
    found = []
    while True:
        values = reader.partition()
        found.append(
            PartitionSpec(values, reader.string() if reader.accept("LOCATION") else "")
        )
        if separator is not None and not reader.accept(separator):
            break
        if reader.peek() is None:
            break
    reader.end()
    return found


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
    reader = Reader(sql)
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


def _is_ctas(reader: Reader) -> bool:
    return reader.accept("CREATE", "TABLE")
