"""Small durable files: an atomic replace, the lock that keeps a second process out, what they refuse."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from coinlake.errors import ConfigError

# open(2) and read(2): these tell of the process and its host, and nothing of the file.
_SHORT_OF_MEANS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})


def is_short_of_means(error: BaseException | None) -> bool:
    """Whether a file was refused for want of descriptors or memory: it may be sound."""
    return isinstance(error, OSError) and error.errno in _SHORT_OF_MEANS


def replace(path: Path, content: bytes) -> None:
    """Replace a file so that after any crash it holds the old or the new content, whole."""
    fresh = path.with_name(path.name + ".new")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make created, renamed and deleted names of a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder for this process; created if missing. Raises ConfigError if it is held."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "lock").open("ab")
    except OSError as error:
        raise ConfigError(f"the state directory {folder} cannot be written: {error}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError(
                f"the state directory {folder} is in use by another ingestor"
            ) from error
        try:
            yield
        finally:
            with suppress(ValueError):  # already closed: the lock went with it
                fcntl.flock(file, fcntl.LOCK_UN)
