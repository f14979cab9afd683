"""Makes a release in a folder: wheels, job, images, host archive, SBOM, checksums, in this order."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.release import (
    agent,
    archive,
    checksums,
    cyclonedx_json,
    images,
    pins,
    sbom,
    source,
    version,
    wheels,
)
from deploy.release.errors import ReleaseError
from deploy.release.source import Source

Say = Callable[[str], None]
RECORD = "release.json"


@dataclass(frozen=True, slots=True)
class Record:
    """What was made, as `release.json` beside it and in the host archive."""

    version: str
    commit: str
    created: str
    job_digest: str
    images: Mapping[str, str] = field(default_factory=dict)
    """Each image by its id, or by `name@sha256:…` once it was pushed."""

    def text(self) -> str:
        return json.dumps(asdict(self), indent=2) + "\n"


def checked(root: Path) -> Source:
    """The commit, if it can be released. Raises ReleaseError."""
    checkout = source.look(root)
    wrong = version.disagreements(root)
    if wrong:
        raise ReleaseError(f"the version is not one: {'; '.join(wrong)} (make version V=…)")
    number, dated = version.newest_change((root / "CHANGELOG.md").read_text())
    refused = source.refusal(number, dated, checkout)
    if refused:
        raise ReleaseError(refused)
    return Source(number, checkout.commit, checkout.committed_s)


def build(
    root: Path, dist: Path, given: str, address: str | None, with_images: bool, say: Say
) -> Record:
    """Everything of this commit; a record without images where one of them could not be built.

    `given` are lines of images.env, `address` is where the sources are.
    """
    released = checked(root)
    shutil.rmtree(dist, ignore_errors=True)
    dist.mkdir()
    with TemporaryDirectory(prefix="coinlake-release-") as scratch:
        tree = Path(scratch)
        source.export(root, released.commit, tree)
        bases = sbom.bases_of((tree / "deploy/compose/.env.example").read_text())
        pins.refuse_movable(bases)
        built: dict[str, str] = {}
        if with_images:
            # Before the wheels, which put files into the tree.
            built = _images(tree, bases, images.labels(released, address), say)
            bases = images.resolved(bases)
        files = archive.read(tree) | agent.files(tree)
        made = wheels.build(tree, released.committed_s, dist / "wheels")
        digest = wheels.bundle(made, dist)
        record = Record(released.version, released.commit, released.created, digest, built)
        bill = cyclonedx_json.render(released, sbom.pieces(tree, made, bases, built))
    (dist / f"coinlake-{released.version}.cdx.json").write_text(bill)
    _finish(dist, files, record, released.committed_s, given, say)
    return record


def push(root: Path, dist: Path, registry: str, given: str, say: Say) -> Record:
    """Push the images of `dist` and pack the host archive with their digests."""
    released = checked(root)
    record = _read(dist)
    if (record.version, record.commit) != (released.version, released.commit):
        raise ReleaseError(f"{dist.name}/ is of another commit ({record.commit[:12]})")
    if not record.images:
        raise ReleaseError(f"{dist.name}/ was made without images: make release")
    pushed = images.push(released.version, released.commit, registry)
    with TemporaryDirectory(prefix="coinlake-release-") as scratch:
        source.export(root, released.commit, Path(scratch))
        files = archive.read(Path(scratch)) | agent.files(Path(scratch))
    record = Record(record.version, record.commit, record.created, record.job_digest, pushed)
    _finish(dist, files, record, released.committed_s, given, say)
    return record


def _images(
    tree: Path, bases: Mapping[str, str], said: Mapping[str, str], say: Say
) -> dict[str, str]:
    try:
        return images.build(tree, bases, said)
    except ReleaseError as error:
        # The rest is made none the less; whoever calls sees that there are none.
        say(f"NOT MADE: the images, because {error}")
        return {}


def _finish(
    dist: Path,
    files: dict[str, tuple[bytes, bool]],
    record: Record,
    time_s: int,
    given: str,
    say: Say,
) -> None:
    example, _ = files[f"{archive.IMAGES_ENV}.example"]
    pushed = {images.env_name(t): at for t, at in record.images.items() if "@" in at}
    ours = {name: pushed[name] for name in archive.OURS if name in pushed}
    text, missing = archive.images_env(example.decode(), ours, given)
    files = files | {
        archive.IMAGES_ENV: (text.encode(), False),
        RECORD: (record.text().encode(), False),
    }
    (dist / f"coinlake-{record.version}.tar.gz").write_bytes(archive.pack(files, time_s))
    (dist / RECORD).write_text(record.text())
    checksums.write(dist)
    if missing:
        say(
            f"NOTE: the host archive knows no digest of {', '.join(missing)}: a host refuses it "
            "until HOST_IMAGES=FILE names them (docs/how-to/release.md)"
        )


def _read(dist: Path) -> Record:
    try:
        return Record(**json.loads((dist / RECORD).read_text()))
    except FileNotFoundError:
        raise ReleaseError(f"there is no release in {dist.name}/: make release") from None
