"""One answer by columns, where nothing in it is odd: quick, and equal to what the rules say."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import orjson

from coinlake.contracts.answers import is_id
from coinlake.contracts.elements import Element
from coinlake.contracts.values import plain_text, typed
from coinlake_kernel.answers import count_unknown
from coinlake_kernel.columns import as_parsed
from coinlake_kernel.memos import TextMemo, TokenMemo

_ENVELOPE = {"timestamp", "data"}
_BLANKS = b" \t\r\n"

Item = dict[str, Any]
"""An element as orjson reads it."""


@dataclass(slots=True)
class ReadAnswer:
    """An answer whose elements are all objects, each of another identity.

    `texts` and `tokens` are numbers of the memos, one for each element; `numbers` has a column for
    each field that is no text; `extra` has the unknown keys of an element by its index, `examples`
    the text of the first value of each.
    """

    source_ms: int | None
    items: list[Item]
    texts: list[int]
    numbers: Sequence[Sequence[Any]]
    tokens: list[int]
    extra: dict[int, dict[str, str]]
    examples: dict[str, str]
    tallies: Counter[str]


@dataclass(slots=True)
class _Unknown:
    """Keys that no column knows: counted, and kept for the element that has them."""

    tallies: Counter[str] = field(default_factory=Counter)
    extra: dict[int, dict[str, str]] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)

    def count(self, key: str, value: Any) -> str:
        """Count a key of the answer; the text of its value."""
        text = plain_text(as_parsed(value))
        count_unknown(self.tallies, self.examples, key, text)
        return text


class Reader:
    """Reads the answers of one dataset; what repeats is kept in its memos."""

    def __init__(self, element: Element) -> None:
        self.texts, self.tokens = TextMemo(), TokenMemo()
        self.text_fields = tuple(one for one in element.fields if one.kind == "text")
        self.number_fields = tuple(one for one in element.fields if one.kind != "text")
        self._columns = {one.column for one in element.fields}
        self._text_keys = tuple(one.key for one in self.text_fields)
        self._number_keys = tuple(one.key for one in self.number_fields)
        self._token_key = element.tokens
        tokens = () if element.tokens is None else (element.tokens,)
        self._known = {*self._text_keys, *self._number_keys, *tokens}
        self._get_texts, self._get_numbers = map(_getter, (self._text_keys, self._number_keys))
        names = [one.column for one in self.text_fields]
        self._identity_places = tuple(names.index(column) for column in element.identity)
        self._identity = itemgetter(*self._identity_places)

    def read(self, value: bytes) -> ReadAnswer | None:
        """The answer by columns, or None where the rules must judge it as a whole."""
        envelope = _parsed(value)
        if envelope is None or type(envelope.get("data")) is not list:
            return None
        items = envelope["data"]
        try:
            unknown, parsed = _Unknown(), self._whole(items)
            for key, told in envelope.items():
                if key not in _ENVELOPE:
                    unknown.count(f"envelope.{key}", told)
            if parsed is None:
                parsed = self._partial(items, unknown)
            if parsed is None:
                return None
            return self._numbered(envelope, items, parsed, unknown)
        except (
            TypeError
        ):  # an element is no object, or a text is a list: neither can be looked up
            return None

    def _numbered(
        self, envelope: Item, items: list[Item], parsed: "_Columns", unknown: _Unknown
    ) -> ReadAnswer | None:
        texts, numbers, maps = parsed
        if len(set(map(self._identity, texts))) != len(texts):
            return None
        of_texts = self.texts.numbers(texts)
        if of_texts is None or not any(map(self._is_identified, texts)):
            return None
        of_tokens = self.tokens.numbers(of_texts, maps)
        if of_tokens is None:
            return None
        told = envelope.get("timestamp")
        source_ms = typed(as_parsed(told), "millis")
        if source_ms is None and told is not None:
            return None
        columns = list(zip(*numbers, strict=True)) or [()] * len(self.number_fields)
        return ReadAnswer(
            source_ms,
            items,
            of_texts,
            columns,
            of_tokens,
            unknown.extra,
            unknown.examples,
            unknown.tallies,
        )

    def _is_identified(self, texts: tuple[str | None, ...]) -> bool:
        return all(is_id(texts[at]) for at in self._identity_places)

    def _whole(self, items: list[Any]) -> "_Columns | None":
        """The values of every element, or None where one lacks a key or has one more."""
        try:
            texts = list(map(self._get_texts, items))
            numbers = list(map(self._get_numbers, items))
            maps = self._maps(items, itemgetter(self._token_key))
        except KeyError:
            return None
        if not all(map(len(self._known).__eq__, map(len, items))):
            return None
        return texts, numbers, maps

    def _partial(self, items: list[Any], unknown: _Unknown) -> "_Columns | None":
        """The values that are there. None where an unknown key has the name of a column, whose own
        text may need that place in `extra`."""
        if not all(type(item) is dict for item in items):
            return None
        for index, item in enumerate(items):
            others = [key for key in item if key not in self._known]
            if not self._columns.isdisjoint(others):
                return None
            if others:
                unknown.extra[index] = {key: unknown.count(key, item[key]) for key in others}
        texts, numbers = (
            [tuple(map(item.get, keys)) for item in items]
            for keys in (self._text_keys, self._number_keys)
        )
        return texts, numbers, self._maps(items, lambda item: item.get(self._token_key))

    def _maps(self, items: list[Any], get: Callable[[Any], Any]) -> list[Any]:
        return [None] * len(items) if self._token_key is None else list(map(get, items))


_Tuples = list[tuple[Any, ...]]
_Columns = tuple[_Tuples, _Tuples, list[Any]]
"""Of each element: its texts, its numbers, and its map of tokens, None where there are none."""


def _parsed(value: bytes) -> dict[str, Any] | None:
    """The object that is the body, if orjson writes the very same bytes for it.

    Then no key is there twice, no number was written in a form that is lost, the text of each part
    is what orjson writes for it, and nothing nests deeper than `answers.MAX_DEPTH`.
    """
    try:
        parsed = orjson.loads(value)
        if type(parsed) is dict and orjson.dumps(parsed) == value.strip(_BLANKS):
            return parsed
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    return None


def _getter(keys: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    if len(keys) > 1:
        return itemgetter(*keys)
    return lambda item: tuple([item[key] for key in keys])
