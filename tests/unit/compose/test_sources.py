"""The pipeline has its source, whatever profiles are chosen beside it."""

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

FOLDER = Path(__file__).resolve().parents[3] / "deploy/compose"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((FOLDER / "compose.yaml").read_text())[
    "services"
]
SOURCES = {path.name.split(".")[1] for path in FOLDER.glob("source.*.yaml")}


def profiles_of(name: str, source: str) -> set[str]:
    """The profiles of a service, those of what it extends included (Compose: extends)."""
    service = SERVICES[name]
    found = set(service.get("profiles", []))
    if "extends" in service:
        file = service["extends"]["file"].replace("${COINCAP_SOURCE:-simulator}", source)
        other = yaml.safe_load((FOLDER / file).read_text())["services"]
        found |= set((other[service["extends"]["service"]] or {}).get("profiles", []))
    return found


def started(source: str, chosen: set[str]) -> set[str]:
    """What `up` starts: services without a profile, and those of the chosen ones."""
    return {
        name
        for name in SERVICES
        if not (profiles := profiles_of(name, source)) or profiles & chosen
    }


def choices() -> list[set[str]]:
    """Every combination of all profiles that there are."""
    known = sorted(
        {profile for name in SERVICES for s in SOURCES for profile in profiles_of(name, s)}
    )
    return [set(some) for size in range(len(known) + 1) for some in combinations(known, size)]


@pytest.mark.parametrize(
    "chosen", choices(), ids=lambda chosen: "+".join(sorted(chosen)) or "none"
)
def test_the_simulator_runs_where_it_is_the_source(chosen: set[str]) -> None:
    assert "simulator" in started("simulator", chosen)
    # Whoever names its profile wants it; nobody else gets it beside the real CoinCap.
    assert ("simulator" in started("coincap", chosen)) == ("simulator" in chosen)


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_the_pipeline_is_the_same_whatever_is_chosen_beside_it(source: str) -> None:
    alone = started(source, set())

    assert {"kafka", "s3", "cloud", "ingestor", "s3-sink", "etl-runner", "query-api"} < alone
    assert all(alone <= started(source, chosen) for chosen in choices())


def test_every_source_has_its_settings_and_says_what_it_starts() -> None:
    told = {path.name.split(".")[1] for path in FOLDER.glob("ingestor.*.env")}

    assert told == SOURCES == {"simulator", "coincap"}
