"""Control: every asset is an outlet of every announcement."""

from airflow.sdk import get_current_context
from control_dag import make

from coinlake_airflow import pipeline


class Whole(dict[str, object]):
    """The context of a task whose outlets nobody can narrow."""

    def __getitem__(self, name: str) -> object:
        if name == "ti":
            return type("Ti", (), {"task": type("Task", (), {})()})()
        return super().__getitem__(name)


vars(pipeline)["get_current_context"] = lambda: Whole(get_current_context())
make("outlets")
