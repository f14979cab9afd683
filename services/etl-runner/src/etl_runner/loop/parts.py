"""What every step of a batch works with."""

from dataclasses import dataclass

from etl_runner.core.ports import JobRuns
from etl_runner.loop.lake import LakeReader
from etl_runner.loop.tables import TableRegistrar
from etl_runner.metrics import EtlMetrics


@dataclass(frozen=True, slots=True)
class StepParts:
    """One bucket, one Glue job, one catalog, and what counts the odd things."""

    lake: LakeReader
    bucket: str
    jobs: JobRuns
    tables: TableRegistrar
    metrics: EtlMetrics
