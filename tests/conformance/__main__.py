"""`python -m tests.conformance`: a real Trino as the oracle of the local Athena."""

import argparse
import json
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterable
from typing import Any

from tests.conformance.corpus import Text, corpus
from tests.conformance.oracle import LOCAL, URL, oracle, started
from tests.conformance.record import Progress, record
from tests.conformance.recorded import Recorded, load, save
from tests.trino_lab.client import Answer as Said
from tests.trino_lab.maven import jars_of_tests


def main() -> int:
    """0 where the command did what it says."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser("record", help="ask Trino and keep what it says")
    recording.add_argument("--only-missing", action="store_true", help="keep what is there")
    recording.add_argument("--first", type=int, help="this many texts only")
    commands.add_parser("serve", help="a Trino with the tables, until Ctrl-C")
    wanted = parser.parse_args()
    if wanted.command == "serve":
        return _serve()
    return _record(wanted.only_missing, wanted.first)


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


def _record(only_missing: bool, first: int | None) -> int:
    texts = corpus(jars_of_tests())[:first]
    records = load()
    missing = [one for one in texts if not (only_missing and one.hash in records)]
    _say(f"{len(texts)} texts, {len(missing)} to ask")
    if missing:
        _ask_all(missing, records)
    kept = {one.hash: records[one.hash] for one in texts}
    if first is None:
        save(kept.values())
    _count(kept.values())
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


def _count(records: Iterable[Recorded]) -> None:
    counted = Counter(
        one.unusable or ("usable: an error" if one.error else f"usable: settled, {one.settled}")
        for one in records
    )
    for why, count in sorted(counted.items()):
        _say(f"{count:6} {why}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
