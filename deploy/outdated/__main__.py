"""`make outdated`: which pins are behind, withdrawn, quiet, or have a known advisory.

Exit codes: 0 nothing is to be done, 1 something is, 2 nobody could be asked.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from deploy.outdated import ask, judge, page, pinned
from deploy.outdated.judge import TROUBLES, Finding, Told

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: Sequence[str]) -> int:
    """Ask, judge, print; with `--page` write what was seen into the page of dependencies."""
    parser = argparse.ArgumentParser(prog="outdated", description=__doc__)
    parser.add_argument("--all", action="store_true", help="also the packages that came along")
    parser.add_argument("--page", action="store_true", help=f"write {page.PAGE}")
    wanted = parser.parse_args(arguments)
    known = judge.reasons(judge.REASONS.read_text())
    path = ROOT / page.PAGE
    if wanted.page:
        path.write_text(page.with_reasons(path.read_text(), known))
    pins = pinned.all_pins(ROOT, wanted.all)
    try:
        told = ask.all_of(ROOT, pins)
    except ask.UnreachableError as error:
        _say(f"outdated: the package index cannot be reached ({error}): nothing was asked.")
        return 2
    today = datetime.now(UTC).date()
    findings = [judge.finding(pin, told[pin], known, today) for pin in pins]
    silent = [
        pin for pin, each in told.items() if pin.kind == "python" and _no_advisories(each)
    ]
    _print(findings, len(silent))
    if wanted.page:
        path.write_text(page.with_findings(path.read_text(), findings, today))
    return 1 if any(each.state in TROUBLES for each in findings) else 0


def _no_advisories(told: Told | None) -> bool:
    return told is None or told.advisories is None


def _print(findings: Sequence[Finding], silent: int) -> None:
    for state in (*TROUBLES, "held", "excused", "unasked"):
        for each in findings:
            if each.state == state:
                _say(
                    f"{state:9} {each.pin.kind:7} {each.pin.name} {each.pin.version}: {each.text}"
                )
    if silent:
        _say(f"Of {silent} packages the index tells no advisories for the pinned version.")
    _say("Of jars, Go modules and images no index that was asked tells advisories.")
    counted = Counter(each.state for each in findings)
    _say(", ".join(f"{number} {state}" for state, number in sorted(counted.items())))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
