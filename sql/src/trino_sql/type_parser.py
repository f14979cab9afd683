"""Types as they are written: CAST(x AS …), TRY_CAST, RETURNING."""

from trino_sql import lexer
from trino_sql.cursor import Cursor
from trino_sql.tree import (
    DataType,
    DateTimeType,
    GenericType,
    Identifier,
    IntervalType,
    RowType,
    RowTypeField,
)

INTERVAL_FIELDS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")


class TypeParser(Cursor):
    """Reads the rule `type` of Trino's grammar."""

    def type(self) -> DataType:
        self.deeper()
        found = self._plain_type()
        while self.accept("ARRAY"):
            if self.accept("["):
                self.integer()
                self.expect("]")
            found = GenericType(Identifier("array"), (found,), at=found.at)
        self.depth -= 1
        return found

    def _plain_type(self) -> DataType:
        at, word = self.token.at, self.token.word
        after = self.ahead().word
        if word == "ROW" and after == "(":
            return self._row_type()
        if word == "INTERVAL" and after in INTERVAL_FIELDS:
            self.take()
            start = self.one_of(*INTERVAL_FIELDS)
            end = self.one_of(*INTERVAL_FIELDS) if self.accept("TO") else start
            return IntervalType(start, end, at=at)
        if word in ("TIMESTAMP", "TIME"):
            return self._date_time_type()
        if self.accept("DOUBLE", "PRECISION"):
            return GenericType(Identifier("double"), at=at)
        if word in ("ARRAY", "MAP") and after == "<":
            return self._legacy_type()
        return self._generic_type()

    def _row_type(self) -> DataType:
        at = self.take().at
        self.expect("(")
        fields = self.listed(self._row_field)
        self.expect(")")
        return RowType(fields, at=at)

    def _row_field(self) -> RowTypeField:
        at = self.token.at

        def unnamed() -> DataType | None:
            found = self.type()
            if not self.sees_any(",", ")"):
                raise self.mismatch(",", ")")
            return found

        plain = self.attempt(unnamed)
        if plain is not None:
            return RowTypeField(None, plain, at=at)
        name = self.identifier()
        return RowTypeField(name, self.type(), at=at)

    def _date_time_type(self) -> DataType:
        token = self.take()
        precision = None
        if self.accept("("):
            precision = self.integer()
            self.expect(")")
        with_zone = self.accept("WITH", "TIME", "ZONE")
        if not with_zone:
            self.accept("WITHOUT", "TIME", "ZONE")
        return DateTimeType(token.word.lower(), precision, with_zone, at=token.at)

    def _legacy_type(self) -> DataType:
        at = self.token.at
        name = self.identifier()
        self.expect("<")
        inner = self.listed(self.type)
        if len(inner) != (1 if name.name.upper() == "ARRAY" else 2):
            raise self.mismatch(">")
        self.expect(">")
        return GenericType(name, inner, at=at)

    def _generic_type(self) -> DataType:
        at = self.token.at
        name = self.identifier()
        arguments: tuple[DataType | int, ...] = ()
        if self.accept("("):
            arguments = self.listed(self._type_argument)
            self.expect(")")
        return GenericType(name, arguments, at=at)

    def _type_argument(self) -> DataType | int:
        return self.integer() if self.token.kind == lexer.INTEGER else self.type()
