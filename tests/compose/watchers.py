"""Prometheus and Alertmanager of the stack, asked as a person or Grafana would."""

import json
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any


class Watchers:
    """`env` is the .env file of the stack: it has the ports."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._prometheus = f"http://127.0.0.1:{env['PROMETHEUS_PORT']}/api/v1"
        self._alertmanager = f"http://127.0.0.1:{env['ALERTMANAGER_PORT']}/api/v2"

    def query(self, expr: str) -> list[dict[str, Any]]:
        """The samples of an instant query."""
        asked = urllib.parse.urlencode({"query": expr})
        found: list[dict[str, Any]] = self._told(f"query?{asked}")["result"]
        return found

    def jobs_up(self) -> set[str]:
        return {sample["metric"]["job"] for sample in self.query("up == 1")}

    def rules(self) -> list[dict[str, Any]]:
        """Every rule that Prometheus has loaded, with its health and last error."""
        return [rule for group in self._told("rules")["groups"] for rule in group["rules"]]

    def ringing(self) -> set[str]:
        """Alerts that fire in Prometheus."""
        return {
            alert["labels"]["alertname"]
            for alert in self._told("alerts")["alerts"]
            if alert["state"] == "firing"
        }

    def told(self) -> set[str]:
        """Alerts that Alertmanager would tell people of."""
        alerts = _json(f"{self._alertmanager}/alerts?active=true&inhibited=false")
        return {alert["labels"]["alertname"] for alert in alerts}

    def _told(self, path: str) -> Any:
        return _json(f"{self._prometheus}/{path}")["data"]


def _json(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)
