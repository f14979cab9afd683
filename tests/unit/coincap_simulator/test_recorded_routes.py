"""Routes that are served from a recording, in memory."""

import json
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from coincap_simulator.catalogue_files import load_catalogue
from coincap_simulator.config import settings_from
from coincap_simulator.core.ledger import feed
from coincap_simulator.core.market_data import MarketData
from coincap_simulator.core.recordings import RecordingError
from coincap_simulator.core.routes import CoinCap
from coincap_simulator.core.switches import Switches
from coincap_simulator.recorded_files import load_recordings

NOW = 1_795_370_399_123
ROWS = [{"id": str(number), "value": f"{number}.50"} for number in range(5)]

Recorded = Callable[[str, object], None]


@pytest.fixture
def record(tmp_path: Path) -> Recorded:
    def write(name: str, body: object) -> None:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(body), "utf-8")

    return write


def coincap(folder: Path, switches: Switches | None = None) -> CoinCap:
    data = MarketData(load_catalogue(150), seed=42, tick_ms=10_000)
    return CoinCap(data, switches or Switches(), load_recordings(folder))


def asked(folder: Path, path: str, query: Mapping[str, str] | None = None) -> tuple[int, Any]:
    answer = coincap(folder).answer(path, query or {}, NOW)
    return answer.status, json.loads(answer.body)


def test_a_recording_is_served_with_the_time_of_now(record: Recorded, tmp_path: Path) -> None:
    record("dominance.json", {"data": ROWS, "timestamp": 1, "more": {"timestamp": 2}})

    status, body = asked(tmp_path, "/v3/dominance")

    assert status == 200
    assert body == {"data": ROWS, "timestamp": NOW, "more": {"timestamp": 2}}
    assert list(body) == ["data", "timestamp", "more"]


def test_what_has_no_time_gets_none(record: Recorded, tmp_path: Path) -> None:
    record("dominance.json", {"data": ROWS})

    assert asked(tmp_path, "/v3/dominance") == (200, {"data": ROWS})


def test_a_route_of_several_words_is_a_file_in_folders(
    record: Recorded, tmp_path: Path
) -> None:
    record("technicals/latest.json", {"data": ROWS})

    assert asked(tmp_path, "/v3/technicals/latest/")[0] == 200
    assert asked(tmp_path, "/v3/technicals")[0] == 404


@pytest.mark.parametrize(
    ("query", "chosen"),
    [
        ({}, ROWS),
        ({"limit": "2"}, ROWS[:2]),
        ({"offset": "3"}, ROWS[3:]),
        ({"limit": "2", "offset": "1"}, ROWS[1:3]),
        ({"offset": "9"}, []),
    ],
)
def test_a_list_is_cut_by_limit_and_offset(
    record: Recorded, tmp_path: Path, query: dict[str, str], chosen: list[object]
) -> None:
    record("dominance.json", {"timestamp": 1, "data": ROWS})

    assert asked(tmp_path, "/v3/dominance", query)[1]["data"] == chosen


def test_a_limit_that_is_none_is_refused_as_on_other_routes(
    record: Recorded, tmp_path: Path
) -> None:
    record("dominance.json", {"timestamp": 1, "data": ROWS})
    strict = coincap(tmp_path, Switches(refuse_over=True))

    assert asked(tmp_path, "/v3/dominance", {"limit": "x"})[0] == 400
    assert asked(tmp_path, "/v3/dominance", {"limit": "2001"})[0] == 200
    assert strict.answer("/v3/dominance", {"limit": "2001"}, NOW).status == 400
    assert strict.answer("/v3/dominance", {}, NOW).status == 200


def test_an_empty_list_and_an_object_are_served_whole(record: Recorded, tmp_path: Path) -> None:
    record("empty.json", {"timestamp": 1, "data": []})
    record("total.json", {"timestamp": 1, "data": {"marketCapUsd": "1.5"}})

    assert asked(tmp_path, "/v3/empty") == (200, {"timestamp": NOW, "data": []})
    assert asked(tmp_path, "/v3/total", {"limit": "1"})[1]["data"] == {"marketCapUsd": "1.5"}


def test_a_simulated_route_wins_over_a_recording(record: Recorded, tmp_path: Path) -> None:
    record("rates.json", {"data": ["recorded"]})
    record("exchanges/asdf.json", {"data": ["recorded"]})
    record("assets/bitcoin/holders.json", {"data": ["recorded"]})

    assert len(asked(tmp_path, "/v3/rates")[1]["data"]) == 189
    assert asked(tmp_path, "/v3/exchanges/asdf") == (404, {"error": "Exchange not found"})
    assert asked(tmp_path, "/v3/assets/bitcoin/holders") == (200, {"data": ["recorded"]})


@pytest.mark.parametrize(
    "path", ["/v3/nothing", "/v2/dominance", "/dominance", "/v3/dominance.json", "/v3/../v3/x"]
)
def test_what_is_not_recorded_is_404(record: Recorded, tmp_path: Path, path: str) -> None:
    record("dominance.json", {"data": ROWS})
    (tmp_path / "README.md").write_text("about the recordings")

    assert asked(tmp_path, path) == (404, {"error": "Not found"})


@pytest.mark.parametrize("text", ["", "[1]", '"x"', "{"])
def test_a_file_that_is_no_answer_is_refused_by_its_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "dominance.json").write_text(text)

    with pytest.raises(RecordingError, match=r"dominance\.json is no JSON"):
        load_recordings(tmp_path)


def test_without_a_folder_the_packages_own_is_read() -> None:
    own = Path(str(files("coincap_simulator"))) / "data" / "recorded"

    assert settings_from([]).recorded is None
    assert (own / "README.md").is_file()
    assert load_recordings(None) == load_recordings(own)


def test_a_folder_that_is_not_there_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        settings_from(["--recorded", str(tmp_path / "none")])

    assert "is no folder" in capsys.readouterr().err
    assert settings_from(["--recorded", str(tmp_path)]).recorded == tmp_path


def test_a_recorded_route_is_counted_as_a_feed() -> None:
    assert feed("/v3/technicals/latest", {"technicals/latest"}) == "technicals/latest"
    assert feed("/v3/technicals", {"technicals/latest"}) == "other"
