"""Control: every asset is an outlet of every announcement."""

from typing import Any

from airflow.sdk import get_current_context
from control_dag import make

from coinlake_airflow import pipeline


class Fixed:
    """A task instance whose task's outlets nobody can narrow."""

    def __init__(self, ti: Any) -> None:
        self._ti = ti
        self.task = type("Task", (), {})()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ti, name)


def context() -> dict[str, Any]:
    real: dict[str, Any] = {**get_current_context()}
    return {**real, "ti": Fixed(real["ti"])}


vars(pipeline)["get_current_context"] = context
make("outlets")
