"""The page of dependencies: the part between its marks is written by `make outdated ARGS=--page`."""

import re
from collections.abc import Sequence
from datetime import date

from deploy.outdated.judge import Finding, Reason, table

PAGE = "docs/reference/dependencies.md"
_SEEN = re.compile(r"(?<=<!-- seen -->\n).*?(?=<!-- /seen -->)", re.DOTALL)
_WHY = re.compile(r"(?<=<!-- why -->\n).*?(?=<!-- /why -->)", re.DOTALL)
_WORDS = {
    "advisory": "known advisory",
    "yanked": "withdrawn",
    "behind": "behind",
    "quiet": "quiet",
    "held": "behind on purpose",
    "excused": "quiet, and that is fine",
    "unasked": "not asked",
}


def with_findings(text: str, findings: Sequence[Finding], today: date) -> str:
    """The page as of a day."""
    shown = [each for state in _WORDS for each in findings if each.state == state]
    current = sum(each.state == "current" for each in findings)
    seen = f"\nAs of {today}: {len(findings)} pins asked after, {current} are the newest.\n\n"
    return _SEEN.sub(lambda _: f"{seen}{table(shown, _WORDS)}\n\n", text)


def with_reasons(text: str, known: Sequence[Reason]) -> str:
    """The page with the reasons of `reasons.toml`."""
    rows = [
        f"| {each.kind} | `{each.name}` | {f'below {each.below}' if each.below else ''} | {each.because} |"
        for each in known
    ]
    head = ["| kind | name | stays | because |", "| --- | --- | --- | --- |"]
    return _WHY.sub(lambda _: "\n" + "\n".join([*head, *rows]) + "\n\n", text)
