"""The commands doctor, lineage and certify as somebody types them: what they print, write and end with."""

import io
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest

from coinlake.contracts.ledger import curated_key
from coinlake_tools import proof_commands
from coinlake_tools.__main__ import main
from coinlake_tools.lake_catalog import GlueCatalog
from coinlake_tools.settings import Settings
from tests.unit.coinlake_tools.proven import FakeCatalog, Proven, proven
from tests.unit.coinlake_tools.published import DT, NINE

Types = Callable[..., tuple[int, str, str]]


class _Counted(FakeCatalog):
    """The catalog in memory, counting as the real one does."""

    @property
    def requests(self) -> int:
        return len(self.asked)


@pytest.fixture
async def lake() -> Proven:
    return await proven()


@pytest.fixture
def types(
    lake: Proven,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Types:
    """Type a command: its exit code, and what it printed on both streams."""
    catalog = _Counted(lake.catalog.registered)
    lake.catalog = catalog

    @asynccontextmanager
    async def opened(settings: Settings) -> AsyncIterator[proof_commands.Lake]:
        yield proof_commands.Lake(lake.counting, cast(GlueCatalog, catalog), settings)

    monkeypatch.setattr(proof_commands, "_lake", opened)
    monkeypatch.setenv("COINLAKE_BUCKET", "coinlake")
    monkeypatch.chdir(tmp_path)

    def typed(*arguments: str, told: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["coinlake", *arguments])
        stdin = io.TextIOWrapper(io.BytesIO(told.encode()))
        monkeypatch.setattr(sys, "stdin", stdin)
        code = main()
        said = capsys.readouterr()
        return code, said.out, said.err

    return typed


def test_the_doctor_ends_with_0_of_a_sound_day_and_1_of_another(
    lake: Proven, types: Types
) -> None:
    code, out, _ = types("doctor", "--dt", DT, "--json", "report.json")
    assert (code, out.splitlines()[1]) == (0, "nothing differs")
    assert "GetPartitions" in out.splitlines()[-1]
    assert json.loads(Path("report.json").read_text())["verdict"] == "nothing differs"

    lake.delete(curated_key("rates", NINE))
    code, out, _ = types("doctor", "--all", "--feed", "rates")
    assert (code, "object_gone" in out, "nothing differs" in out) == (1, True, False)
    assert out.startswith("all 2 days: about ")
    assert types("doctor", "--dt", DT, "--feed", "assets")[0] == 0


def test_what_cannot_be_looked_at_ends_with_2_and_says_so(lake: Proven, types: Types) -> None:
    cast(_Counted, lake.catalog).is_down = True

    for command in (("doctor",), ("certify", "--dt", DT)):
        code, out, err = types(*command)
        assert (code, "differs" in out) == (2, False)
        assert err == "coinlake: GetPartitions quotes: the connection was refused\n"
    assert lake.keys("certificates/") == []


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("doctor", "--dt", "2026-11-31"), "invalid day: 2026-11-31"),
        (("doctor", "--days", "0"), "--days wants at least 1"),
        (("certify",), "choose --dt YYYY-MM-DD or --check FILE"),
        (("certify", "--dt", "soon"), "invalid day: soon"),
        (("certify", "--check", "nowhere.json"), "nowhere.json cannot be read: No such file"),
        (("lineage", "--table", "quotes"), "choose --raw-object KEY and --offset N"),
        (("lineage", "--table", "quotes", "--row", "nowhere.json"), "cannot be read"),
        (("lineage", "--table", "quotes", "--row", "-"), "the row is not JSON"),
    ],
)
def test_what_was_typed_wrong_ends_with_2_and_a_sentence(
    types: Types, command: tuple[str, ...], said: str
) -> None:
    code, out, err = types(*command)

    assert (code, out) == (2, "")
    assert said in err


def test_a_certificate_is_written_once_into_the_bucket_and_the_same_into_a_folder(
    lake: Proven, types: Types
) -> None:
    first, again = types("certify", "--dt", DT), types("certify", "--dt", DT)
    in_folder = types("certify", "--dt", DT, "--out", "certificates")

    (key,) = lake.keys("certificates/")
    assert [one[0] for one in (first, again, in_folder)] == [0, 0, 0]
    assert {one[1].splitlines()[0] for one in (first, again, in_folder)} == {key}
    assert Path(key).read_bytes() == lake.store.bucket.objects[key].body
    assert types("certify", "--check", key)[0] == 0


def test_a_day_in_which_something_differs_is_refused_and_even_so_it_says_it(
    lake: Proven, types: Types
) -> None:
    types("certify", "--dt", DT)
    (sound,) = lake.keys("certificates/")
    Path("sound").mkdir()
    file = Path("sound") / Path(sound).name
    file.write_bytes(lake.store.bucket.objects[sound].body)
    lake.alter(curated_key("rates", NINE), b"by hand")

    code, out, _ = types("certify", "--dt", DT)
    assert (code, lake.keys("certificates/")) == (1, [sound])
    assert "wrong: object_changed: rates curated/rates/" in out

    code, out, _ = types("certify", "--dt", DT, "--even-so")
    (key,) = set(lake.keys("certificates/")) - {sound}
    told = json.loads(lake.store.bucket.objects[key].body)
    assert (code, told["complete"]) == (0, False)
    assert told["wrong"][0].startswith("curated/rates/")

    code, out, _ = types("certify", "--check", str(file))
    assert code == 1
    assert "differs: feeds.rates.hours.09.published.[curated/rates/" in out
    assert f"the lake is not as certified by {file.name}" in out

    even_so = Path("sound") / Path(key).name
    even_so.write_bytes(lake.store.bucket.objects[key].body)
    code, out, _ = types("certify", "--check", str(even_so))
    assert (code, "which says itself that it is not complete" in out) == (0, True)


def test_a_certificate_that_was_altered_is_told_by_its_name(lake: Proven, types: Types) -> None:
    types("certify", "--dt", DT, "--out", ".")
    (file,) = Path().glob("*.json")
    file.write_bytes(file.read_bytes().replace(b'"rows":3', b'"rows":4'))

    code, out, _ = types("certify", "--check", str(file))

    assert code == 1
    assert "the bytes hash to" in out
    assert ".rows: certified 4, now 3" in out


def test_other_bytes_under_the_name_of_a_certificate_are_not_replaced(
    lake: Proven, types: Types
) -> None:
    types("certify", "--dt", DT)
    (key,) = lake.keys("certificates/")
    lake.alter(key, b"{}")

    code, _, err = types("certify", "--dt", DT)

    assert (code, lake.store.bucket.objects[key].body) == (2, b"{}")
    assert "has other bytes than its name says" in err


def test_a_row_from_standard_input_or_a_place_is_followed(lake: Proven, types: Types) -> None:
    key = lake.keys("raw/coincap.rates.v1/")[0]
    row = {"raw_object": key, "kafka_offset": 0, "element_index": "0", "rate_usd": "1.0"}

    by_row = types("lineage", "--table", "rates", "--row", "-", told=json.dumps(row))
    by_place = types(
        *("lineage", "--table", "rates", "--raw-object", key, "--offset", "0", "--element", "0")
    )
    wrong = types(
        "lineage", "--table", "rates", "--row", "-", told=json.dumps({**row, "rate_usd": "2"})
    )

    assert [one[0] for one in (by_row, by_place, wrong)] == [0, 0, 1]
    assert "values are those that the job's rules give" in by_row[1]
    assert by_place[1].splitlines()[-1] == '{"id": "dollar", "rateUsd": "1"}'
    assert "wrong: rate_usd: the row has '2'" in wrong[1]
