"""Decides as IAM does whether a role may do something: enough for the policies of our template.

Covered: identity policies, one resource policy of the same account, Allow and Deny, wildcards in
actions (any case) and resources, principals `*` and role ARNs, the operators StringEquals, Bool and
Null. An element or operator beyond these raises instead of being overlooked. Not covered, and not
used by us: permission boundaries, session policies, service control policies, access from other
accounts, policy variables.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_KNOWN = {"Sid", "Effect", "Action", "Resource", "Condition", "Principal"}


@dataclass(frozen=True)
class Request:
    """What is asked: by whom, what, on which ARN, with which condition keys."""

    principal: str
    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


def is_allowed(
    request: Request,
    identity: Iterable[Mapping[str, Any]],
    resource_policy: Iterable[Mapping[str, Any]] = (),
) -> bool:
    """Whether the request passes: no Deny anywhere, and an Allow on either side."""
    effects = [s["Effect"] for s in identity if _matches(s, request)]
    effects += [
        statement["Effect"]
        for statement in resource_policy
        if _is_principal(statement["Principal"], request.principal)
        and _matches(statement, request)
    ]
    return "Allow" in effects and "Deny" not in effects


def _matches(statement: Mapping[str, Any], request: Request) -> bool:
    if unknown := set(statement) - _KNOWN:
        raise ValueError(f"not covered: {unknown}")
    return (
        any(_like(p.lower(), request.action.lower()) for p in _many(statement["Action"]))
        and any(_like(p, request.resource) for p in _many(statement["Resource"]))
        and all(
            _condition(operator, key, _many(wanted), request.context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _condition(operator: str, key: str, wanted: list[str], context: Mapping[str, str]) -> bool:
    if operator == "Null":
        return (key not in context) == (wanted == ["true"])
    if operator in ("StringEquals", "Bool"):
        return context.get(key) in wanted
    raise ValueError(f"not covered: {operator}")


def _is_principal(principal: Any, arn: str) -> bool:
    if principal == "*":
        return True
    ((kind, names),) = principal.items()
    return kind == "AWS" and arn in _many(names)


def _like(pattern: str, text: str) -> bool:
    regex = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern)
    return re.fullmatch(regex, text, re.DOTALL) is not None


def _many(value: Any) -> list[str]:
    return list(value) if isinstance(value, list) else [value]
