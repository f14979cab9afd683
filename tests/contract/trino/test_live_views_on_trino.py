"""The live views as a real Trino reads them, from the same catalog and bucket as the local Athena."""

import time
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.integration.local_athena.conftest import World, clients, server, world
from tests.integration.local_athena.live_lake import (
    BEFORE,
    HOUR,
    LiveLake,
    objects_by_chance,
)
from tests.trino_lab.client import Trino
from tests.trino_lab.maven import server_home
from tests.trino_lab.server import running_trino

_READS_TABLES = "SELECT count(*) FROM system.runtime.nodes CROSS JOIN system.runtime.tasks"

pytestmark = [pytest.mark.full_size, pytest.mark.needs("jdk24"), pytest.mark.timeout(900)]

__all__ = ["clients", "server", "world"]


def catalog(url: str) -> str:
    """Athena's own name for the catalog stands in each view."""
    at = urlsplit(url)
    return "\n".join(
        [
            "connector.name=hive",
            "hive.metastore=glue",
            f"hive.metastore.glue.endpoint-url={url}",
            "hive.metastore.glue.region=us-east-1",
            "hive.metastore.glue.aws-access-key=test",
            "hive.metastore.glue.aws-secret-key=test",
            "hive.partition-projection-enabled=true",
            "fs.native-s3.enabled=true",
            f"s3.endpoint=http://{at.netloc}",
            "s3.region=us-east-1",
            "s3.path-style-access=true",
            "s3.aws-access-key=test",
            "s3.aws-secret-key=test",
        ]
    )


@pytest.fixture(scope="module")
def hive(jdk24: str, server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trino]:
    data = tmp_path_factory.mktemp("hive") / "data"
    catalogs = {"awsdatacatalog": catalog(server)}
    with running_trino(jdk24, server_home(("hive",)), data, catalogs) as running:
        deadline = time.monotonic() + 60
        # It answers before it has a node for what reads tables: the coordinator itself.
        while running.query(_READS_TABLES).error == "NO_NODES_AVAILABLE":
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield running


@pytest.mark.parametrize("feed", ["assets", "exchanges"])
def test_trino_reads_an_open_hour_as_the_local_athena_does(
    hive: Trino, world: World, feed: str
) -> None:
    lake, objects = LiveLake(world, feed), objects_by_chance(feed, 11)
    table = lake.element.table
    lake.land(objects)
    lake.boundary(BEFORE)
    live = lake.rows(f"{table}_live")

    def asked() -> Counter[tuple[str | None, ...]]:
        columns = [f'CAST("{one.column}" AS varchar)' for one in lake.element.fields]
        compared = ", ".join(
            [*columns, "CAST(source_ts AS varchar)", "CAST(element_index AS varchar)"]
        )
        answer = hive.query(f"SELECT {compared} FROM awsdatacatalog.live.{table}_live")
        assert answer.error is None, answer.message
        return Counter(answer.rows)

    on_trino = asked()
    assert on_trino == live
    assert sum(live.values()) > 5

    lake.publish(objects)
    lake.boundary(HOUR)
    assert asked() == lake.rows(f"{table}_live") == live
