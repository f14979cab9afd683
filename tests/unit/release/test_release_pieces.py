"""What the SBOM lists, and what the images say of themselves."""

import re
from pathlib import Path

import pytest

from deploy.release import images, inventory, locks, sbom
from deploy.release.errors import ReleaseError
from deploy.release.source import Source

ROOT = Path(__file__).resolve().parents[3]
DOCKERFILE = (ROOT / "deploy/compose/Dockerfile").read_text()
ENV_EXAMPLE = (ROOT / "deploy/compose/.env.example").read_text()
SOURCE = Source("0.1.0", "c" * 40, 1_790_000_000)


def test_a_lock_is_read_with_all_its_hashes() -> None:
    text = (
        "# a comment\naiokafka[lz4]==0.14.0 \\\n"
        f"    --hash=sha256:{'1' * 64} \\\n    --hash=sha256:{'2' * 64}\n"
        f"Some.Thing==2 \\\n    --hash=sha256:{'3' * 64}\n"
    )

    assert locks.parse(text) == [
        locks.Locked("aiokafka", "0.14.0", ("1" * 64, "2" * 64)),
        locks.Locked("some-thing", "2", ("3" * 64,)),
    ]


def test_every_package_of_an_image_is_a_piece_with_hashes_licence_and_its_images() -> None:
    pieces = [p for p in sbom.pieces(ROOT, [], {}, {}) if p.kind == "package"]

    assert len(pieces) == len(locks.shipped(ROOT)) > 50
    assert [piece.name for piece in pieces if not (piece.hashes and piece.licence)] == []
    (kafka,) = [piece for piece in pieces if piece.name == "aiokafka"]
    assert kafka.purl == f"pkg:pypi/aiokafka@{kafka.version}"
    assert kafka.properties == (
        ("coinlake:images", "ingestor s3-sink etl-runner query-api tools"),
    )


def test_every_jar_of_an_image_is_a_piece_with_its_checksum() -> None:
    lines = (ROOT / "deploy/compose/jars.sha256").read_text().splitlines()
    sums = {line.split()[1]: line.split()[0] for line in lines}
    jars = [piece for piece in sbom.pieces(ROOT, [], {}, {}) if piece.kind == "jar"]

    told = {f"{jar.name}-{jar.version}.jar": jar.hashes[0] for jar in jars}

    assert {name: told.get(name) for name in sums} == sums
    assert len([jar for jar in jars if ("coinlake:inside", "-") not in jar.properties]) > 200


def test_a_package_that_nobody_listed_stops_the_release(tmp_path: Path) -> None:
    (tmp_path / "requirements").mkdir()
    for image in locks.IMAGES:
        (tmp_path / f"requirements/{image}.txt").write_text(
            f"surprise==1.0 --hash=sha256:{'0' * 64}\n"
        )
    listed = tmp_path / "deploy/release"
    listed.mkdir(parents=True)
    (listed / "third-party.json").write_text(inventory.dump([]))

    with pytest.raises(ReleaseError, match=r"surprise 1\.0 is locked but not listed"):
        sbom.pieces(tmp_path, [], {}, {})


def test_base_images_are_named_by_digest_where_it_is_known() -> None:
    bases = sbom.bases_of(ENV_EXAMPLE)
    named = {"PYTHON_IMAGE": "here/python@sha256:" + "4" * 64}

    by_both = sbom.pieces(ROOT, [], bases, {})[-2:]
    (by_digest,) = sbom.pieces(ROOT, [], named, {})[-1:]
    (by_tag,) = sbom.pieces(ROOT, [], {"PYTHON_IMAGE": "here:5000/python:3"}, {})[-1:]

    assert [(p.name, p.version, p.hashes) for p in by_both] == [
        (*re.split(r":|@sha256:", bases[role])[:2], (bases[role].split("@sha256:")[1],))
        for role in ("PYTHON_IMAGE", "VERSITYGW_IMAGE")
    ]
    assert by_digest.name == "here/python"
    assert (by_digest.version, by_digest.hashes) == ("sha256:" + "4" * 64, ("4" * 64,))
    assert (by_tag.name, by_tag.version, by_tag.hashes) == ("here:5000/python", "3", ())


def test_every_target_of_the_dockerfile_that_is_an_image_is_released() -> None:
    titled = re.findall(
        r"^FROM \S+ AS (\S+)\nLABEL org\.opencontainers\.image\.title=",
        DOCKERFILE,
        re.MULTILINE,
    )

    assert sorted(images.TARGETS) == sorted(titled)


def test_every_image_tells_version_commit_time_licence_and_sources() -> None:
    said = images.labels(SOURCE, "https://git.example/coinlake")

    assert {
        name.removeprefix("org.opencontainers.image."): text for name, text in said.items()
    } == {
        "version": "0.1.0",
        "revision": "c" * 40,
        "created": "2026-09-21T14:13:20Z",
        "licenses": "Apache-2.0",
        "source": "https://git.example/coinlake",
    }
    assert len(images.labels(SOURCE, None)) == 4


def test_compose_gives_its_images_the_same_labels_and_no_layer_depends_on_them() -> None:
    compose = (ROOT / "deploy/compose/compose.yaml").read_text()

    assert "org.opencontainers.image.version: ${COINLAKE_VERSION:-" in compose
    assert "org.opencontainers.image.revision: ${COINLAKE_REVISION:-" in compose
    assert re.findall(r"^ARG (VERSION|REVISION|CREATED)", DOCKERFILE, re.MULTILINE) == []


def test_an_image_is_called_as_the_host_calls_it() -> None:
    example = (ROOT / "deploy/ec2/host/images.env.example").read_text()

    names = {images.env_name(target) for target in images.TARGETS}
    hosted = {images.env_name(target) for target in images.HOSTED}

    assert set(re.findall(r"^(\w+_IMAGE)=", example, re.MULTILINE)) & names == hosted
    assert hosted == {
        "INGESTOR_IMAGE",
        "S3_SINK_IMAGE",
        "ETL_RUNNER_IMAGE",
        "QUERY_API_IMAGE",
        "TOOLS_IMAGE",
    }


def test_a_host_that_builds_needs_one_base_whichever_builder_it_has() -> None:
    # Docker's old builder makes every stage up to its target.
    stages = re.findall(r"^FROM (\S+) AS (\S+)$", DOCKERFILE, re.MULTILINE)
    names = [name for _, name in stages]
    last = max(names.index(target) for target in images.HOSTED)

    bases = {base for base, _ in stages[: last + 1]} - set(names)

    assert bases == {"${PYTHON_IMAGE}"}
    assert {base for base, _ in stages} - set(names) == {*bases, "${VERSITYGW_IMAGE}"}
