"""What `make outdated` says, on recorded answers; and that every pin that lags has its reason."""

import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from deploy.outdated import ask, judge, page, pinned
from deploy.outdated.judge import Pin, Reason, Told

ROOT = Path(__file__).resolve().parents[3]
TODAY = date(2026, 11, 29)
RECENT, OLD = date(2026, 10, 1), date(2023, 1, 1)
PIN = Pin("python", "thing", "1.2")
KNOWN = judge.reasons(judge.REASONS.read_text())


@pytest.mark.parametrize(
    ("told", "known", "state"),
    [
        (Told(("1.1", "1.2"), RECENT), (), "current"),
        (Told(("1.2", "1.10"), RECENT), (), "behind"),
        (Told(("1.2", "1.3rc1"), RECENT), (), "current"),
        (Told(("1.2", "2.0"), RECENT), (Reason("python", "thing", "why", "2"),), "held"),
        # The reason is about 2, not about what is below it.
        (
            Told(("1.2", "1.3", "2.0"), RECENT),
            (Reason("python", "thing", "why", "2"),),
            "behind",
        ),
        (Told(("1.2", "9"), RECENT), (Reason("python", "thing", "why"),), "held"),
        (Told(("1.2", "9"), RECENT), (Reason("maven", "thing", "why"),), "behind"),
        (Told(("1.2", "9"), RECENT), (Reason("python", "thing", "why", quiet=True),), "behind"),
        (Told(("1.2",), OLD), (), "quiet"),
        (Told(("1.2",), OLD), (Reason("python", "thing", "done", quiet=True),), "excused"),
        (Told(("1.2",), OLD), (Reason("python", "thing", "why"),), "quiet"),
        (Told(("1.2",), RECENT, ended="its project is archived"), (), "quiet"),
        (Told(("1.3",), RECENT, yanked=True), (), "yanked"),
        (Told(("1.2",), RECENT, advisories=("GHSA-1",)), (), "advisory"),
        (Told(("1.2",), RECENT, advisories=()), (), "current"),
        # A bound is about the pins below it: of two versions of a package each has its own.
        (Told(("1.2", "1.3"), RECENT), (Reason("python", "thing", "why", "1.1"),), "behind"),
        (
            Told(("1.2", "2.0", "3.0"), RECENT),
            (Reason("python", "thing", "why", "1.1"), Reason("python", "thing", "why", "2.0")),
            "held",
        ),
        (
            Told(("1.2", "1.3", "3.0"), RECENT),
            (Reason("python", "thing", "why", "1.1"), Reason("python", "thing", "why", "2.0")),
            "behind",
        ),
        (None, (), "unasked"),
    ],
)
def test_the_gravest_thing_is_said(
    told: Told | None, known: tuple[Reason, ...], state: str
) -> None:
    assert judge.finding(PIN, told, known, TODAY).state == state


def test_versions_of_jars_and_modules_compare_as_numbers() -> None:
    assert judge.newer("1.0.7.Final", ["2.2.5.Final", "1.0.9.Final"]) == "2.2.5.Final"
    assert judge.newer("v1.8.0", ["v1.10.0", "v1.9.0"]) == "v1.10.0"
    assert judge.newer("v28.5.1+incompatible", ["v29.9.3+incompatible"]) is not None
    assert judge.newer("1.7.36", ["2.1.0-alpha1"]) is None


def file(name: str, time: str, **more: Any) -> dict[str, Any]:
    return {
        "filename": name,
        "upload-time": f"{time}T12:00:00Z",
        "requires-python": ">=3.9",
        **more,
    }


def test_an_index_is_read_by_its_files() -> None:
    listed = {
        "name": "some-thing",
        "files": [
            file("some_thing-1.2-py3-none-any.whl", "2026-01-01"),
            file("some-thing-1.2.tar.gz", "2026-01-02"),
            file("some_thing-1.3-py3-none-any.whl", "2026-02-01", yanked="broken"),
            file(
                "some_thing-2.0-py3-none-any.whl", "2026-03-01", **{"requires-python": ">=3.12"}
            ),
            file("some_thing-1.4-py3-none-any.whl", "2026-04-01", yanked=False),
        ],
    }
    about = {
        "vulnerabilities": [{"id": "PYSEC-1"}, {"id": "PYSEC-2", "withdrawn": "2026-01-01"}]
    }

    told = ask.package_of(listed, about, "1.2")

    assert sorted(told.versions) == ["1.2", "1.4"]
    assert told.released == date(2026, 4, 1)
    assert told.advisories == ("PYSEC-1",)
    assert not told.yanked
    assert ask.package_of(listed, None, "1.3").yanked
    assert ask.package_of(listed, None, "1.2").advisories is None
    archived = listed | {"project-status": {"status": "archived"}}
    assert ask.package_of(archived, None, "1.2").ended == "its project is archived"


def test_mavens_plugin_is_read_also_where_it_breaks_a_line() -> None:
    said = (
        "[INFO]   org.apache.kafka:kafka_2.13 ........................... 4.3.1 -> 4.4.0\n"
        "[INFO]   a.very.long.group.indeed:and-a-very-long-artifact-too ...\n"
        "[INFO]                                                  1.0 -> 2.0\n"
    )
    wanted = [
        Pin("maven", "org.apache.kafka:kafka_2.13", "4.3.1"),
        Pin("maven", "a.very.long.group.indeed:and-a-very-long-artifact-too", "1.0"),
        Pin("maven", "the.newest:jar", "7"),
    ]

    told = ask.jars_of(said, wanted)

    assert [each.versions for each in told.values() if each] == [
        ("4.3.1", "4.4.0"),
        ("1.0", "2.0"),
        ("7",),
    ]


def test_go_is_read_object_by_object() -> None:
    said = """{"Path": "x.org/a", "Version": "v1.0.0", "Time": "2020-01-01T00:00:00Z",
      "Update": {"Path": "x.org/a", "Version": "v1.1.0", "Time": "2026-10-01T00:00:00Z"}}
    {"Path": "x.org/b", "Version": "v2.0.0", "Time": "2026-10-02T00:00:00Z", "Deprecated": "use c"}"""
    wanted = [
        Pin("go", "x.org/a", "v1.0.0"),
        Pin("go", "x.org/b", "v2.0.0"),
        Pin("go", "x.org/c", "v1"),
    ]

    told = ask.modules_of(said, wanted)

    assert told[wanted[0]] == Told(("v1.0.0", "v1.1.0"), date(2026, 10, 1))
    assert told[wanted[1]] == Told(
        ("v2.0.0", "v2.0.0"), date(2026, 10, 2), ended="deprecated: use c"
    )
    assert told[wanted[2]] is None


def test_npm_is_read_by_its_tag_and_a_range_is_no_pin(tmp_path: Path) -> None:
    said = {
        "version": "1.0.0",
        "dist-tags": {"latest": "1.2.0", "next": "2.0.0-beta"},
        "time": {"1.2.0": "2026-10-01T00:00:00.000Z"},
    }
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/package.json").write_text(
        '{"dependencies": {"@x/a": "1.0.0", "b": "^1.0.0"}, "devDependencies": {"c": "3.1.4"}}'
    )

    found = pinned.npm(tmp_path)

    assert found == [Pin("npm", "@x/a", "1.0.0"), Pin("npm", "c", "3.1.4")]
    assert ask.npm_of(said, found[0]) == Told(("1.0.0", "1.2.0"), date(2026, 10, 1))
    assert ask.npm_of(said | {"deprecated": "no"}, found[0]).ended == "deprecated: no"


def test_every_kind_of_pin_is_found() -> None:
    found = pinned.all_pins(ROOT, everything=False)

    assert {pin.kind for pin in found} == {"python", "maven", "go", "image", "npm"}
    assert {pin.name for pin in found} >= {
        "aiokafka", "pyspark", "ruff", "org.apache.kafka:kafka_2.13", "apache/kafka",
        "github.com/versity/versitygw", "github.com/docker/compose/v2",
    }  # fmt: skip
    assert len(pinned.packages(ROOT, everything=True)) > len(
        pinned.packages(ROOT, everything=False)
    )


def test_every_reason_is_of_a_pin() -> None:
    pins = {(pin.kind, pin.name) for pin in pinned.all_pins(ROOT, everything=True)}

    assert [each for each in KNOWN if (each.kind, each.name) not in pins] == []
    assert all(each.because for each in KNOWN)


def test_every_bound_has_its_reason() -> None:
    bounds = {
        found[1].lower()
        for path in (ROOT / "requirements").glob("*.in")
        for found in re.finditer(
            r"^([\w.-]+)(?:\[.*\])?\S*(?:==|<)", path.read_text(), re.MULTILINE
        )
    }

    assert bounds >= {"pyspark", "duckdb"}
    assert bounds - {each.name for each in KNOWN if each.kind == "python"} == set()


def test_the_page_has_the_reasons_and_says_when_it_was_seen() -> None:
    text = (ROOT / page.PAGE).read_text()

    assert text == page.with_reasons(text, KNOWN), "run make outdated ARGS=--page"
    assert re.search(r"As of 2\d{3}-\d\d-\d\d: \d+ pins asked after, \d+ are the newest", text)


def test_what_was_seen_takes_the_place_of_what_was_seen_before() -> None:
    findings = [judge.Finding(PIN, "behind", "9 is there"), judge.Finding(PIN, "current", "")]
    text = "a\n<!-- seen -->\nold\n<!-- /seen -->\nb\n"

    once = page.with_findings(text, findings, TODAY)

    assert "As of 2026-11-29: 2 pins asked after, 1 are the newest." in once
    assert "| python | `thing` | 1.2 | behind | 9 is there |" in once
    assert "old" not in once
    assert page.with_findings(once, findings, TODAY) == once


def test_offline_it_says_so_in_one_sentence() -> None:
    # Nobody listens on the discard port.
    done = subprocess.run(
        [sys.executable, "-m", "deploy.outdated"],
        cwd=ROOT,
        env=os.environ
        | {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 2, done.stdout + done.stderr
    assert re.fullmatch(
        r"outdated: the package index cannot be reached \(.*\): nothing was asked\.\n",
        done.stdout,
    )
