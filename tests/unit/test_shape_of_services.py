"""All services have one shape: who knows one finds their way in the others."""

import ast
import re
from pathlib import Path

import pytest

from .test_house import SERVICES


def _module(service: str, name: str) -> ast.Module:
    return ast.parse((SERVICES[service] / name).read_text())


def _methods(node: ast.ClassDef) -> list[str]:
    return [
        one.name for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_the_root_wires_and_runs_and_has_no_behaviour_of_its_own(service: str) -> None:
    body = _module(service, "app.py").body
    methods = {one.name: _methods(one) for one in body if isinstance(one, ast.ClassDef)}
    runs = [one for one in body if isinstance(one, ast.AsyncFunctionDef) and one.name == "run"]

    assert {name: found for name, found in methods.items() if found} == {}
    assert [[argument.arg for argument in one.args.args][:2] for one in runs] == [
        ["settings", "stop"]
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_service_tells_of_itself_stands_in_one_module(service: str) -> None:
    folder = SERVICES[service]
    tells = re.compile(r"def _?(ready|status)\(")
    found = {
        str(path.relative_to(folder))
        for path in folder.rglob("*.py")
        if tells.search(path.read_text())
    }

    assert found == {"observe.py"}


@pytest.mark.parametrize("service", SERVICES)
def test_metrics_are_declared_in_one_module_and_nowhere_else(service: str) -> None:
    folder: Path = SERVICES[service]
    declares = re.compile(r"^from coinlake.metrics import .*\bFamily\b", re.M)
    found = [
        str(path.relative_to(folder))
        for path in folder.rglob("*.py")
        if declares.search(path.read_text())
    ]

    assert found == ["metrics.py"]
