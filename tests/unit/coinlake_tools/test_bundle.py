"""What is uploaded for a Glue run."""

import io
import zipfile

from coinlake_tools.bundle import Bundle, installed_bundle, pack


def test_equal_sources_make_equal_bytes_whatever_their_order() -> None:
    assert pack({"a.py": b"1", "b.py": b"2"}) == pack({"b.py": b"2", "a.py": b"1"})


def test_another_source_has_another_key_so_that_a_run_never_sees_a_mix() -> None:
    first, second = Bundle(b"s", pack({"a.py": b"1"})), Bundle(b"s", pack({"a.py": b"2"}))

    assert first.archive_key != second.archive_key
    assert first.script_key != second.script_key


def test_the_archive_holds_the_job_and_the_contracts_and_nothing_else_of_coinlake() -> None:
    archive = zipfile.ZipFile(io.BytesIO(installed_bundle().archive))

    names = archive.namelist()

    assert "coinlake_job/__init__.py" in names
    assert "coinlake_kernel/hour.py" in names
    assert "coinlake/contracts/tables.py" in names
    shared = {name for name in names if name.startswith("coinlake/")}
    assert {name for name in shared if not name.startswith("coinlake/contracts/")} == {
        "coinlake/__init__.py"
    }
