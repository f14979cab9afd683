"""The glossary: each term once, in alphabetical order, with a source or as coinlake's own."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "explanation" / "glossary.md").read_text()
ENTRY = re.compile(r"\*\*(?P<term>[^*]+)\*\*\. (?P<text>.+) \*Source:\* (?P<source>.+)\.")
PARAGRAPHS = PAGE.strip().split("\n\n")[2:]
ENTRIES = [entry for paragraph in PARAGRAPHS if (entry := ENTRY.fullmatch(paragraph))]
TERMS = [entry["term"] for entry in ENTRIES]
# What CONTRIBUTING, the pages and the messages say without explaining it.
SAID = {
    "chain",
    "commit",
    "compaction",
    "consumer group",
    "create-only write",
    "dataset",
    "dead letter",
    "dirty hour",
    "epoch",
    "exactly once",
    "feed",
    "gate",
    "guard",
    "head of line",
    "heartbeat record",
    "idempotent producer",
    "journal",
    "ledger",
    "link",
    "memory budget",
    "offset",
    "parked",
    "part",
    "partition",
    "poll",
    "pulse",
    "quarantine",
    "retry delay",
    "segment",
    "spool",
    "tick",
    "watermark",
}


def test_every_paragraph_is_an_entry_with_a_source() -> None:
    assert len(ENTRIES) == len(PARAGRAPHS)
    assert set(TERMS) >= SAID


def test_each_term_is_there_once_in_alphabetical_order() -> None:
    assert [term.lower() for term in TERMS] == sorted({term.lower() for term in TERMS})


@pytest.mark.parametrize("entry", ENTRIES, ids=TERMS)
def test_a_term_has_a_source_of_the_field_or_is_coinlakes_own(entry: re.Match[str]) -> None:
    source = entry["source"]

    assert re.search(r"\]\(https://[^)\s]+\)", source) or source.startswith("coinlake's own")
    if source.startswith("coinlake's own"):
        assert "; nearest: " in source
    assert 1 <= len(re.findall(r"[.:](?: |$)", entry["text"])) <= 4


@pytest.mark.parametrize("page", ["docs/README.md", "README.md"])
def test_the_glossary_is_found_from(page: str) -> None:
    text = (DOCS.parent / page).read_text()

    assert re.search(r"\]\((docs/)?explanation/glossary\.md\)", text)
