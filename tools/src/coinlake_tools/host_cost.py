"""What the EC2 host costs a month at us-east-1 list prices, and how much memory it has.

The prices are those of the pages Amazon EC2, EBS, VPC, CloudWatch and S3 pricing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from coinlake_tools.cost import HOURS_PER_MONTH, CostLine

USD_PER_GP3_GB = 0.08
USD_PER_SNAPSHOT_GB = 0.05
USD_PER_ADDRESS_HOUR = 0.005
USD_PER_LOG_GB = 0.50
USD_PER_ALARM = 0.10
USD_PER_S3_GB = 0.023
# Of any size of instance; Linux keeps about a twentieth of the memory that is sold for itself (our
# estimate, not measured).
USABLE_MEMORY = 0.95


@dataclass(frozen=True, slots=True)
class Instance:
    """A type of instance: memory as sold, MiB, and on-demand Linux dollars an hour."""

    memory_mib: int
    usd_per_hour: float

    @property
    def usable_mib(self) -> int:
        """What Linux can give to processes."""
        return int(self.memory_mib * USABLE_MEMORY)


INSTANCES: Mapping[str, Instance] = MappingProxyType(
    {
        "t3.medium": Instance(4 * 1024, 0.0416),
        "t3.large": Instance(8 * 1024, 0.0832),
        "t3.xlarge": Instance(16 * 1024, 0.1664),
        "m6i.large": Instance(8 * 1024, 0.096),
        "m7i.large": Instance(8 * 1024, 0.1008),
    }
)


@dataclass(frozen=True, slots=True)
class Host:
    """The stack's parameters that are billed, and how much is kept. The defaults: the template's."""

    instance: str = "t3.large"
    data_gib: float = 40.0
    system_gib: float = 16.0
    snapshot_gb: float = 20.0
    log_gb: float = 1.0
    alarms: int = 4
    raw_gb: float = 10.0


def host_lines(host: Host) -> list[CostLine]:
    """The host's part of the month's bill, line by line."""
    hourly = INSTANCES[host.instance].usd_per_hour
    disk = host.data_gib + host.system_gib
    return [
        CostLine(
            host.instance,
            f"{HOURS_PER_MONTH} h, {hourly} per hour",
            hourly * HOURS_PER_MONTH,
        ),
        CostLine(
            "gp3 disks",
            f"{host.data_gib:.0f} GB data, {host.system_gib:.0f} GB system",
            disk * USD_PER_GP3_GB,
        ),
        CostLine(
            "IPv4 address", f"{HOURS_PER_MONTH} h", USD_PER_ADDRESS_HOUR * HOURS_PER_MONTH
        ),
        CostLine(
            "snapshots", f"{host.snapshot_gb:.0f} GB", host.snapshot_gb * USD_PER_SNAPSHOT_GB
        ),
        CostLine("logs", f"{host.log_gb:.0f} GB", host.log_gb * USD_PER_LOG_GB),
        CostLine("alarms", f"{host.alarms}", host.alarms * USD_PER_ALARM),
        CostLine("raw objects", f"{host.raw_gb:.0f} GB kept", host.raw_gb * USD_PER_S3_GB),
    ]
