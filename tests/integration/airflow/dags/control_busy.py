"""Control: a busy job is a failure like any other, as it is for Amazon's operator."""

from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.sdk import Context
from control_dag import make

from coinlake_airflow.rebuilding import RebuildOperator


def execute(self: RebuildOperator, context: Context) -> str | None:
    return GlueJobOperator.execute(self, context)


RebuildOperator.execute = execute  # type: ignore[method-assign]
make("busy")
