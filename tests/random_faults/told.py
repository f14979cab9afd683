"""What the ingestor says of answers that are not in raw: each must be named, with its reason."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

_ODD = "journal_file_odd"


def reasons(log: Path) -> dict[str, str]:
    """File name → why it was put aside, by every process that wrote this log."""
    found = {}
    for line in log.read_text(errors="replace").splitlines():
        said = json.loads(line) if line.startswith("{") else {}
        if said.get("event") == _ODD and said["aside"]:
            found[said["file"]] = said["reason"]
    return found


def untold(
    missing: Iterable[bytes],
    damaged: Mapping[bytes, str],
    aside: Iterable[str],
    reasons: Mapping[str, str],
) -> list[str]:
    """What is wrong with the missing polls; empty where each is named.

    `damaged` is the journal's file of each poll that a fault of ours hit, `aside` the files that
    `/status` lists, `reasons` what the log says of them. A restart forgets what it found itself,
    so only what stays is looked at.
    """
    wrong, listed = [], set(aside)
    for poll in sorted(missing):
        name = damaged.get(poll)
        if name is None:
            wrong.append(f"the journalled answer {poll.decode()} is nowhere")
        elif name not in listed:
            wrong.append(f"{name} is lost, and /status does not list it")
        elif not reasons.get(name):
            wrong.append(f"{name} is put aside, and no line says why")
    return wrong
