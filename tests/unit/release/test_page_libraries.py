"""What is served of other people is what the list says, under licences that are taken."""

from pathlib import Path

from deploy.release import inventory, licences, page_libraries

ROOT = Path(__file__).resolve().parents[3]


def test_each_file_has_the_hash_of_the_list_and_no_other_is_there() -> None:
    assert page_libraries.served(ROOT) == page_libraries.listed(ROOT).files


def test_each_library_has_a_licence_that_is_taken_and_stands_in_notice_with_its_text() -> None:
    accepted = licences.rules().accepted
    notice = (ROOT / "NOTICE").read_text()
    texts = (ROOT / page_libraries.SERVED / page_libraries.TEXTS).read_text()

    libraries = page_libraries.listed(ROOT).libraries

    assert {one.file for one in libraries} == {"codemirror.js", "lightweight-charts.js"}
    for one in libraries:
        assert licences.is_accepted(one.licence, accepted)
        assert f"  {one.name} {one.version} ({one.licence})" in notice
        assert f"{one.name} {one.version} ({one.licence}), in {one.file}" in texts
        assert one.integrity.startswith("sha512-")


def test_the_list_of_all_parts_has_them() -> None:
    parts = [part for part in inventory.committed() if part.kind == inventory.SCRIPT]

    assert parts == sorted(page_libraries.parts(ROOT))
