"""What the EC2 host costs a month at us-east-1 list prices, and how much memory it has."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from coinlake import prices
from coinlake_tools.cost import HOURS_PER_MONTH, CostLine

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
            disk * prices.USD_PER_GP3_GB_MONTH,
        ),
        CostLine(
            "IPv4 address",
            f"{HOURS_PER_MONTH} h",
            prices.USD_PER_ADDRESS_HOUR * HOURS_PER_MONTH,
        ),
        CostLine(
            "snapshots",
            f"{host.snapshot_gb:.0f} GB",
            host.snapshot_gb * prices.USD_PER_SNAPSHOT_GB_MONTH,
        ),
        CostLine("logs", f"{host.log_gb:.0f} GB", host.log_gb * prices.USD_PER_LOG_GB),
        CostLine("alarms", f"{host.alarms}", host.alarms * prices.USD_PER_ALARM_MONTH),
    ]
