"""A pattern read character by character: numbers, escapes and names (Joni's ScannerSupport)."""

from local_cloud.athena.sql.failures import QueryError, invalid_argument, not_supported

# What a backslash makes of a letter (ScanEnvironment.convertBackslashValue).
_CONTROLS = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "f": "\f",
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "v": "\v",
}
_DECIMAL, _OCTAL = "0123456789", "01234567"
_HEX = _DECIMAL + "abcdefABCDEF"
MAX_INT = 2**31 - 1


def refused(what: str) -> QueryError:
    return not_supported(f"{what} in regular expressions")


class PatternReader:
    """`text` and how far it has been read."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    @property
    def left(self) -> bool:
        return self.at < len(self.text)

    def sees(self, expected: str) -> bool:
        return self.text.startswith(expected, self.at)

    def take(self) -> str:
        char = self.text[self.at]
        self.at += 1
        return char

    def accept(self, expected: str) -> bool:
        if not self.sees(expected):
            return False
        self.at += len(expected)
        return True

    def skip(self, extended: bool) -> None:
        """Comments, and with (?x) white space."""
        while self.left:
            if self.accept("(?#"):
                self._comment()
            elif extended and self.text[self.at] in " \t\n\r\f":
                self.take()
            elif extended and self.accept("#"):
                while self.left and self.take() != "\n":
                    pass
            else:
                return

    def _comment(self) -> None:
        while self.left:
            char = self.take()
            if char == ")":
                return
            if char == "\\" and self.left:
                self.take()
        raise invalid_argument("end pattern in group")

    def _digits(self, known: str, most: int) -> str:
        start = self.at
        while self.left and self.at - start < most and self.text[self.at] in known:
            self.at += 1
        return self.text[start : self.at]

    def number(self) -> int | None:
        """An unsigned number, None where no digit stands."""
        digits = self._digits(_DECIMAL, len(self.text))
        if not digits:
            return None
        if int(digits) > MAX_INT:
            raise refused("numbers so large")
        return int(digits)

    def octal(self, first: str) -> str:
        """The character of an octal number that begins with `first`."""
        digits = first + self._digits(_OCTAL, 2)
        return self._raw(int(digits, 8))

    def _raw(self, code: int) -> str:
        if code > 0x7F:
            # A byte, which would have to be a part of a character's UTF-8.
            raise refused("bytes above 7F")
        return chr(code)

    def hexadecimal(self) -> str | None:
        """The character behind \\x, or None if this is just the letter x."""
        if not self.left:
            return None
        if not self.sees("{"):
            digits = self._digits(_HEX, 2)
            return self._raw(int(digits or "0", 16))
        start = self.at
        self.take()
        digits = self._digits(_HEX, 8)
        if self.left and self.text[self.at] in _HEX:
            raise invalid_argument("too long wide-char value")
        if not digits or not self.accept("}"):
            self.at = start
            return None
        return code_point(int(digits, 16))

    def unicode(self) -> str | None:
        """The character behind \\u, or None if this is just the letter u."""
        if not self.left:
            return None
        return code_point(int(self._digits(_HEX, 4) or "0", 16))

    def escaped(self, char: str) -> str:
        """What a backslash makes of a character that has no meaning of its own."""
        if char == "c":
            raise refused("\\c")
        return _CONTROLS.get(char, char)

    def name(self, end: str) -> str:
        """A group's name up to `end`."""
        start = self.at
        stop = self.text.find(end, start)
        found = self.text[start:stop] if stop > 0 else ""
        if not found:
            raise invalid_argument("group name is empty or has no end")
        if not found.isascii() or not found.isidentifier():
            raise refused("group names other than letters, digits and _")
        self.at = stop + 1
        return found

    def property_name(self) -> str:
        """A property's name up to its brace (Lexer.fetchCharPropertyToCType)."""
        start = self.at
        while self.left:
            char = self.take()
            if char == "}":
                return self.text[start : self.at - 1]
            if char in "(){|":
                break
        raise invalid_argument("invalid character property name")


def code_point(code: int) -> str:
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        raise refused(f"code point {code:X}")
    return chr(code)
