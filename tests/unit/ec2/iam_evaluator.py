"""Decides as IAM does whether a role may do something: enough for the policies of our template.

Covered: identity policies, one resource policy of the same account, Allow and Deny, wildcards in
actions (any case) and resources, principals `*`, ARNs and services, the operators StringEquals, Bool
and Null. Everything beyond these raises NotCoveredError wherever it stands, also in a statement that the
request has nothing to do with: an element, an operator, a policy variable, a version. Not covered, and
not used by us: permission boundaries, session policies, service control policies, access from other accounts.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

_ELEMENTS = {"Sid", "Effect", "Action", "Resource", "Condition", "Principal"}
_OPERATORS = {"StringEquals", "Bool", "Null"}
_PRINCIPALS = {"AWS", "Service"}


class NotCoveredError(ValueError):
    """A policy says something of which this evaluator cannot tell what it means."""


@dataclass(frozen=True)
class Request:
    """What is asked: by whom, what, on which ARN, with which condition keys."""

    principal: str
    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


def statements(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The statements of a policy document, each of them understood. Raises NotCoveredError."""
    if unknown := set(document) - {"Version", "Id", "Statement"}:
        raise NotCoveredError(f"not covered: {unknown}")
    if document.get("Version") != "2012-10-17":
        raise NotCoveredError(f"not covered: the version {document.get('Version')}")
    found = _many(document["Statement"])
    for statement in found:
        _understand(statement)
    return found


def is_allowed(
    request: Request,
    identity: Iterable[Mapping[str, Any]],
    resource_policy: Iterable[Mapping[str, Any]] = (),
) -> bool:
    """Whether the request passes: no Deny anywhere, and an Allow on either side."""
    own, other = list(identity), list(resource_policy)
    for statement in (*own, *other):
        _understand(statement)
    if any("Principal" in one for one in own) or not all("Principal" in one for one in other):
        raise NotCoveredError(
            "not covered: a principal in an identity policy, or none in another"
        )
    effects = [one["Effect"] for one in own if _matches(one, request)]
    effects += [
        one["Effect"]
        for one in other
        if _is_principal(one["Principal"], request.principal) and _matches(one, request)
    ]
    return "Allow" in effects and "Deny" not in effects


def names_action(statement: Mapping[str, Any], action: str) -> bool:
    """Whether a statement is about an action, on whatever resource and under whatever condition."""
    return any(_like(one.lower(), action.lower()) for one in _many(statement["Action"]))


def _understand(statement: Mapping[str, Any]) -> None:
    unknown = set(statement) - _ELEMENTS
    unknown |= set(statement.get("Condition", {})) - _OPERATORS
    unknown |= {str(statement.get("Effect"))} - {"Allow", "Deny"}
    if unknown or not {"Action", "Resource"} <= set(statement):
        raise NotCoveredError(f"not covered: {unknown or statement}")
    principal = statement.get("Principal", "*")
    if principal != "*" and not (isinstance(principal, dict) and set(principal) <= _PRINCIPALS):
        raise NotCoveredError(f"not covered: {principal}")
    asked = [*_many(statement["Action"]), *_many(statement["Resource"])]
    for operator, keys in statement.get("Condition", {}).items():
        wanted = [one for values in keys.values() for one in _many(values)]
        if operator != "StringEquals" and not set(wanted) <= {"true", "false"}:
            raise NotCoveredError(f"not covered: {operator} {wanted}")
        asked += wanted
    for text in asked:
        if not isinstance(text, str) or "${" in text:
            raise NotCoveredError(f"not covered: {text}")


def _matches(statement: Mapping[str, Any], request: Request) -> bool:
    return (
        names_action(statement, request.action)
        and any(_like(one, request.resource) for one in _many(statement["Resource"]))
        and all(
            _condition(operator, key, _many(wanted), request.context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _condition(operator: str, key: str, wanted: list[str], context: Mapping[str, str]) -> bool:
    if operator == "Null":
        return (key not in context) == (wanted == ["true"])
    return context.get(key) in wanted


def _is_principal(principal: Any, arn: str) -> bool:
    return principal == "*" or any(
        kind == "AWS" and ("*" in _many(names) or arn in _many(names))
        for kind, names in principal.items()
    )


def _like(pattern: str, text: str) -> bool:
    return _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    regex = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern)
    return re.compile(regex, re.DOTALL)


def _many(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]
