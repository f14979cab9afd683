"""The page's files as one set: each with its media type and its gzip form, all under one version."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

PLACE = "{{page}}"
"""Where the documents name the folder of the set."""
_MEDIA = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
# Frozen in time: equal files make equal bytes, and the tag of a replica is that of all.
_GZIP = {"compresslevel": 9, "mtime": 0}


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file as it is sent. `etag` is a strong one of the plain bytes, quotes included."""

    media: str
    body: bytes
    gzipped: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class PageSet:
    """Every file by its name; `version` is a hash of all of them, and part of their address.

    Modules import each other by relative names. Were each name hashed, a change of one would change
    the text of all that import it; with one folder for the whole set no text has to be rewritten.
    """

    version: str
    files: Mapping[str, PageFile]


def page_set(bodies: Mapping[str, bytes]) -> PageSet:
    """The set of these files. Raises KeyError for a kind of file that has no media type."""
    digest = hashlib.sha256()
    for name in sorted(bodies):
        digest.update(f"{name}\0{len(bodies[name])}\0".encode() + bodies[name])
    version = digest.hexdigest()[:16]
    place = f"/page/{version}".encode()
    return PageSet(
        version,
        {
            name: _file(name, body.replace(PLACE.encode(), place))
            for name, body in bodies.items()
        },
    )


def _file(name: str, body: bytes) -> PageFile:
    media = _MEDIA[PurePosixPath(name).suffix]
    tag = hashlib.sha256(body).hexdigest()[:32]
    return PageFile(media, body, gzip.compress(body, **_GZIP), f'"{tag}"')
