"""Reads the folder of recorded answers: `technicals/latest.json` is that of `/v3/technicals/latest`."""

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import orjson

from coincap_simulator.core.recordings import Body, RecordingError, Recordings

_SUFFIX = ".json"


def load_recordings(folder: Path | None) -> Recordings:
    """All answers in the folder, or in the package's own; RecordingError where a file is none."""
    root = files("coincap_simulator") / "data" / "recorded" if folder is None else folder
    return Recordings({route: _body(route, file) for route, file in _listed(root, "")})


def _listed(folder: Traversable, above: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _listed(entry, f"{above}{entry.name}/")
        elif entry.name.endswith(_SUFFIX):
            yield above + entry.name.removesuffix(_SUFFIX), entry


def _body(route: str, file: Traversable) -> Body:
    try:
        body = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise RecordingError(f"the recording {route}{_SUFFIX} is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise RecordingError(f"the recording {route}{_SUFFIX} is no JSON object")
    return body
