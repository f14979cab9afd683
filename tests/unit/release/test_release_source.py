"""Which commits can be released, and as what."""

from dataclasses import replace

from deploy.release.source import Checkout, Source, refusal

HERE, ELSEWHERE = "a" * 40, "b" * 40
CLEAN = Checkout(HERE, 1_790_000_000, (), (), ())


def test_a_clean_commit_without_a_tag_can_be_built() -> None:
    assert refusal("0.1.0", "unreleased", CLEAN) is None


def test_a_clean_commit_with_the_tag_of_its_version_can_be_released() -> None:
    tagged = replace(CLEAN, tags_here=("v0.1.0",), tagged=(("v0.1.0", HERE),))

    assert refusal("0.1.0", "2026-11-23", tagged) is None


def test_a_work_tree_with_changes_is_refused_by_name() -> None:
    refused = refusal(
        "0.1.0", "unreleased", replace(CLEAN, changed=("Makefile", "a", "b", "c"))
    )

    assert refused is not None
    assert refused.startswith("the work tree differs from the commit (Makefile, a, b)")


def test_a_tag_of_another_version_on_this_commit_is_refused() -> None:
    tagged = replace(CLEAN, tags_here=("v0.2.0",), tagged=(("v0.2.0", HERE),))

    refused = refusal("0.1.0", "2026-11-23", tagged)

    assert refused == "this commit is tagged v0.2.0, but VERSION says 0.1.0"


def test_a_version_that_another_commit_has_already_is_refused() -> None:
    refused = refusal("0.1.0", "unreleased", replace(CLEAN, tagged=(("v0.1.0", ELSEWHERE),)))

    assert refused is not None
    assert refused.startswith("v0.1.0 is commit bbbbbbbbbbbb already: raise VERSION")


def test_a_tag_wants_a_date_in_the_changelog() -> None:
    tagged = replace(CLEAN, tags_here=("v0.1.0",), tagged=(("v0.1.0", HERE),))

    refused = refusal("0.1.0", "unreleased", tagged)

    assert refused == "this commit is tagged v0.1.0, but CHANGELOG.md calls 0.1.0 unreleased"


def test_the_time_of_a_release_is_that_of_its_commit() -> None:
    assert Source("0.1.0", HERE, 1_790_000_000).created == "2026-09-21T14:13:20Z"
