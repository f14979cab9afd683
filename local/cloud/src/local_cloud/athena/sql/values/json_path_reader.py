"""An SQL/JSON path read token by token."""

from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.sql.values import json_path_tokens as lexer
from local_cloud.athena.sql.values.json_path_literals import unquoted
from local_cloud.athena.sql.values.json_path_tokens import PathToken, tokens

# Longer and deeper paths could end the interpreter's stack.
MAX_TOKENS, MAX_DEPTH = 400, 60


class JsonPathReader:
    """The tokens of a path and how far they have been read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.index = 0
        self.depth = 0
        if len(self.tokens) > MAX_TOKENS:
            raise not_supported(f"JSON paths of more than {MAX_TOKENS} words and signs")

    @property
    def token(self) -> PathToken:
        return self.tokens[self.index]

    def ahead(self, count: int = 1) -> PathToken:
        return self.tokens[min(self.index + count, len(self.tokens) - 1)]

    def take(self) -> PathToken:
        token = self.token
        self.index = min(self.index + 1, len(self.tokens) - 1)
        return token

    def sees(self, *texts: str) -> bool:
        """Whether these words and symbols come next; a string is neither."""
        return all(
            self.ahead(i).text == one and self.ahead(i).kind in (lexer.WORD, lexer.SYMBOL)
            for i, one in enumerate(texts)
        )

    def accept(self, *texts: str) -> bool:
        if not self.sees(*texts):
            return False
        self.index += len(texts)
        return True

    def expect(self, *texts: str) -> None:
        if not self.accept(*texts):
            raise self.mismatch()

    def mismatch(self) -> QueryError:
        return QueryError(
            "SYNTAX_ERROR",
            f"mismatched input '{self.token.text}' at offset {self.token.at} of the JSON path",
            error_type=1006,
        )

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise not_supported(f"JSON paths nested deeper than {MAX_DEPTH}")

    def string(self) -> str:
        if self.token.kind != lexer.STRING:
            raise self.mismatch()
        return unquoted(self.take())
