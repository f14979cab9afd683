"""The real Trino with the tables of the conformance runs: started here, or found running."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.conformance.tables import CATALOG, CATALOGS, SCHEMA, make_tables
from tests.trino_lab.client import Trino
from tests.trino_lab.jdk import jdk24
from tests.trino_lab.maven import server_home
from tests.trino_lab.server import running_trino

LOCAL = Path(__file__).resolve().parents[2] / ".local" / "conformance"
URL = LOCAL / "trino.url"
# Everything that an answer may depend on, besides the text.
SESSION = {
    "X-Trino-User": "conformance",
    "X-Trino-Catalog": CATALOG,
    "X-Trino-Schema": SCHEMA,
    "X-Trino-Time-Zone": "UTC",
    "X-Trino-Language": "en-US",
    # Trino shows a timestamp with its precision to clients that say they know of it
    # (io.trino.client.ClientCapabilities).
    "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME",
}


def session(url: str) -> Trino:
    """The session that every text runs in."""
    return Trino(url, SESSION)


@contextmanager
def started() -> Iterator[Trino]:
    """A Trino of our own, with its tables."""
    jdk = jdk24()
    if jdk is None:
        raise RuntimeError("a real Trino needs a JDK of version 24 or later in /usr/lib/jvm")
    with TemporaryDirectory(prefix="conformance-trino-") as folder:
        home = server_home(("memory", "tpch"))
        data = Path(folder) / "data"
        with running_trino(jdk, home, data, CATALOGS, heap="3G", lasting=True) as server:
            trino = session(server.url)
            make_tables(trino)
            yield trino


def served() -> Trino | None:
    """The Trino of `python -m tests.conformance serve`, where one answers."""
    if not URL.is_file():
        return None
    trino = session(URL.read_text().strip())
    try:
        there = trino.query("select count(*) from odd_nested").error is None
    except OSError:
        return None
    return trino if there else None


@contextmanager
def oracle() -> Iterator[Trino]:
    """The one that is served already, or else one for this block."""
    if (found := served()) is not None:
        yield found
        return
    with started() as trino:
        yield trino
