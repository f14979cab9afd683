"""No module needs one that needs it: any of them can be read, tested and moved by itself."""

from graphlib import CycleError, TopologicalSorter

import grimp
import pytest

PACKAGES = (
    "coinlake",
    "ingestor",
    "s3_sink",
    "etl_runner",
    "coinlake_job",
    "query_api",
    "coinlake_tools",
    "coinlake_mcp",
    "local_cloud",
    "coincap_simulator",
    "local_stack",
    "trino_sql",
)


def test_there_is_no_circle_of_imports() -> None:
    """Imports that only a type checker makes are imports too."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)

    needs = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}

    assert len(needs) > 600
    TopologicalSorter(needs).prepare()


def test_a_circle_is_found() -> None:
    with pytest.raises(CycleError, match="casting"):
        TopologicalSorter({"text": {"casting"}, "casting": {"text"}}).prepare()
