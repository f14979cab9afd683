"""What repeats from answer to answer: texts of an element and its map of tokens, kept once.

A row holds the number of its texts. So names are typed, sorted and written once for an hour, and
not once for each of its answers.
"""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

Texts = tuple[str | None, ...]
Token = tuple[str, str, int]
"""Chain, address, and the place of the address in its list."""

_NEVER_SEEN = object()


T = TypeVar("T")


class _Memo(Generic[T]):
    """Things by number, from 0, in the order in which they came."""

    def __init__(self) -> None:
        self.known: list[T] = []
        self._numbers: dict[T, int] = {}

    def number(self, one: T) -> int:
        number = self._numbers.setdefault(one, len(self.known))
        if number == len(self.known):
            self.known.append(one)
        return number


class TextMemo(_Memo[Texts]):
    """Tuples of texts."""

    def numbers(self, parsed: Sequence[tuple[Any, ...]]) -> list[int] | None:
        """The number of each tuple; None where one has something that is no text.

        Raises TypeError where that cannot be hashed.
        """
        try:
            return list(map(self._numbers.__getitem__, parsed))
        except KeyError:
            pass  # some are new
        for texts in parsed:
            if texts not in self._numbers:
                if not all(text is None or type(text) is str for text in texts):
                    return None
                self.number(texts)
        return list(map(self._numbers.__getitem__, parsed))


class TokenMemo(_Memo[tuple[Token, ...]]):
    """Maps of tokens."""

    def __init__(self) -> None:
        super().__init__()
        # By the number of an element's texts: the map that it had last, and that map's number.
        self._last: list[Any] = []
        self._last_number: list[int] = []

    def numbers(self, texts: Sequence[int], parsed: Sequence[Any]) -> list[int] | None:
        """The number of each element's map; None where one is not chains with addresses."""
        missing = max(texts, default=-1) + 1 - len(self._last)
        if missing > 0:
            self._last += [_NEVER_SEEN] * missing
            self._last_number += [-1] * missing
        if list(map(self._last.__getitem__, texts)) != parsed:
            for number, tokens in zip(texts, parsed, strict=True):
                if self._last[number] is _NEVER_SEEN or self._last[number] != tokens:
                    found = _tokens_of(tokens)
                    if found is None:
                        return None
                    self._last[number] = tokens
                    self._last_number[number] = self.number(found)
        return list(map(self._last_number.__getitem__, texts))


def _tokens_of(parsed: Any) -> tuple[Token, ...] | None:
    if parsed is None:
        return ()
    if type(parsed) is not dict:
        return None
    found = []
    for chain, addresses in parsed.items():
        if type(addresses) is not list:
            return None
        for place, address in enumerate(addresses):
            if type(address) is not str:
                return None
            found.append((chain, address, place))
    return tuple(found)
