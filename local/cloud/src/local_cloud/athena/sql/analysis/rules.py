"""Rules by class of node, each of which is handed every field of its node by name.

A rule that does not name all fields of its node, or names others, is refused when it is
registered; that each of them is used in the rule's body is checked by a test. So nothing that
the parser read can be passed over in silence.
"""

import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Any, Generic, TypeVar

from local_cloud.athena.sql.failures import not_supported
from trino_sql.tree import Node, parts

Result = TypeVar("Result")


class NodeRules(Generic[Result]):
    """What is done with each class of node; classes without a rule are refused by name."""

    def __init__(self, what: str) -> None:
        self._what = what
        self.known: dict[type[Node], Callable[..., Result]] = {}

    def rule(
        self, kind: type[Node]
    ) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
        """Register a function of (analyser, scope, at, *, every field of `kind`)."""

        def register(function: Callable[..., Result]) -> Callable[..., Result]:
            given = {
                name
                for name, one in inspect.signature(function).parameters.items()
                if one.kind is inspect.Parameter.KEYWORD_ONLY
            }
            wanted = {one.name for one in fields(kind)} - {"at"}
            if given != wanted:
                raise TypeError(
                    f"the rule {function.__name__} of {kind.__name__} takes {sorted(given)}, "
                    f"the node has {sorted(wanted)}"
                )
            self.known[kind] = function
            return function

        return register

    def apply(self, node: Node, *context: Any) -> Result:
        """The rule of this node, with its place and all of its fields."""
        found = self.known.get(type(node))
        if found is None:
            raise not_supported(f"{type(node).__name__} as {self._what}")
        return found(*context, node.at, **parts(node))
