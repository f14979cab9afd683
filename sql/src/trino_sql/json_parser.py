"""The JSON functions of the SQL standard, each with a syntax of its own."""

from typing import TYPE_CHECKING

from trino_sql import tree
from trino_sql.tree import DataType, Expression, JsonInput
from trino_sql.type_parser import TypeParser

if TYPE_CHECKING:
    from trino_sql.lexer import Token


class JsonParser(TypeParser):
    """Reads JSON_EXISTS, JSON_VALUE, JSON_QUERY, JSON_OBJECT and JSON_ARRAY."""

    def expression(self) -> Expression:
        raise NotImplementedError

    def value(self, weakest: int = 0) -> Expression:
        raise NotImplementedError

    def query(self) -> tree.Query:
        raise NotImplementedError

    def json_exists(self, token: "Token") -> Expression:
        source, path, parameters = self._invocation()
        on_error = None
        if self.sees_any("TRUE", "FALSE", "UNKNOWN", "ERROR"):
            on_error = self.take().word
            self.expect("ON", "ERROR")
        self.expect(")")
        return tree.JsonExists(source, path, parameters, on_error, at=token.at)

    def json_value(self, token: "Token") -> Expression:
        source, path, parameters = self._invocation()
        returning = self.type() if self.accept("RETURNING") else None
        on_empty = on_error = None
        empty_default = error_default = None
        while self.sees_any("ERROR", "NULL", "DEFAULT"):
            behaviour = self.take().word
            default = self.expression() if behaviour == "DEFAULT" else None
            self.expect("ON")
            if on_empty is None and on_error is None and self.accept("EMPTY"):
                on_empty, empty_default = behaviour, default
            elif on_error is None:
                self.expect("ERROR")
                on_error, error_default = behaviour, default
            else:
                raise self.mismatch(")")
        self.expect(")")
        return tree.JsonValue(
            source,
            path,
            parameters,
            returning,
            on_empty,
            empty_default,
            on_error,
            error_default,
            at=token.at,
        )

    def json_query(self, token: "Token") -> Expression:
        source, path, parameters = self._invocation()
        returning, returning_format = self._returning()
        wrapper = self._wrapper()
        quotes = None
        if self.sees_any("KEEP", "OMIT"):
            quotes = self.take().word
            self.expect("QUOTES")
            if self.accept("ON"):
                self.expect("SCALAR", "STRING")
        on_empty = on_error = None
        while self.sees_any("ERROR", "NULL", "EMPTY"):
            behaviour = self.take().word
            if behaviour == "EMPTY":
                behaviour = f"EMPTY {self.one_of('ARRAY', 'OBJECT')}"
            self.expect("ON")
            if on_empty is None and on_error is None and self.accept("EMPTY"):
                on_empty = behaviour
            elif on_error is None:
                self.expect("ERROR")
                on_error = behaviour
            else:
                raise self.mismatch(")")
        self.expect(")")
        return tree.JsonQuery(
            source,
            path,
            parameters,
            returning,
            returning_format,
            wrapper,
            quotes,
            on_empty,
            on_error,
            at=token.at,
        )

    def _wrapper(self) -> str | None:
        if self.accept("WITHOUT"):
            self.accept("ARRAY")
            self.expect("WRAPPER")
            return "WITHOUT"
        if not self.accept("WITH"):
            return None
        kind = "UNCONDITIONAL"
        if self.sees_any("CONDITIONAL", "UNCONDITIONAL"):
            kind = self.take().word
        self.accept("ARRAY")
        self.expect("WRAPPER")
        return kind

    def _invocation(
        self,
    ) -> tuple[JsonInput, tree.JsonPath, tuple[tree.JsonParameter, ...]]:
        self.take()
        self.expect("(")
        source = self._input()
        self.expect(",")
        at = self.token.at
        text = self.string()
        path = tree.JsonPath(text, self.identifier() if self.accept("AS") else None, at=at)
        parameters: tuple[tree.JsonParameter, ...] = ()
        if self.accept("PASSING"):
            parameters = self.listed(self._parameter)
        return source, path, parameters

    def _parameter(self) -> tree.JsonParameter:
        at = self.token.at
        source = self._input()
        self.expect("AS")
        return tree.JsonParameter(source, self.identifier(), at=at)

    def _input(self) -> JsonInput:
        at = self.token.at
        value = self.expression()
        return JsonInput(value, self._format(), at=at)

    def _format(self) -> str | None:
        if not self.accept("FORMAT"):
            return None
        self.expect("JSON")
        if self.accept("ENCODING"):
            return self.one_of("UTF8", "UTF16", "UTF32")
        return "JSON"

    def _returning(self) -> tuple[DataType | None, str | None]:
        if not self.accept("RETURNING"):
            return None, None
        kind = self.type()
        return kind, self._format()

    def json_object(self, token: "Token") -> Expression:
        self.take()
        self.expect("(")
        members: tuple[tree.JsonObjectMember, ...] = ()
        null_on_null, unique = True, False
        if not self.sees_any(")", "RETURNING"):
            members = self.listed(self._member)
            null_on_null = self._on_null(null_on_null)
            if self.accept("WITH", "UNIQUE"):
                unique = True
                self.accept("KEYS")
            elif self.accept("WITHOUT", "UNIQUE"):
                self.accept("KEYS")
        returning, returning_format = self._returning()
        self.expect(")")
        return tree.JsonObject(
            members, null_on_null, unique, returning, returning_format, at=token.at
        )

    def _member(self) -> tree.JsonObjectMember:
        at = self.token.at

        def spelled() -> tree.JsonObjectMember:
            key = self.expression()
            self.expect("VALUE")
            return tree.JsonObjectMember(key, self._input(), at=at)

        def introduced() -> tree.JsonObjectMember:
            self.expect("KEY")
            return spelled()

        # KEY may also be a column's name.
        found = self.attempt(introduced) or self.attempt(spelled)
        if found is not None:
            return found
        key = self.expression()
        self.expect(":")
        return tree.JsonObjectMember(key, self._input(), at=at)

    def _on_null(self, default: bool) -> bool:
        if self.sees_any("NULL", "ABSENT"):
            null_on_null = self.take().word == "NULL"
            self.expect("ON", "NULL")
            return null_on_null
        return default

    def json_array(self, token: "Token") -> Expression:
        self.take()
        self.expect("(")
        items: tuple[JsonInput, ...] = ()
        null_on_null = False
        if not self.sees_any(")", "RETURNING"):
            items = self.listed(self._input)
            null_on_null = self._on_null(null_on_null)
        returning, returning_format = self._returning()
        self.expect(")")
        return tree.JsonArray(items, null_on_null, returning, returning_format, at=token.at)
