"""One API answer to typed rows: pure, so that every odd body is a test of a millisecond."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from coinlake.contracts.datasets import ELEMENTS
from coinlake.contracts.elements import TYPES, Element
from coinlake.contracts.quality import ELEMENT_RULE, TOKEN_RULE, QualityRule
from coinlake_kernel.rules import BY_TABLE, RuleContext, holds
from coinlake_kernel.values import (
    json_text,
    parse_json,
    plain_text,
    replaced,
    storable,
    typed,
)

# A hostile body may invent a million keys; beyond these they are counted together.
_MAX_NAMES = 64
_OTHER = "(other)"
_ENVELOPE = ("data", "timestamp")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A part of an answer that is no row: the rule it broke, the reason and its JSON text."""

    table: str
    element_index: int
    rule: str
    reason: str
    raw: str


@dataclass(slots=True)
class JudgedAnswer:
    """What became of an answer. `reason` is set where the whole of it could not be used.

    `tallies` counts `elements`, `rows`, `quarantined_rows`, `unknown:<key>`, `unfit:<column>`,
    `widened:<column>`, `repeated:<key>`, `rule:<name>` (soft rules that failed) and `broken:<name>`
    (hard ones). `examples` has the text of the first value of each unknown key.
    """

    source_ms: int | None = None
    rule: str | None = None
    reason: str | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    tallies: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)


def read_answer(
    feed: str, value: bytes, received_ms: int | None, max_skew_ms: int
) -> JudgedAnswer:
    """Read the body of an answer of `feed`. Never raises for what is in the body."""
    if not value.strip():
        return JudgedAnswer(rule="body", reason="empty body")
    try:
        return _read_envelope(feed, parse_json(value), received_ms, max_skew_ms)
    except ValueError as error:
        return JudgedAnswer(rule="body", reason=str(error))
    except RecursionError:
        return JudgedAnswer(rule="body", reason="not usable: nested too deep")


def _read_envelope(
    feed: str, envelope: Any, received_ms: int | None, max_skew_ms: int
) -> JudgedAnswer:
    reason = _envelope_fault(envelope)
    if reason is not None:
        return JudgedAnswer(rule="envelope", reason=reason)
    told = envelope.get("timestamp")
    source_ms = typed(told, "millis")
    if is_far(source_ms, received_ms, max_skew_ms) or _repeats(envelope, "timestamp"):
        source_ms = None
    answer = JudgedAnswer(source_ms=source_ms)
    texts: dict[str, str] = {}
    if source_ms is None:
        answer.tallies["unfit:source_ts"] += 1
        texts = {} if told is None else {"source_ts": plain_text(told)}
    for key, value in envelope.items():
        if key not in _ENVELOPE:
            name = f"envelope.{key}"
            count_unknown(answer.tallies, answer.examples, name, plain_text(value))
    for key, _, _ in replaced(envelope):
        count_key(answer.tallies, "repeated", f"envelope.{key}")
    context = RuleContext(source_ms, received_ms, set())
    for index, item in enumerate(envelope["data"]):
        _read_element(answer, ELEMENTS[feed], index, item, context, texts)
    return answer


def is_far(source_ms: int | None, received_ms: int | None, max_skew_ms: int) -> bool:
    """Whether the source says a time that cannot be that of this answer."""
    if source_ms is None or received_ms is None:
        return False
    return abs(received_ms - source_ms) > max_skew_ms


def _envelope_fault(envelope: Any) -> str | None:
    if not isinstance(envelope, dict):
        return f"the body is {_kind(envelope)}, not an object"
    if "data" not in envelope:
        said = f": {json_text(envelope['error'])[:200]}" if "error" in envelope else ""
        return f"no data{said}"
    if not isinstance(envelope["data"], list):
        return f"data is {_kind(envelope['data'])}, not an array"
    if _repeats(envelope, "data"):
        return "data is there more than once"
    return None


def _repeats(envelope: dict[str, Any], key: str) -> bool:
    return any(one == key for one, _, _ in replaced(envelope))


def _read_element(
    answer: JudgedAnswer,
    element: Element,
    index: int,
    item: Any,
    context: RuleContext,
    texts: Mapping[str, str],
) -> None:
    answer.tallies["elements"] += 1
    if not isinstance(item, dict):
        _reject(answer, element, index, ELEMENT_RULE, f"{_kind(item)}, not an object", item)
        return
    row, unfit, unknown = _row(answer, element, index, item, texts)
    context = replace(context, unfit=unfit, has_unknown_keys=bool(unknown))
    for rule in BY_TABLE[element.table]:
        if holds(rule, row, context):
            continue
        if rule.hard:
            _reject(answer, element, index, rule.name, broken(rule, element, item), item)
            return
        answer.tallies[f"rule:{rule.name}"] += 1
    answer.tallies["rows"] += 1
    answer.rows.append(row)
    if element.tokens is not None:
        row["tokens"] = _tokens(answer, index, item.get(element.tokens))


def _row(
    answer: JudgedAnswer,
    element: Element,
    index: int,
    item: dict[str, Any],
    texts: Mapping[str, str],
) -> tuple[dict[str, Any], set[str], list[str]]:
    """The row, its columns whose values do not fit, and its unknown keys."""
    row: dict[str, Any] = {"element_index": index}
    extra: dict[str, str] = {**texts}
    unfit = set()
    for column in element.fields:
        row[column.column] = typed(item.get(column.key), column.kind)
    widened = element.widened
    for column in element.fields:
        value = item.get(column.key)
        if row[column.column] is not None or value is None:
            continue
        if column.column in widened and row[widened[column.column]] is not None:
            answer.tallies[f"widened:{column.column}"] += 1
            continue
        unfit.add(column.column)
        extra[column.column] = plain_text(value)
        answer.tallies[f"unfit:{column.column}"] += 1
    unknown = unknown_keys(element, item)
    for key in unknown:
        text = plain_text(item[key])
        extra[_free_name(plain_text(key), extra)] = text
        count_unknown(answer.tallies, answer.examples, key, text)
    for key, nth, value in replaced(item):
        extra[_free_name(f"{plain_text(key)}#{nth + 1}", extra)] = plain_text(value)
        count_key(answer.tallies, "repeated", key)
    row["extra"] = extra
    return row, unfit, unknown


def unknown_keys(element: Element, item: Mapping[str, Any]) -> list[str]:
    """The keys that no column of the element knows."""
    known = {column.key for column in element.fields} | {element.tokens}
    return [key for key in item if key not in known]


def _tokens(
    answer: JudgedAnswer, index: int, tokens: Any
) -> list[tuple[str, list[str | None]]]:
    """Chains with their addresses; what is no address is rejected and leaves None in its place."""
    if tokens is None:
        return []
    if not isinstance(tokens, dict):
        _reject_token(answer, index, f"tokens is {_kind(tokens)}, not an object", tokens)
        return []
    for chain, _, addresses in replaced(tokens):
        _reject_token(answer, index, "the chain is there again", {chain: addresses})
    found: list[tuple[str, list[str | None]]] = []
    for chain, addresses in tokens.items():
        if not isinstance(addresses, list):
            fault = f"the addresses are {_kind(addresses)}, not an array"
            _reject_token(answer, index, fault, {chain: addresses})
            continue
        usable = [typed(address, "text") for address in addresses]
        for address, text in zip(addresses, usable, strict=True):
            if text is None:
                _reject_token(answer, index, f"{_kind(address)} as address", {chain: address})
        found.append((plain_text(chain), usable))
    return found


def _reject(
    answer: JudgedAnswer, element: Element, index: int, rule: str, reason: str, item: Any
) -> None:
    answer.tallies["quarantined_rows"] += 1
    answer.tallies[f"broken:{rule}"] += 1
    answer.rejected.append(Rejected(element.table, index, rule, reason, json_text(item)))


def _reject_token(answer: JudgedAnswer, index: int, reason: str, item: Any) -> None:
    answer.tallies[f"rule:{TOKEN_RULE}"] += 1
    answer.rejected.append(Rejected("asset_tokens", index, TOKEN_RULE, reason, json_text(item)))


def broken(rule: QualityRule, element: Element, item: dict[str, Any]) -> str:
    """The reason of an element that breaks a hard rule."""
    if rule.dimension != "schema":
        return _missing(element, item)
    if not rule.columns:
        names = ", ".join(json_text(key)[:80] for key in unknown_keys(element, item)[:8])
        return f"keys that no column knows: {names}"
    (one,) = [one for one in element.fields if one.column in rule.columns]
    return f"{one.key} does not fit {TYPES[one.kind]}: {json_text(item.get(one.key))[:80]}"


def _missing(element: Element, item: dict[str, Any]) -> str:
    needed = (*element.identity, *element.price)
    keys = [column.key for column in element.fields if column.column in needed]
    seen = ", ".join(f"{key}={json_text(item.get(key))[:80]}" for key in keys)
    return f"no usable id or price: {seen}"


def count_unknown(tallies: Counter[str], examples: dict[str, str], key: str, text: str) -> None:
    """Count a key that no column knows, and keep the text of its first value."""
    examples.setdefault(count_key(tallies, "unknown", key), text)


def count_key(tallies: Counter[str], what: str, key: str) -> str:
    """Count a key that is `unknown` to every column, or `repeated`, in the tallies of one answer.

    The name that it is counted under.
    """
    name = f"{what}:{key if storable(key) else json_text(key)}"
    if name not in tallies:
        names = sum(known.startswith(f"{what}:") for known in tallies)
        name = name if names < _MAX_NAMES else f"{what}:{_OTHER}"
    tallies[name] += 1
    return name.removeprefix(f"{what}:")


def _free_name(name: str, taken: dict[str, str]) -> str:
    while name in taken:
        name += "_"
    return name


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    kinds = {dict: "an object", list: "an array", bool: "a boolean", str: "a string"}
    return kinds.get(type(value), "a number")
