"""The page of the last campaign: rows that another clone ran stay as they were."""

from dataclasses import replace

from tests.campaign.run import REPORT, Outcome, report, written

NEW = Outcome(
    "sim", "0123456789ab", False, 1.5, "seed 7 | two bars | end", "2026-11-29T10:00:59"
)


def test_the_page_is_read_as_it_was_written() -> None:
    page = report(written(REPORT.read_text()))
    assert report(written(page)) == page
    assert len(written(page)) > 40


def test_a_new_result_takes_its_row_and_no_other() -> None:
    before = written(REPORT.read_text())
    after = written(report(before | {"sim": NEW}))
    kept = replace(NEW, last_line="seed 7 / two bars / end", at=NEW.at[:16])
    assert after == before | {"sim": kept}
