"""Generated files are those that the code and the records of decisions would generate."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["generate"] = module
    with pytest.MonkeyPatch.context() as patch:
        # Where a script looks for modules first.
        patch.syspath_prepend(DOCS)
        spec.loader.exec_module(module)
    return module


def test_generated_files_are_up_to_date(generate: ModuleType) -> None:
    stale = [
        name for name, text in generate.pages().items() if (ROOT / name).read_text() != text
    ]

    assert stale == [], "run `make docs`"


def test_each_decision_is_in_the_index_once_under_its_own_title(generate: ModuleType) -> None:
    index = (DOCS / "adr" / "README.md").read_text().splitlines()
    records = sorted(path for path in (DOCS / "adr").glob("*.md") if path.name != "README.md")

    for path in records:
        title = path.read_text().splitlines()[0].partition(". ")[2]
        number = path.name[:4]
        assert [line for line in index if f"({path.name}) | " in line] == [
            line for line in index if line.startswith(f"| {number} | [{title}]({path.name}) | ")
        ]
        assert sum(f"| [{title}]({path.name}) | " in line for line in index) == 1
    assert len(generate.decisions()) == len(records)


def test_a_superseded_decision_names_its_heir(tmp_path: Path, generate: ModuleType) -> None:
    (tmp_path / "0001-old.md").write_text("# 1. Old\n\n2026-01-01, superseded by 0002\n")
    (tmp_path / "0002-new.md").write_text("# 2. New\n\n2026-02-01\n")

    page = generate._index(generate.decisions(tmp_path))

    assert (
        "| 0001 | [Old](0001-old.md) | 2026-01-01 | superseded | [0002](0002-new.md) |" in page
    )
    assert "| 0002 | [New](0002-new.md) | 2026-02-01 | accepted |  |" in page


@pytest.mark.parametrize(
    "head", ["# 2. Other number\n\n2026-01-01\n", "# 1. No date\n\nText\n"]
)
def test_a_decision_without_number_title_and_date_is_refused(
    tmp_path: Path, generate: ModuleType, head: str
) -> None:
    (tmp_path / "0001-one.md").write_text(head)

    with pytest.raises(ValueError, match=r"0001-one\.md does not begin with"):
        generate.decisions(tmp_path)
