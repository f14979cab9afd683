"""The functions and operators that Trino 476 declares, from `trino_476.tsv`.

The file was printed by Trino's own `SystemFunctionBundle` (`tests/conformance/Signatures.java`):
a line for each name of a function with its kind, argument types, return type, type variables with
their constraints, computed lengths, which arguments may be null, and whether it is deterministic.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import CodeType

from local_cloud.athena.sql.hive_types import split_top

# What the operators of arithmetic are declared as (OperatorType).
OPERATORS = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "modulus"}
SCALAR, AGGREGATE, WINDOW = "SCALAR", "AGGREGATE", "WINDOW"


@dataclass(frozen=True, slots=True)
class TypePattern:
    """A type with variables: `base` is a type's name or a type variable.

    `arguments` are the element types, `sizes` the numbers or names of numbers.
    """

    base: str
    arguments: tuple["TypePattern", ...] = ()
    sizes: tuple[int | str, ...] = ()


@dataclass(frozen=True, slots=True)
class TypeVariable:
    """A type variable's constraints."""

    name: str
    comparable: bool = False
    orderable: bool = False
    base: str | None = None
    castable_to: TypePattern | None = None
    castable_from: TypePattern | None = None


@dataclass(frozen=True, slots=True)
class Computed:
    """A size that is computed from others, such as `min(38, p + 1)`."""

    name: str
    code: CodeType

    def value(self, sizes: Mapping[str, int]) -> int:
        found: int = eval(self.code, {"__builtins__": {}, "min": min, "max": max}, dict(sizes))
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Declared:
    """One function as Trino declares it, the same object always. `key` finds what it does."""

    name: str
    key: str
    kind: str
    arguments: tuple[TypePattern, ...]
    variadic: bool
    result: TypePattern
    variables: Mapping[str, TypeVariable]
    computed: tuple[Computed, ...]
    nullable: tuple[bool, ...]
    result_nullable: bool
    deterministic: bool
    hidden: bool

    def sees_null(self, index: int) -> bool:
        """Whether it is called where the argument at `index` is null, not null by itself."""
        return self.nullable[min(index, len(self.nullable) - 1)]

    @property
    def generic(self) -> bool:
        return bool(self.variables)


_PARTS = re.compile(r"^(\w[\w$ ]*?)(?:\((.*)\))?( with time zone)?$", re.DOTALL)
_SIZED = ("varchar", "char", "decimal", "timestamp", "time")


def pattern(text: str, variables: frozenset[str]) -> TypePattern:
    """`map(K,array(V))` as a pattern; the names of variables are compared in lower case."""
    parts = _PARTS.match(text.strip())
    if parts is None:
        raise ValueError(f"not a type of Trino's: {text!r}")
    base = (parts[1] + (parts[3] or "")).strip().lower()
    inner = split_top(parts[2]) if parts[2] else []
    if parts[1].lower() in _SIZED:
        sizes = tuple(int(one) if one.strip().isdigit() else one.strip() for one in inner)
        return TypePattern(base, (), sizes)
    return TypePattern(base, tuple(pattern(one, variables) for one in inner))


def _variable(text: str) -> TypeVariable:
    name, *constraints = text.split(":")
    casts: dict[str, TypePattern] = {}
    base = None
    for one in constraints:
        if one.startswith("castable_"):
            word, _, kind = one.partition(" ")
            casts[word] = pattern(kind.strip("[]"), frozenset())
        elif one not in ("comparable", "orderable"):
            base = one
    return TypeVariable(
        name.lower(),
        "comparable" in constraints,
        "orderable" in constraints,
        base,
        casts.get("castable_to"),
        casts.get("castable_from"),
    )


def _computed(text: str) -> Computed:
    name, _, formula = text.partition("=")
    return Computed(name, compile(formula.replace("/", "//"), f"<{name}>", "eval"))


def _declared(line: str) -> Declared:
    name, kind, arguments, result, variables, computed, nulls, fixed, hidden, _ = line.split(
        "\t"
    )
    known = {one.name: one for one in map(_variable, filter(None, variables.split(";")))}
    names = frozenset(known)
    listed = [one for one in arguments.split("|") if one]
    variadic = bool(listed) and listed[-1] == "..."
    patterns = tuple(pattern(one, names) for one in (listed[:-1] if variadic else listed))
    nullable, _, result_nullable = nulls.partition(">")
    return Declared(
        name.lower(),
        f"{name.lower()}({','.join(listed).replace(' ', '_').lower()})",
        kind,
        patterns,
        variadic,
        pattern(result, names),
        known,
        tuple(_computed(one) for one in computed.split(";") if one and one != "N=N"),
        tuple(flag == "1" for flag in nullable),
        result_nullable == "1",
        not fixed,
        bool(hidden),
    )


@cache
def catalogue() -> Mapping[str, tuple[Declared, ...]]:
    """All functions by name, in lower case; operators are called `$operator$add` and so on."""
    text = resources.files(__package__).joinpath("trino_476.tsv").read_text()
    found: dict[str, list[Declared]] = {}
    for line in text.splitlines():
        one = _declared(line)
        found.setdefault(one.name, []).append(one)
    return {name: tuple(ones) for name, ones in found.items()}
