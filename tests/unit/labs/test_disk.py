"""The disk of the chain's world: what a power cut takes, and what it must not."""

import random
from typing import Any

import pytest

from tests.labs.sim_chain.disk import Disk, DiskPath, os_of_the_disk


@pytest.fixture
def disk() -> Disk:
    return Disk(lambda _: None)


@pytest.fixture
def folder(disk: Disk) -> DiskPath:
    folder = DiskPath(disk, "/var", "state")
    folder.mkdir()
    return folder


def write(path: DiskPath, data: bytes, *, synced: bool) -> None:
    with path.open("wb") as file:
        file.write(data)
        if synced:
            os_of_the_disk.fsync(file.fileno())


def names(folder: DiskPath) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_what_was_synced_outlives_a_power_cut(disk: Disk, folder: DiskPath) -> None:
    write(folder / "a.new", b"whole", synced=True)
    (folder / "a.new").rename(folder / "a")
    folder.sync()

    disk.lose_power(random.Random(1))

    assert (names(folder), (folder / "a").read_bytes()) == ({"a"}, b"whole")


def test_bytes_that_were_not_synced_are_gone_although_the_name_is_there(
    disk: Disk, folder: DiskPath
) -> None:
    write(folder / "a", b"torn", synced=False)
    folder.sync()

    disk.lose_power(random.Random(1))

    assert (folder / "a").read_bytes() == b""


@pytest.mark.parametrize("seed", range(20))
def test_names_are_lost_from_the_newest_on(disk: Disk, folder: DiskPath, seed: int) -> None:
    write(folder / "1", b"one", synced=True)
    folder.sync()
    (folder / "1").rename(folder / "2")
    (folder / "2").truncate()
    (folder / "2").unlink()

    disk.lose_power(random.Random(seed))

    there = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert there in ({"1": b"one"}, {"2": b"one"}, {"2": b""}, {})


def test_a_replaced_file_is_the_old_one_or_the_new(disk: Disk, folder: DiskPath) -> None:
    write(folder / "a", b"old", synced=True)
    folder.sync()
    seen: set[Any] = set()
    for seed in range(20):
        write(folder / "a.new", b"new", synced=True)
        (folder / "a.new").rename(folder / "a")
        disk.lose_power(random.Random(seed))
        seen.add((folder / "a").read_bytes())
        write(folder / "a", b"old", synced=True)
        folder.sync()

    assert seen == {b"old", b"new"}


def test_a_full_disk_takes_nothing_new_and_still_renames(disk: Disk, folder: DiskPath) -> None:
    write(folder / "a", b"one", synced=True)
    disk.is_full = True

    with pytest.raises(OSError, match="No space left"):
        write(folder / "b", b"two", synced=True)
    (folder / "a").rename(folder / "c")

    assert names(folder) == {"c"}
