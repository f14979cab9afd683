"""The commands behind `make release`, `push`, `pins`, `notice`, `version` and `upgrade-test`."""

import argparse
import hashlib
import json
import sys
from pathlib import Path

from deploy.release import contract, inventory, page_libraries, source, surface, version
from deploy.release.errors import ReleaseError

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "dist"


def main() -> int:
    """Run one command; 0 done, 1 refused or a part was not made."""
    wanted = _parser().parse_args()
    try:
        return int(wanted.command(wanted))
    except (ReleaseError, ValueError) as error:
        sys.stderr.write(f"release: {error}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="release", description=__doc__)
    commands = parser.add_subparsers(required=True)
    build = commands.add_parser("build", help="make dist/ of this commit")
    build.add_argument("--images", default="1", help="0: without the images")
    build.add_argument("--source", default="", help="public address of the sources, a label")
    build.add_argument("--host-images", default="", help="file like images.env")
    build.set_defaults(command=_build)
    push = commands.add_parser("push", help="push the images, name them by digest")
    push.add_argument("--registry", required=True)
    push.add_argument("--host-images", default="", help="file like images.env")
    push.set_defaults(command=_push)
    fresh = commands.add_parser("pins", help="ask for the digests of other people's images")
    fresh.set_defaults(command=_pins)
    number = commands.add_parser("version", help="say another version everywhere")
    number.add_argument("version")
    number.set_defaults(command=_version)
    commands.add_parser("notice", help="write NOTICE anew").set_defaults(command=_notice)
    page = commands.add_parser("page", help="bundle the libraries of the page anew")
    page.set_defaults(command=_page)
    checked = commands.add_parser("page-check", help="check the page's modules with TypeScript")
    checked.set_defaults(command=_page_check)
    names = commands.add_parser("surface", help="freeze the names that others build on")
    names.set_defaults(command=_surface)
    commands.add_parser("upgrade-test").set_defaults(command=_upgrade_test)
    return parser


def _build(wanted: argparse.Namespace) -> int:
    from deploy.release import images, make  # its libraries are not in .venv

    absent = None if wanted.images == "0" else images.engine()
    with_images = wanted.images != "0" and absent is None
    address = wanted.source or source.remote(ROOT)
    record = make.build(ROOT, DIST, _given(wanted.host_images), address, with_images, _say)
    _summary(record.job_digest, record.version)
    if with_images and not record.images:
        return 1
    if with_images and not address:
        _say("NOTE: no label org.opencontainers.image.source: SOURCE_URL=https://… names it")
    if absent is not None:
        _say(f"NOT MADE: the images, because {absent}. IMAGES=0 says that they are not wanted.")
        return 1
    return 0


def _push(wanted: argparse.Namespace) -> int:
    from deploy.release import archive, images, make  # as above

    record = make.push(ROOT, DIST, wanted.registry, _given(wanted.host_images), _say)
    names = {images.env_name(target): image for target, image in record.images.items()}
    for name in [*archive.OURS, *(other for other in names if other not in archive.OURS)]:
        _say(f"{name}={names[name]}")
    _summary(record.job_digest, record.version)
    return 0


def _pins(_: argparse.Namespace) -> int:
    from deploy.release import pins

    for line in pins.refresh(ROOT):
        _say(line)
    return 0


def _version(wanted: argparse.Namespace) -> int:
    version.write(ROOT, wanted.version)
    wrong = version.disagreements(ROOT)
    if wrong:
        raise ReleaseError("; ".join(wrong))
    _say(f"every place says {wanted.version}")
    return 0


def _notice(_: argparse.Namespace) -> int:
    from deploy.release import collect, notice  # needs what `make setup` installs

    parts = [
        *page_libraries.parts(ROOT),
        *collect.packages(ROOT),
        *collect.fetched_jars(ROOT),
        *collect.pyspark_jars(),
    ]
    refused = collect.unaccepted(parts)
    if refused:
        raise ReleaseError(f"licences that are not taken: {'; '.join(refused)}")
    inventory.FILE.write_text(inventory.dump(parts))
    (ROOT / "NOTICE").write_text(notice.render(parts, notice.provenance()))
    _say(f"NOTICE: {len(parts)} parts of other people")
    return 0


def _page(_: argparse.Namespace) -> int:
    made = page_libraries.vendor(ROOT)
    for file in made.files:
        _say(f"{page_libraries.SERVED / file}")
    _say(f"{len(made.libraries)} packages of npm; `make notice` tells of them")
    return 0


def _page_check(_: argparse.Namespace) -> int:
    page_libraries.check(ROOT)
    _say("the page's modules fit their types")
    return 0


def _surface(_: argparse.Namespace) -> int:
    now = surface.read(ROOT / "docs/reference")
    file = ROOT / surface.FILE
    gone = surface.vanished(json.loads(file.read_text()), now) if file.is_file() else []
    for name in gone:
        _say(f"no longer promised: {name}")
    file.write_text(surface.dump(now))
    _say(f"{surface.FILE}: {sum(len(names) for names in now.values())} names")
    contracts = contract.read(ROOT / "docs/reference")
    frozen = ROOT / contract.FILE
    before = contract.load(frozen.read_text()) if frozen.is_file() else {}
    for sentence in contract.broken(before, contracts):
        _say(f"no longer promised: {sentence}")
    frozen.write_text(contract.dump(contracts))
    _say(f"{contract.FILE}: {len(contracts)} contracts")
    return 0


def _upgrade_test(_: argparse.Namespace) -> int:
    previous = source.previous_tag(source.look(ROOT), ROOT)
    if previous is None:
        _say(
            "upgrade-test: there is no release before this commit, so there is nothing to upgrade from."
        )
        return 0
    raise ReleaseError(
        f"upgrade-test: {previous} is there, but the test that starts its stack on volumes, "
        "then this one on them, is not written yet (docs/how-to/release.md)"
    )


def _given(path: str) -> str:
    file = Path(path) if path else ROOT / "deploy/ec2/host/images.env"
    if path and not file.is_file():
        raise ReleaseError(f"there is no file {path} for HOST_IMAGES")
    return file.read_text() if file.is_file() else ""


def _summary(job_digest: str, number: str) -> None:
    for path in sorted(path for path in DIST.rglob("*") if path.is_file()):
        _say(f"{path.stat().st_size:>12,}  dist/{path.relative_to(DIST).as_posix()}")
    archive = DIST / f"coinlake-{number}.tar.gz"
    _say(f"ReleaseSha256={hashlib.sha256(archive.read_bytes()).hexdigest()}")
    _say(f"JobDigest={job_digest}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
