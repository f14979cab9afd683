"""What is to be said of a pin, by what its index tells and by the reasons that are written down."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from packaging.version import InvalidVersion, Version

REASONS = Path(__file__).with_name("reasons.toml")
# Two years without a release: somebody should look whether anybody is there.
QUIET_DAYS = 730
# What ends the command with 1: somebody has to do something, or to write down why not.
TROUBLES = ("advisory", "yanked", "behind", "quiet")


@dataclass(frozen=True, slots=True)
class Pin:
    """One version that is pinned: a Python package, a jar, a Go module, an image."""

    kind: str
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Told:
    """What an index told of a name. None is what it does not tell."""

    versions: tuple[str, ...] = ()
    """Releases that may be used, in any order: no yanked ones, none for another Python."""
    released: date | None = None
    """When the newest of them was."""
    yanked: bool = False
    advisories: tuple[str, ...] | None = None
    """Known to concern the pinned version."""
    ended: str | None = None
    """What its people say where they have given it up."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a pin stays behind, or why a quiet project is no worry. `below`: what is not wanted."""

    kind: str
    name: str
    because: str
    below: str | None = None
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A pin with its state and what is to be read of it."""

    pin: Pin
    state: str
    text: str


def reasons(text: str) -> list[Reason]:
    """The reasons of a file like `reasons.toml`."""
    return [Reason(**entry) for entry in tomllib.loads(text)["reason"]]


def finding(pin: Pin, told: Told | None, known: Sequence[Reason], today: date) -> Finding:
    """What is to be said; the gravest that holds."""
    mine = [reason for reason in known if (reason.kind, reason.name) == (pin.kind, pin.name)]
    if told is None:
        return Finding(pin, "unasked", "its index could not be asked")
    if told.advisories:
        return Finding(pin, "advisory", ", ".join(told.advisories))
    if told.yanked:
        return Finding(pin, "yanked", "withdrawn by its people")
    return _behind(pin, told, mine) or _quiet(pin, told, mine, today)


def _behind(pin: Pin, told: Told, known: Sequence[Reason]) -> Finding | None:
    newest = newer(pin.version, told.versions)
    if newest is None:
        return None
    for reason in (each for each in known if not each.quiet and _concerns(each, pin)):
        wanted = [each for each in told.versions if _is_below(each, reason.below)]
        if reason.below is None or newer(pin.version, wanted) is None:
            return Finding(pin, "held", f"{newest} is there; {reason.because}")
    return Finding(pin, "behind", f"{newest} is there{_since(told.released)}")


def _concerns(reason: Reason, pin: Pin) -> bool:
    """A bound says nothing of a pin beyond it: of two versions of a package each has its own."""
    return reason.below is None or _is_below(pin.version, reason.below)


def _quiet(pin: Pin, told: Told, known: Sequence[Reason], today: date) -> Finding:
    days = (today - told.released).days if told.released else 0
    silent = told.ended or (f"no release since {told.released}" if days > QUIET_DAYS else None)
    if silent is None:
        return Finding(pin, "current", _since(told.released).strip(" ()"))
    excused = next((reason.because for reason in known if reason.quiet), None)
    return Finding(
        pin, "excused" if excused else "quiet", f"{silent}; {excused}" if excused else silent
    )


def newer(version: str, versions: Iterable[str]) -> str | None:
    """The newest release above a version; None where there is none."""
    mine = _parsed(version)
    above = [
        (parsed, each)
        for each in versions
        if (parsed := _parsed(each)) and mine and parsed > mine
    ]
    return max(above)[1] if above else None


def _is_below(version: str, limit: str | None) -> bool:
    parsed, most = _parsed(version), _parsed(limit or "")
    return bool(parsed and most and parsed < most)


def _parsed(version: str) -> Version | None:
    """A release; None for a pre-release, or for what is not numbered as Python's packages are."""
    try:
        # Maven's `1.0.7.Final` and Go's `v1.8.0` compare as their numbers.
        parsed = Version(version.removesuffix(".Final"))
    except InvalidVersion:
        return None
    return None if parsed.is_prerelease else parsed


def _since(released: date | None) -> str:
    return f" (released {released})" if released else ""


def table(findings: Iterable[Finding], states: Mapping[str, str]) -> str:
    """Findings of these states as rows of a page, `states` saying each in words."""
    rows = [
        f"| {each.pin.kind} | `{each.pin.name}` | {each.pin.version} | {states[each.state]} | {each.text} |"
        for each in findings
        if each.state in states
    ]
    head = ["| kind | name | pinned | | |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([*head, *rows]) if rows else "Nothing."
