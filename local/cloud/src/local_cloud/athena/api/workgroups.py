"""Workgroups: output location, enforcement, and the limit of scanned bytes."""

import json
import re
from pathlib import Path
from threading import Lock
from typing import Any

from local_cloud.athena.api.executions import History
from local_cloud.errors import AwsError
from local_cloud.pages import keyed_page

PRIMARY = "primary"
MAX_PAGE = 50
_NAME = re.compile(r"[a-zA-Z0-9._-]{1,128}")
_DEFAULTS = {
    "EnforceWorkGroupConfiguration": False,
    "PublishCloudWatchMetricsEnabled": False,
    "RequesterPaysEnabled": False,
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
        name = request["Name"]
        if not _NAME.fullmatch(name):
            raise AwsError("InvalidRequestException", f"bad workgroup name {name!r}")
        with self._lock:
            if name in self._groups:
                raise AwsError(
                    "InvalidRequestException", f"WorkGroup {name} is already created"
                )
            configuration = request.get("Configuration") or {}
            text = request.get("Description", "")
            self._groups[name] = _group(name, configuration, text, now)
            self._save()

    def update(self, request: dict[str, Any]) -> None:
        group = self.get(request["WorkGroup"])
        updates = dict(request.get("ConfigurationUpdates") or {})
        result = updates.pop("ResultConfigurationUpdates", None)
        updates.pop("ManagedQueryResultsConfigurationUpdates", None)
        updates.pop("RemoveCustomerContentEncryptionConfiguration", None)
        remove_cutoff = updates.pop("RemoveBytesScannedCutoffPerQuery", False)
        if "EngineVersion" in updates:
            updates["EngineVersion"] = _engine(updates["EngineVersion"])
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

    def delete(self, request: dict[str, Any], history: History) -> None:
        """With `RecursiveDeleteOption` its history goes too; without, it must have none.

        (Athena API, DeleteWorkGroup.)
        """
        name = request["WorkGroup"]
        self.get(name)
        if name == PRIMARY:
            raise AwsError("InvalidRequestException", "WorkGroup primary cannot be deleted.")
        if history.of(name) and not request.get("RecursiveDeleteOption"):
            raise AwsError("InvalidRequestException", f"WorkGroup {name} is not empty")
        with self._lock:
            del self._groups[name]
            self._save()
        history.forget(name)

    def listed(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListWorkGroups, by name."""
        names, rest = keyed_page(
            sorted(self._groups), request, MAX_PAGE, "InvalidRequestException"
        )
        return {"WorkGroups": [_summary(self._groups[name]) for name in names], **rest}

    def enforces_output(self, name: str) -> bool:
        """Whether the workgroup's own output location holds for every query."""
        configuration = self.get(name)["Configuration"]
        own = (configuration.get("ResultConfiguration") or {}).get("OutputLocation")
        return bool(configuration.get("EnforceWorkGroupConfiguration") and own)

    def output(self, name: str, asked: str | None) -> str:
        """Where a query's result goes; with enforcement the workgroup's word is the last.

        (Athena API, WorkGroupConfiguration: EnforceWorkGroupConfiguration.)
        """
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
    engine = _engine(configuration.get("EngineVersion") or {})
    return {
        "Name": name,
        "State": "ENABLED",
        "Description": text,
        "CreationTime": now,
        "Configuration": {**_DEFAULTS, **configuration, "EngineVersion": engine},
    }


def _engine(asked: dict[str, Any]) -> dict[str, str]:
    return {
        "SelectedEngineVersion": asked.get("SelectedEngineVersion", "AUTO"),
        "EffectiveEngineVersion": "Athena engine version 3",
    }


def _summary(group: dict[str, Any]) -> dict[str, Any]:
    keys = ("Name", "State", "Description", "CreationTime")
    engine = group["Configuration"]["EngineVersion"]
    return {**{key: group[key] for key in keys}, "EngineVersion": engine}


def _update_result(have: dict[str, Any], updates: dict[str, Any]) -> None:
    if updates.get("RemoveOutputLocation"):
        have.pop("OutputLocation", None)
    if updates.get("RemoveExpectedBucketOwner"):
        have.pop("ExpectedBucketOwner", None)
    for name in ("OutputLocation", "ExpectedBucketOwner"):
        if name in updates:
            have[name] = updates[name]
