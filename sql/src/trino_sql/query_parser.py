"""Queries: WITH, SELECT and its clauses, set operations, and the relations of FROM."""

from collections.abc import Callable

from trino_sql import lexer, tree
from trino_sql.cursor import Parsed
from trino_sql.expression_parser import ExpressionParser
from trino_sql.failures import not_supported, syntax_error, too_deep
from trino_sql.tree import Expression, Query, Relation

_JOINS = ("JOIN", "CROSS", "INNER", "LEFT", "RIGHT", "FULL", "NATURAL")
_AFTER_GROUPING = (
    ",",
    ")",
    ";",
    "<EOF>",
    "HAVING",
    "WINDOW",
    "ORDER",
    "OFFSET",
    "LIMIT",
    "FETCH",
    "UNION",
    "EXCEPT",
    "INTERSECT",
)


def parse_query(sql: str) -> Query:
    """The one query that `sql` is. Raises SqlError: SYNTAX_ERROR, or NOT_SUPPORTED by name."""
    return parse_with_parameters(sql)[0]


def parse_with_parameters(sql: str) -> tuple[Query, int]:
    """The query, and how many `?` it has."""

    def read(parser: QueryParser) -> tuple[Query, int]:
        query = parser.query()
        parser.accept(";")
        if parser.token.kind != lexer.END and parser.tokens[parser.index - 1].text == ";":
            raise syntax_error("Only one sql statement is allowed")
        return query, parser.parameters

    return _whole(sql, read)


def parse_expression(sql: str) -> Expression:
    """The one expression that `sql` is."""
    return _whole(sql, lambda parser: parser.expression())


def parse_type(sql: str) -> tree.DataType:
    """The one type that `sql` names."""
    return _whole(sql, lambda parser: parser.type())


def _whole(sql: str, read: Callable[["QueryParser"], Parsed]) -> Parsed:
    """What `read` reads from the first token to the last."""
    parser = QueryParser(sql)
    try:
        found = read(parser)
    except RecursionError as error:
        raise too_deep() from error
    if parser.token.kind != lexer.END:
        raise parser.mismatch("<EOF>")
    return found


class QueryParser(ExpressionParser):
    """Reads the rules `query`, `queryNoWith`, `querySpecification` and `relation`."""

    def query(self) -> Query:
        self.deeper()
        at = self.token.at
        with_ = self._with() if self.sees("WITH") else None
        body, tail = self._query_no_with()
        self.depth -= 1
        return Query(with_, body, tail, at=at)

    def _with(self) -> tree.With:
        at = self.take().at
        if self.sees_any("FUNCTION", "SESSION") and self.ahead().word not in ("AS", "("):
            raise not_supported(f"WITH {self.token.word}")
        recursive = self.accept("RECURSIVE")
        return tree.With(recursive, self.listed(self._named_query), at=at)

    def _named_query(self) -> tree.NamedQuery:
        at = self.token.at
        name = self.identifier()
        columns = self.identifiers() if self.sees("(") else None
        self.expect("AS")
        return tree.NamedQuery(name, columns, self._bracketed_query(), at=at)

    def _query_no_with(self) -> tuple[Relation, tree.Tail]:
        body = self._term()
        tail = self._tail()
        # AstBuilder.visitQueryNoWith: the tail of a plain SELECT can see its columns.
        if isinstance(body, tree.Select) and tail != tree.Tail():
            parts = tree.parts(body)
            return tree.Select(**{**parts, "tail": tail}, at=body.at), tree.Tail()
        return body, tail

    def _tail(self) -> tree.Tail:
        at = self.token.at
        order = self.order_by()
        offset = None
        if self.sees("OFFSET"):
            self.take()
            offset = self._row_count()
            if self.sees_any("ROW", "ROWS"):
                self.take()
        limit: tree.Limit | tree.FetchFirst | None = None
        if self.sees("LIMIT"):
            place = self.take().at
            count = None if self.accept("ALL") else self._row_count()
            limit = tree.Limit(count, at=place)
        elif self.sees("FETCH"):
            limit = self._fetch()
        return tree.Tail(order, offset, limit, at=at)

    def _fetch(self) -> tree.FetchFirst:
        at = self.take().at
        self.one_of("FIRST", "NEXT")
        count = None if self.sees_any("ROW", "ROWS") else self._row_count()
        self.one_of("ROW", "ROWS")
        if self.accept("WITH"):
            self.expect("TIES")
            return tree.FetchFirst(count, True, at=at)
        self.expect("ONLY")
        return tree.FetchFirst(count, False, at=at)

    def _row_count(self) -> Expression:
        at = self.token.at
        if self.accept("?"):
            self.parameters += 1
            return tree.Parameter(self.parameters - 1, at=at)
        return tree.IntegerLiteral(self.integer(), at=at)

    # ---- bodies -----------------------------------------------------------------------------

    def _term(self) -> Relation:
        left = self._intersections()
        chained = 0
        while self.sees_any("UNION", "EXCEPT"):
            self.deeper()
            chained += 1
            at, kind = left.at, self.take().word
            distinct = self._set_quantifier()
            if self.sees("CORRESPONDING"):
                raise not_supported("CORRESPONDING")
            left = tree.SetOperation(kind, distinct, left, self._intersections(), at=at)
        self.depth -= chained
        return left

    def _intersections(self) -> Relation:
        left = self._query_primary()
        while self.sees("INTERSECT"):
            at, kind = left.at, self.take().word
            distinct = self._set_quantifier()
            if self.sees("CORRESPONDING"):
                raise not_supported("CORRESPONDING")
            left = tree.SetOperation(kind, distinct, left, self._query_primary(), at=at)
        return left

    def _set_quantifier(self) -> bool:
        if self.accept("ALL"):
            return False
        self.accept("DISTINCT")
        return True

    def _query_primary(self) -> Relation:
        at = self.token.at
        if self.sees("SELECT"):
            return self._select()
        if self.accept("TABLE"):
            return tree.Table(self.qualified_name(), at=at)
        if self.accept("VALUES"):
            return tree.Values(self.listed(self.expression), at=at)
        if self.accept("("):
            self.deeper()
            body, tail = self._query_no_with()
            self.expect(")")
            self.depth -= 1
            return tree.TableSubquery(Query(None, body, tail, at=at), at=at)
        raise self.mismatch("(", "SELECT", "TABLE", "VALUES")

    def _select(self) -> tree.Select:
        at = self.take().at
        distinct = self.accept("DISTINCT")
        if not distinct and self.sees("ALL") and self.ahead().word not in (",", "FROM", "."):
            self.take()
        items = self.listed(self._select_item)
        from_ = None
        if self.accept("FROM"):
            from_ = self._relation()
            while self.accept(","):
                from_ = tree.Join("IMPLICIT", from_, self._relation(), None, at=from_.at)
        where = self.expression() if self.accept("WHERE") else None
        group_by = self._group_by() if self.accept("GROUP", "BY") else None
        having = self.expression() if self.accept("HAVING") else None
        windows: tuple[tree.WindowDefinition, ...] = ()
        if self.accept("WINDOW"):
            windows = self.listed(self._window_definition)
        return tree.Select(
            distinct, items, from_, where, group_by, having, windows, tree.Tail(), at=at
        )

    def _window_definition(self) -> tree.WindowDefinition:
        at = self.token.at
        name = self.identifier()
        self.expect("AS")
        return tree.WindowDefinition(name, self.window_specification(), at=at)

    def _select_item(self) -> tree.SingleColumn | tree.AllColumns:
        at = self.token.at
        if self.accept("*"):
            return tree.AllColumns(None, (), at=at)
        expression = self.attempt(self._starred)
        if expression is not None:
            aliases = self.identifiers() if self.accept("AS") else ()
            return tree.AllColumns(expression, aliases, at=at)
        expression = self.expression()
        return tree.SingleColumn(expression, self._alias(), at=at)

    def _starred(self) -> Expression:
        found = self.primary()
        self.expect(".", "*")
        return found

    def _alias(self) -> tree.Identifier | None:
        """`[AS] name`; a word that begins the next clause is none."""
        if self.accept("AS"):
            return self.identifier()
        if not self.may_be_name(self.token) or self._clause_begins():
            return None
        return self.identifier()

    def _clause_begins(self) -> bool:
        """LIMIT, OFFSET, FETCH, WINDOW and TABLESAMPLE are not reserved: what follows decides."""
        word, after = self.token.word, self.ahead()
        if word in ("LIMIT", "OFFSET"):
            return after.kind == lexer.INTEGER or after.word in ("?", "ALL")
        if word == "FETCH":
            return after.word in ("FIRST", "NEXT")
        if word == "WINDOW":
            return self.is_identifier(after) and self.ahead(2).word == "AS"
        if word == "TABLESAMPLE":
            return after.word in ("BERNOULLI", "SYSTEM")
        return word == "MATCH_RECOGNIZE" and after.word == "("

    # ---- GROUP BY ---------------------------------------------------------------------------

    def _group_by(self) -> tree.GroupBy:
        at = self.token.at
        distinct = self.accept("DISTINCT")
        if not distinct:
            self.accept("ALL")
        return tree.GroupBy(distinct, self.listed(self._grouping_element), at=at)

    def _grouping_element(self) -> tree.GroupingElement:
        at = self.token.at
        if self.accept("AUTO"):
            return tree.GroupingElement("AUTO", (), at=at)
        for kind in ("ROLLUP", "CUBE"):
            if self.accept(kind, "("):
                sets = () if self.sees(")") else self.listed(self._grouping_set)
                self.expect(")")
                return tree.GroupingElement(kind, sets, at=at)
        if self.accept("GROUPING", "SETS", "("):
            sets = self.listed(self._grouping_set)
            self.expect(")")
            return tree.GroupingElement("SETS", sets, at=at)
        return tree.GroupingElement("SIMPLE", (self._grouping_set(),), at=at)

    def _grouping_set(self) -> tuple[Expression, ...]:
        def bracketed() -> tuple[Expression, ...]:
            self.expect("(")
            found = () if self.sees(")") else self.listed(self.expression)
            self.expect(")")
            if self.token.text.upper() not in _AFTER_GROUPING:
                raise self.mismatch(",")
            return found

        found = self.attempt(bracketed) if self.sees("(") else None
        return found if found is not None else (self.expression(),)

    # ---- FROM -------------------------------------------------------------------------------

    def _relation(self) -> Relation:
        self.deeper()
        left = self._sampled()
        while self.sees_any(*_JOINS):
            if self.sees("NATURAL"):
                raise not_supported("NATURAL JOIN")
            at = left.at
            if self.accept("CROSS", "JOIN"):
                left = tree.Join("CROSS", left, self._sampled(), None, at=at)
                continue
            kind = self._join_kind()
            right = self._relation()
            left = tree.Join(kind, left, right, self._join_criteria(), at=at)
        self.depth -= 1
        return left

    def _join_kind(self) -> str:
        word = self.token.word
        if word in ("LEFT", "RIGHT", "FULL"):
            self.take()
            self.accept("OUTER")
            kind = word
        else:
            self.accept("INNER")
            kind = "INNER"
        self.expect("JOIN")
        return kind

    def _join_criteria(self) -> tree.JoinOn | tree.JoinUsing:
        at = self.token.at
        if self.accept("ON"):
            return tree.JoinOn(self.expression(), at=at)
        if self.accept("USING"):
            return tree.JoinUsing(self.identifiers(), at=at)
        raise self.mismatch("ON", "USING")

    def _sampled(self) -> Relation:
        found = self._aliased()
        if self.sees("MATCH_RECOGNIZE", "("):
            raise not_supported("MATCH_RECOGNIZE")
        if self.sees("TABLESAMPLE"):
            raise not_supported("TABLESAMPLE")
        return found

    def _aliased(self) -> Relation:
        found = self._relation_primary()
        alias = self._alias()
        if alias is None:
            return found
        columns = self.identifiers() if self.sees("(") else None
        return tree.Aliased(found, alias, columns, at=found.at)

    def _relation_primary(self) -> Relation:
        at = self.token.at
        if self.sees("("):
            return self._bracketed_relation()
        if self.accept("UNNEST"):
            self.expect("(")
            expressions = self.listed(self.expression)
            self.expect(")")
            ordinality = self.accept("WITH", "ORDINALITY")
            return tree.Unnest(expressions, ordinality, at=at)
        if self.accept("LATERAL", "("):
            query = self.query()
            self.expect(")")
            return tree.Lateral(query, at=at)
        if self.sees("TABLE", "("):
            raise not_supported("table functions")
        if self.sees("JSON_TABLE", "("):
            raise not_supported("JSON_TABLE")
        name = self.qualified_name()
        if self.sees("FOR") and self.ahead().word in ("TIMESTAMP", "VERSION"):
            raise not_supported("FOR TIMESTAMP and FOR VERSION")
        return tree.Table(name, at=at)

    def _bracketed_relation(self) -> Relation:
        at = self.token.at
        if self._query_behind(0):
            query = self.attempt(self._bracketed_query)
            if query is not None:
                return tree.TableSubquery(query, at=at)
        self.expect("(")
        found = self._relation()
        self.expect(")")
        return found
