"""Control in Airflow: whoever publishes does not know its own objects again."""

from control_dag import make

from etl_runner.loop import put_objects

vars(put_objects)["decide"] = lambda *_: "moved"
make("mine")
