"""What a service's README says of its settings is what its code has: names, and defaults."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
READMES = sorted(ROOT.glob("services/*/README.md"))
_ROW = re.compile(r"^\| ((?:`[^`]+`(?:, )?)+) \| ([^|]*) \|", re.MULTILINE)
_SETTING = re.compile(r"^\| `([A-Z0-9_]+)` \| ([^|]*) \|", re.MULTILINE)
_UNITS = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
# Told in words: which topics, which of the contract's names, what is made up at the start.
_IN_WORDS = {
    "S3_SINK_TOPICS",
    "QUERY_API_CURSOR_SECRET",
    "ETL_RUNNER_JOB_NAME",
    "ETL_RUNNER_CRAWLER_NAME",
}


def known() -> dict[str, str]:
    """Each setting's default by its name, as `make docs` writes it."""
    text = (ROOT / "docs/reference/settings.md").read_text()
    return {name: value.strip().strip("`") for name, value in _SETTING.findall(text)}


def rows(readme: str, prefix: str) -> list[tuple[str, str | None]]:
    """Each setting that a README names in its table, and the default that it tells there, if it does.

    A name that begins with `…` or `__` has the group of the first of its row; one without the
    service's prefix has that.
    """
    found: list[tuple[str, str | None]] = []
    for names, told in _ROW.findall(readme):
        asked = re.findall(r"`([^`]+)`", names)
        if not re.fullmatch(r"[A-Z0-9_]+", asked[0]):
            continue
        first = _whole(asked[0], prefix)
        group = first.rpartition("__")[0]
        whole = [first] + [
            f"{group}__{one.lstrip('…_')}" if one[0] in "…_" else _whole(one, prefix)
            for one in asked[1:]
        ]
        values = [one.strip().strip("`") for one in told.split(", ")] if told.strip() else []
        if len(values) != len(whole):
            values = []
        found += [
            (name, values[n] if values else None)
            for n, name in enumerate(whole)
            if "*" not in name
        ]
    return found


def _whole(name: str, prefix: str) -> str:
    is_shared = name.startswith(("KAFKA_", "COINCAP_", "COINLAKE_", "AWS_"))
    return name if is_shared or name.startswith(prefix) else f"{prefix}{name}"


def value(text: str) -> object:
    """A default as it is meant: `8 MiB`, `10^12` and `300.0` are numbers."""
    number, _, unit = text.partition(" ")
    if unit in _UNITS:
        return float(number) * _UNITS[unit]
    if power := re.fullmatch(r"10\^(\d+)", text):
        return 10.0 ** int(power[1])
    try:
        return float(text)
    except ValueError:
        return {"()": "[]", "none": ""}.get(text.lower(), text.lower())


def mistakes(readme: str, prefix: str, settings: dict[str, str]) -> list[str]:
    """What of a README is not so."""
    told = [one for one in rows(readme, prefix) if one[0] not in _IN_WORDS]
    names = [name for name, _ in told]
    found = [
        f"{name} stands there twice" for name in sorted(set(names)) if names.count(name) > 1
    ]
    for name, default in told:
        if name not in settings:
            found.append(f"{name} is no setting")
        elif default is not None and value(default) != value(settings[name]):
            found.append(f"{name} is {settings[name]}, not {default}")
    return found


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.parent.name)
def test_a_readme_tells_settings_as_they_are(path: Path) -> None:
    prefix = path.parent.name.upper().replace("-", "_") + "_"

    assert len(rows(path.read_text(), prefix)) > 10
    assert mistakes(path.read_text(), prefix, known()) == []


def test_what_is_not_so_is_found() -> None:
    text = """
| `X_OBJECT__MAX_BYTES`, `…MAX_AGE_S` | 8 MiB, 60 | of an object |
| `POLL_S`, `GONE_S` | 5, 1 | rhythm |
| `POLL_S` | 5 | again |
"""
    settings = {
        "X_OBJECT__MAX_BYTES": "8388608",
        "X_OBJECT__MAX_AGE_S": "90.0",
        "X_POLL_S": "5.0",
    }

    assert mistakes(text, "X_", settings) == [
        "X_POLL_S stands there twice",
        "X_OBJECT__MAX_AGE_S is 90.0, not 60",
        "X_GONE_S is no setting",
    ]
