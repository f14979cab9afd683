"""JSON read token by token, as Jackson's ReaderBasedJsonParser does in its strict mode.

What stands behind the last token asked for is not looked at, so it may be no JSON at all: several
of Trino's functions answer before they reach it.
"""

import re

from local_cloud.athena.sql.values.java_text import is_identifier_part

START_OBJECT, END_OBJECT, START_ARRAY, END_ARRAY = "{", "}", "[", "]"
NAME, STRING, INT, FLOAT = "name", "string", "int", "float"
TRUE, FALSE, NULL = "true", "false", "null"
SCALARS = (STRING, INT, FLOAT, TRUE, FALSE, NULL)

_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<float>(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_HEX = re.compile(r"[0-9a-fA-F]{4}")
_ESCAPES = {
    '"': '"',
    "\\": "\\",
    "/": "/",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
}
_SURROGATE = re.compile("[\ud800-\udfff]")


class JsonSyntaxError(ValueError):
    """The text is no JSON at this place (JsonParseException)."""


class JsonTokens:
    """The tokens of a text. `kind` is the current one, None before the first and at the end.

    `text` is a string's or name's content, else how the token was written.
    """

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self._open: list[str] = []
        # Whether a comma must stand before the next item of what is open.
        self._comma = False
        self.kind: str | None = None
        self.text = ""

    def next(self) -> str | None:
        """Move on to the next token; None where the text ends behind a whole value."""
        if self.kind == NAME:
            self._skip_colon()
            return self._value(self._visible())
        char = self._visible()
        if char and char in "]}":
            return self._closed(char)
        if self._open:
            return self._item(char)
        if char:
            return self._value(char)
        self.kind = None
        return None

    def _item(self, char: str) -> str:
        """The next of what is open: a value of an array, or a name of an object."""
        if not char:
            raise JsonSyntaxError("the text ends inside of an array or object")
        if self._comma:
            if char != ",":
                raise JsonSyntaxError(f"{char!r} where a comma is expected")
            self._at += 1
            char = self._visible()
        if self._open[-1] != "{":
            return self._value(char)
        if char != '"':
            raise JsonSyntaxError(f"{char!r} where a name is expected")
        self.kind, self.text = NAME, self._string()
        return NAME

    def skip_children(self) -> None:
        """From the start of an array or object to its end."""
        if self.kind not in (START_OBJECT, START_ARRAY):
            return
        depth = len(self._open)
        while len(self._open) >= depth:
            self.next()

    @property
    def depth(self) -> int:
        return len(self._open)

    def _visible(self) -> str:
        """The next character that is no space, not yet taken; empty at the end."""
        found = _SPACE.match(self._text, self._at)
        assert found is not None
        self._at = found.end()
        return self._text[self._at : self._at + 1]

    def _skip_colon(self) -> None:
        if self._visible() != ":":
            raise JsonSyntaxError("no colon behind a name")
        self._at += 1

    def _closed(self, char: str) -> str:
        if not self._open or (self._open[-1] == "{") != (char == "}"):
            raise JsonSyntaxError(f"{char} closes nothing")
        self._open.pop()
        self._at += 1
        self.kind = self.text = char
        self._comma = True
        return char

    def _value(self, char: str) -> str:
        if char and char in "{[":
            self._open.append(char)
            self._at += 1
            self.kind = self.text = char
            self._comma = False
            return char
        self._comma = True
        if char == '"':
            self.kind, self.text = STRING, self._string()
        elif char == "-" or "0" <= char <= "9":
            self.kind, self.text = self._number()
        else:
            self.kind = self.text = self._literal()
        return self.kind

    def _literal(self) -> str:
        for word in (TRUE, FALSE, NULL):
            if self._text.startswith(word, self._at):
                self._at += len(word)
                if is_identifier_part(self._text[self._at : self._at + 1]):
                    break
                return word
        raise JsonSyntaxError("not a value")

    def _number(self) -> tuple[str, str]:
        found = _NUMBER.match(self._text, self._at)
        if found is None:
            raise JsonSyntaxError("not a number")
        self._at = found.end()
        after = self._text[self._at : self._at + 1]
        fraction = found["float"]
        wrong = after and (
            (not fraction and (after in ".eE" or "0" <= after <= "9"))
            or (after in "eE" and "e" not in fraction.lower())
            or (not self._open and after not in " \t\r\n")
        )
        if wrong:
            raise JsonSyntaxError("not a number")
        return (FLOAT if fraction else INT), found[0]

    def _string(self) -> str:
        text, at = self._text, self._at + 1
        parts = []
        while True:
            found = _PLAIN.match(text, at)
            assert found is not None
            parts.append(found[0])
            at = found.end()
            char = text[at : at + 1]
            if char == '"':
                break
            if char != "\\":
                raise JsonSyntaxError(
                    "a string that does not end, or a control character in it"
                )
            part, at = self._escaped(at + 1)
            parts.append(part)
        self._at = at + 1
        return _paired("".join(parts))

    def _escaped(self, at: int) -> tuple[str, int]:
        char = self._text[at : at + 1]
        if char in _ESCAPES:
            return _ESCAPES[char], at + 1
        digits = _HEX.match(self._text, at + 1)
        if char != "u" or digits is None:
            raise JsonSyntaxError("an unknown escape in a string")
        return chr(int(digits[0], 16)), digits.end()


def _paired(text: str) -> str:
    """Halves of characters, written as two escapes, put together."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
