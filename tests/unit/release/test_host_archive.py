"""What a host gets: an archive that depends on its content alone, and its images by digest."""

import gzip
import io
import tarfile
from pathlib import Path

from deploy.release import archive

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = (ROOT / "deploy/ec2/host/images.env.example").read_text()
THEIRS = (
    "KAFKA_IMAGE",
    "PROMETHEUS_IMAGE",
    "ALERTMANAGER_IMAGE",
    "PROXY_IMAGE",
    "NODE_EXPORTER_IMAGE",
)


def digest(name: str) -> str:
    return f"{name.lower()}@sha256:{'5' * 64}"


def test_equal_files_make_equal_bytes_whatever_their_order() -> None:
    first = archive.pack({"a": (b"1", True), "b": (b"2", False)}, 1_790_000_000)
    second = archive.pack({"b": (b"2", False), "a": (b"1", True)}, 1_790_000_000)

    assert first == second


def test_the_archive_unpacks_to_the_files_with_their_bit_for_execution_and_one_time() -> None:
    packed = archive.pack({"deploy/run": (b"#!", True), "x": (b"2", False)}, 1_790_000_000)

    with tarfile.open(fileobj=io.BytesIO(packed)) as opened:
        told = [(e.name, e.mode, e.uid, e.mtime) for e in opened.getmembers()]

    assert told == [("deploy/run", 0o755, 0, 1_790_000_000), ("x", 0o644, 0, 1_790_000_000)]
    assert gzip.decompress(packed)


def test_without_any_digest_of_ours_the_host_builds_them() -> None:
    text, missing = archive.images_env(EXAMPLE, {}, "")

    lines = text.splitlines()
    assert "BUILD_ON_HOST=yes" in lines
    assert missing == []
    assert [line for line in EXAMPLE.splitlines() if line.startswith(THEIRS)] == [
        line for line in lines if line.startswith(THEIRS)
    ]


def test_another_image_of_other_people_may_be_named_instead() -> None:
    text, missing = archive.images_env(EXAMPLE, {}, f"KAFKA_IMAGE={digest('mine')}")

    assert f"KAFKA_IMAGE={digest('mine')}" in text.splitlines()
    assert missing == []


def test_the_base_of_what_the_host_builds_can_be_told() -> None:
    base = f"PYTHON_IMAGE={digest('PYTHON_IMAGE')}"

    building, _ = archive.images_env(EXAMPLE, {}, f"{base}\n")
    pulling, _ = archive.images_env(EXAMPLE, dict.fromkeys(archive.OURS, "x"), f"{base}\n")

    assert base in building.splitlines()
    assert base not in pulling


def test_pushed_images_are_named_by_digest_and_nothing_is_built() -> None:
    given = "BUILD_ON_HOST=yes\n" + "".join(f"{name}={digest(name)}\n" for name in THEIRS)

    text, missing = archive.images_env(
        EXAMPLE, {name: digest(name) for name in archive.OURS}, given
    )

    assert missing == []
    lines = text.splitlines()
    assert "BUILD_ON_HOST=yes" not in lines
    assert {line.split("=")[0] for line in lines[1:]} == {*archive.OURS, *THEIRS}
    assert f"KAFKA_IMAGE={digest('KAFKA_IMAGE')}" in lines


def test_the_lines_of_an_earlier_push_are_taken_over() -> None:
    given = "".join(f"{name}={digest(name)}\n" for name in (*archive.OURS, *THEIRS))

    text, missing = archive.images_env(EXAMPLE, {}, given)

    assert missing == []
    assert f"TOOLS_IMAGE={digest('TOOLS_IMAGE')}" in text.splitlines()


def test_a_name_with_a_tag_is_not_taken_for_a_digest() -> None:
    _, missing = archive.images_env(EXAMPLE, {}, "KAFKA_IMAGE=apache/kafka:4.3.1\n")

    assert "KAFKA_IMAGE" in missing


def test_the_host_gets_everything_that_its_bootstrap_and_the_dockerfile_read() -> None:
    names = set(archive.contents(ROOT))

    assert "deploy/ec2/bootstrap/run" in names
    assert "deploy/compose/Dockerfile" in names
    assert "deploy/compose/prometheus/rules/ingestor.yaml" in names
    assert "requirements/ingestor.txt" in names
    assert ".dockerignore" in names
    # The units' Documentation= points there.
    assert "docs/how-to/deploy-on-ec2.md" in names
    assert not [name for name in names if name.startswith(("tests/", ".git", ".venv"))]
