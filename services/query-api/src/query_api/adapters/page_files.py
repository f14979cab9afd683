"""Reads the page's files from the package, once, when the service starts."""

from pathlib import Path

from query_api.core.page_set import PageSet, page_set

FOLDER = Path(__file__).resolve().parents[1] / "page"


def read_page(folder: Path = FOLDER) -> PageSet:
    """The set of all files below the folder, by their names with slashes."""
    return page_set(
        {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.suffix != ".json"
        }
    )
