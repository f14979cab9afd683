"""`python -m tests.conformance`: a real Trino as the oracle of the local Athena."""

import argparse
import json
import signal
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local_cloud.athena.sql.signatures import declared
from local_cloud.athena.sql.values import hyperloglog
from tests.conformance import functions, ours, parses, show
from tests.conformance.by_design import listed
from tests.conformance.compare import FAILURES
from tests.conformance.corpus import Text, corpus
from tests.conformance.generate import command as generating
from tests.conformance.oracle import LOCAL, URL, oracle, started
from tests.conformance.parquet_tables import dump
from tests.conformance.record import Progress, record
from tests.conformance.recorded import Recorded, load, save
from tests.conformance.report import Run, write
from tests.conformance.run import Counts, Judged, counts, judge, share, usable
from tests.conformance.workers import outcomes
from tests.trino_lab.client import Answer as Said
from tests.trino_lab.java import run_java
from tests.trino_lab.maven import PARSER_JARS, VERSION, jars_of_tests

SIGNATURES = Path(declared.__file__).with_name("trino_476.tsv")
# Tables of the engine that a Java program prints.
WRITTEN = {
    "signatures": (SIGNATURES, "Signatures.java"),
    "biases": (hyperloglog.BIASES, "Biases.java"),
}


def main() -> int:
    """0 where the command did what it says; `compare` gives 1 where any text failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser("record", help="ask Trino and keep what it says")
    recording.add_argument("--only-missing", action="store_true", help="keep what is there")
    comparing = commands.add_parser("compare", help="hold the local Athena against the record")
    comparing.add_argument("--share", type=int, metavar="N", help="this many of the texts")
    comparing.add_argument("--seed", type=int, default=1, help="which share")
    comparing.add_argument(
        "--only", metavar="HASH", nargs="+", help="texts whose hashes begin so"
    )
    comparing.add_argument(
        "--show", metavar="CLASS", help="show texts of this verdict, rule, reason or hash"
    )
    comparing.add_argument("--most", type=int, default=20, help="how many to show")
    comparing.add_argument("--report", action="store_true", help="write docs/reference")
    commands.add_parser("parses", help="record what Trino's parser takes, of all strings")
    commands.add_parser("signatures", help="write the list of Trino's functions anew")
    commands.add_parser("functions", help="record what SHOW FUNCTIONS lists")
    commands.add_parser("biases", help="write the biases of HyperLogLog estimates anew")
    commands.add_parser("tables", help="write the tables' Parquet files anew")
    commands.add_parser("serve", help="a Trino with the tables, until Ctrl-C")
    asking = commands.add_parser("ask", help="one statement, of Trino and of ours")
    asking.add_argument("sql")
    generating.add_to(commands)
    wanted = parser.parse_args()
    if wanted.command == "record":
        return _record(wanted.only_missing)
    if wanted.command == "compare":
        return _compare(wanted)
    if wanted.command in _ALONE:
        return _ALONE[wanted.command]()
    if wanted.command in WRITTEN:
        file, program = WRITTEN[wanted.command]
        file.write_text(run_java(Path(__file__).with_name("java") / program))
        return 0
    if wanted.command == "generate":
        return generating.command(wanted, _say)
    return _ask(wanted.sql)


def _functions() -> int:
    with oracle() as trino:
        functions.save(functions.asked(trino))
    return 0


def _serve() -> int:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with started() as trino:
        LOCAL.mkdir(parents=True, exist_ok=True)
        URL.write_text(trino.url)
        _say(f"Trino answers at {trino.url} (catalog memory, schema default); Ctrl-C ends it")
        stop.wait()
        URL.unlink()
    return 0


def _ask(sql: str) -> int:
    with oracle() as trino:
        _say(f"theirs: {show.of_said(trino.query(sql))}")
    (outcome,) = outcomes(ours.answer, [sql], limit_s=60)
    _say(f"ours:   {show.of_outcome(outcome)}")
    return 0


def _tables() -> int:
    with started() as trino:
        dump(trino)
    return 0


def _parses() -> int:
    texts = parses.strings(jars_of_tests(PARSER_JARS))
    _say(f"{len(texts)} strings")
    parses.save(texts, parses.ask(texts))
    found = Counter(parses.verdict(text, letter) for text, letter in parses.load(texts).items())
    _list(found)
    return 1 if set(found) - {parses.SAME, parses.REFUSED} else 0


def _record(only_missing: bool) -> int:
    texts, records = corpus(jars_of_tests()), load()
    missing = [one for one in texts if not (only_missing and one.hash in records)]
    _say(f"{len(texts)} texts, {len(missing)} to ask")
    try:
        if missing:
            _ask_all(missing, records)
    finally:
        # What was asked before an interruption is not asked again.
        kept = [records[one.hash] for one in texts if one.hash in records]
        save(kept)
    counted = Counter(
        one.unusable or ("usable: an error" if one.error else f"usable: settled, {one.settled}")
        for one in kept
    )
    _list(dict(sorted(counted.items())))
    return 0


def _ask_all(missing: list[Text], records: dict[str, Recorded]) -> None:
    progress = Progress(len(missing), "asked")
    LOCAL.mkdir(parents=True, exist_ok=True)
    # For reading only, and with their texts: it stays on this machine.
    with oracle() as trino, (LOCAL / "answers.jsonl").open("a") as notes:
        for text, found, said in record(trino, missing):
            records[text.hash] = found
            notes.write(json.dumps(_note(text, found, said)) + "\n")
            progress.step()


def _note(text: Text, found: Recorded, said: Said) -> dict[str, Any]:
    note: dict[str, Any] = {"hash": text.hash, "text": text.sql, "unusable": found.unusable}
    if said.error is not None:
        return note | {"error": said.error, "message": said.message}
    return note | {
        "types": said.types,
        "names": said.names,
        "count": len(said.rows),
        "rows": said.rows[:50],
        "settled": found.settled,
    }


def _compare(wanted: argparse.Namespace) -> int:
    records = load()
    texts = corpus(jars_of_tests())
    asked = share(usable(texts, records), wanted.share, wanted.seed)
    if wanted.only:
        asked = [one for one in asked if one.hash.startswith(tuple(wanted.only))]
    progress = Progress(len(asked), "compared")
    judged: list[Judged] = []
    for one in judge(asked, records):
        judged.append(one)
        progress.step()
    for kind in (wanted.show,) if wanted.show else FAILURES:
        for line in show.shown(judged, kind, wanted.most):
            _say(line)
    found = counts(texts, records, judged)
    _say_counts(found)
    if wanted.report:
        now = datetime.now(UTC).date().isoformat()
        write(Run(VERSION, ours.ENGINE, now), found, listed())
    return 1 if found.failures else 0


def _say_counts(found: Counts) -> None:
    _say(f"{found.texts} texts, {found.usable} of the usable compared:")
    _list(found.kinds)
    _say("compared less strictly:")
    _list(found.weakened)
    _say(f"failures: {found.failures} (of {', '.join(FAILURES)})")


def _list(figures: Mapping[str, int]) -> None:
    for name, figure in figures.items():
        _say(f"{figure:6} {name}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


_ALONE = {"tables": _tables, "parses": _parses, "functions": _functions, "serve": _serve}


if __name__ == "__main__":
    sys.exit(main())
