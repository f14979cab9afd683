"""Workgroups: output location, enforcement, and the limit of scanned bytes."""

import json
import re
from pathlib import Path
from threading import Lock
from typing import Any

from local_cloud.errors import AwsError

PRIMARY = "primary"
MIN_CUTOFF = 10_000_000
_NAME = re.compile(r"[a-zA-Z0-9._-]{1,128}")
_ENGINE = {
    "SelectedEngineVersion": "AUTO",
    "EffectiveEngineVersion": "Athena engine version 3",
}
_DEFAULTS = {
    "EnforceWorkGroupConfiguration": False,
    "PublishCloudWatchMetricsEnabled": False,
    "RequesterPaysEnabled": False,
    "EngineVersion": _ENGINE,
}


class WorkGroups:
    """Workgroups by name, kept in one file."""

    def __init__(self, file: Path, now: float) -> None:
        self._file = file
        self._lock = Lock()
        if file.exists():
            self._groups: dict[str, dict[str, Any]] = json.loads(file.read_text())
        else:
            self._groups = {PRIMARY: _group(PRIMARY, {}, "", now)}

    def get(self, name: str) -> dict[str, Any]:
        found = self._groups.get(name)
        if found is None:
            raise AwsError("InvalidRequestException", f"WorkGroup {name} is not found.")
        return found

    def create(self, request: dict[str, Any], now: float) -> None:
        name = request.get("Name", "")
        if not _NAME.fullmatch(name):
            raise AwsError("InvalidRequestException", f"bad workgroup name {name!r}")
        configuration = request.get("Configuration") or {}
        _check(configuration)
        with self._lock:
            if name in self._groups:
                raise AwsError(
                    "InvalidRequestException", f"WorkGroup {name} is already created"
                )
            self._groups[name] = _group(
                name, configuration, request.get("Description", ""), now
            )
            self._save()

    def update(self, request: dict[str, Any]) -> None:
        group = self.get(request.get("WorkGroup", ""))
        updates = dict(request.get("ConfigurationUpdates") or {})
        result = updates.pop("ResultConfigurationUpdates", None)
        remove_cutoff = updates.pop("RemoveBytesScannedCutoffPerQuery", False)
        _check(updates)
        with self._lock:
            configuration = group["Configuration"]
            if result is not None:
                _update_result(configuration.setdefault("ResultConfiguration", {}), result)
            configuration.update(updates)
            if remove_cutoff:
                configuration.pop("BytesScannedCutoffPerQuery", None)
            group["State"] = request.get("State", group["State"])
            group["Description"] = request.get("Description", group["Description"])
            self._save()

    def delete(self, request: dict[str, Any]) -> None:
        name = request.get("WorkGroup", "")
        self.get(name)
        if name == PRIMARY:
            raise AwsError("InvalidRequestException", "WorkGroup primary cannot be deleted.")
        with self._lock:
            del self._groups[name]
            self._save()

    def listed(self) -> list[dict[str, Any]]:
        keys = ("Name", "State", "Description", "CreationTime")
        return [
            {**{key: group[key] for key in keys}, "EngineVersion": _ENGINE}
            for _, group in sorted(self._groups.items())
        ]

    def enforces_output(self, name: str) -> bool:
        """Whether the workgroup's own output location holds for every query."""
        configuration = self.get(name)["Configuration"]
        own = (configuration.get("ResultConfiguration") or {}).get("OutputLocation")
        return bool(configuration.get("EnforceWorkGroupConfiguration") and own)

    def output(self, name: str, asked: str | None) -> str:
        """Where a query's result goes; with enforcement the workgroup's word is the last."""
        configuration = self.get(name)["Configuration"]
        own = (configuration.get("ResultConfiguration") or {}).get("OutputLocation")
        enforced = configuration.get("EnforceWorkGroupConfiguration")
        location = own if (enforced and own) or not asked else asked
        if not location:
            raise AwsError(
                "InvalidRequestException",
                "No output location provided. An output location is required either through the "
                "Workgroup result configuration setting or as an API input.",
            )
        if not re.match(r"s3://[^/]+", location):
            raise AwsError(
                "InvalidRequestException", f"outputLocation is not a valid S3 path: {location}"
            )
        return str(location).rstrip("/") + "/"

    def cutoff(self, name: str) -> int | None:
        found = self.get(name)["Configuration"].get("BytesScannedCutoffPerQuery")
        return int(found) if found is not None else None

    def _save(self) -> None:
        part = self._file.with_suffix(".part")
        part.write_text(json.dumps(self._groups))
        part.replace(self._file)


def _group(name: str, configuration: dict[str, Any], text: str, now: float) -> dict[str, Any]:
    return {
        "Name": name,
        "State": "ENABLED",
        "Description": text,
        "CreationTime": now,
        "Configuration": {**_DEFAULTS, **configuration, "EngineVersion": _ENGINE},
    }


def _check(configuration: dict[str, Any]) -> None:
    cutoff = configuration.get("BytesScannedCutoffPerQuery")
    if cutoff is not None and cutoff < MIN_CUTOFF:
        raise AwsError(
            "InvalidRequestException",
            f"BytesScannedCutoffPerQuery must be at least {MIN_CUTOFF}, not {cutoff}",
        )
    managed = configuration.get("ManagedQueryResultsConfiguration") or {}
    if managed.get("Enabled"):
        raise AwsError("InvalidRequestException", "managed query results are not there locally")


def _update_result(have: dict[str, Any], updates: dict[str, Any]) -> None:
    if updates.get("RemoveOutputLocation"):
        have.pop("OutputLocation", None)
    if "OutputLocation" in updates:
        have["OutputLocation"] = updates["OutputLocation"]
