"""Control: a batch that failed is tried again as it is."""

from control_dag import make

from coinlake_airflow import finding

vars(finding)["next_of"] = lambda *_: "run"
make("halves")
