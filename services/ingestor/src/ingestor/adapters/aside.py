"""Files of the journal that are put aside: they stop nobody there, and keep all of their bytes."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

ASIDE = "aside"
_REFUSED = ".refused"


class AsideFolder:
    """The folder `aside` in the journal's own. Raises OSError where the disk refuses."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._aside = folder / ASIDE
        self.files = 0
        """How many lie there that may go back: all but those that Kafka refuses."""

    def count(self) -> None:
        """Count what is there."""
        self.files = sum(not name.endswith(_REFUSED) for name, _ in self.listed())

    def listed(self) -> Iterator[tuple[str, int]]:
        """Names and bytes of all that lies aside."""
        with suppress(FileNotFoundError):
            for path in sorted(self._aside.iterdir()):
                yield path.name, path.stat().st_size

    def records(self) -> list[Path]:
        """Those that were put aside as records, and may be readable by now."""
        return sorted(self._aside.glob("*.record"))

    def keep(self, name: str) -> str:
        """Move a file there; its name there, which may be another where that one is taken."""
        return self._move(name, self._free(name))

    def keep_refused(self, name: str) -> str:
        """Move a file there under a name that no start brings back; that name."""
        return self._move(name, self._aside / (name + _REFUSED))

    def _move(self, name: str, to: Path) -> str:
        self._aside.mkdir(exist_ok=True)
        (self._folder / name).rename(to)
        self.files += not to.name.endswith(_REFUSED)
        return to.name

    def _free(self, name: str) -> Path:
        path = self._aside / name
        tries = 1
        while path.exists():
            tries += 1
            path = self._aside / f"{name}.{tries}"
        return path
