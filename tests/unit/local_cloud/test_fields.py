"""No field of a done operation is passed over: all of botocore's model is judged, member by member."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from local_cloud.errors import AwsError
from local_cloud.fields import model
from local_cloud.fields.declaration import Fields, Service, fields
from local_cloud.fields.judge import Judge
from tests.field_samples import SERVICES, Sample, samples

# moto keeps whatever region it is told; a list here would only be out of date.
ANY_VALUE = {("CreateBucketConfiguration", "LocationConstraint")}
# The model lists attributes of queues here; what is asked for are those of messages.
OTHER_VALUES = {("ReceiveMessageRequest", "AttributeNames")}


def _reached(service: Service) -> Iterator[Any]:
    """The structures, and the maps with known keys, that a request of this service may have."""
    waiting = [
        model.operation(service.name, name).input_shape for name in sorted(service.operations)
    ]
    seen: set[str] = set()
    while waiting:
        shape = waiting.pop()
        if shape is None or shape.name in seen:
            continue
        if shape.type_name == "structure":
            seen.add(shape.name)
            yield shape
            declared = service.shapes.get(shape.name, Fields())
            shut = {name for name, known in declared.values.items() if known == ()}
            shut |= declared.refused.keys() | declared.neutral.keys()
            waiting += [one for name, one in shape.members.items() if name not in shut]
        elif shape.type_name == "list":
            waiting.append(shape.member)
        elif shape.type_name == "map":
            if getattr(shape.key, "enum", None):
                seen.add(shape.name)
                yield shape
            waiting.append(shape.value)


def _members(shape: Any) -> dict[str, Any]:
    if shape.type_name == "map":
        return dict.fromkeys(shape.key.enum, shape.value)
    return dict(shape.members)


def _problems(service: Service, shapes: Iterator[Any]) -> list[str]:
    """What of the model is not judged, or judged twice, or is no part of it."""
    found, reached = [], set()
    for shape in shapes:
        reached.add(shape.name)
        declared = service.shapes.get(shape.name)
        if declared is None:
            found.append(f"{shape.name} is not declared")
            continue
        members = _members(shape)
        said = [name for group in declared.groups() for name in group]
        found += [f"{shape.name}.{name} is not judged" for name in members if name not in said]
        found += [
            f"{shape.name}.{name} is judged twice" for name in set(said) if said.count(name) > 1
        ]
        found += [
            f"{shape.name}.{name} is not in the model" for name in said if name not in members
        ]
        found += _values(shape.name, declared, members)
    found += [f"{name} is reached by no operation" for name in service.shapes.keys() - reached]
    return found


def _values(name: str, declared: Fields, members: dict[str, Any]) -> Iterator[str]:
    for member, shape in members.items():
        one = shape.member if shape.type_name == "list" else shape
        enum = getattr(one, "enum", None)
        if enum and member in declared.honoured and (name, member) not in ANY_VALUE:
            yield f"{name}.{member} has known values and none is judged"
        for value in declared.values.get(member, ()):
            if enum and value not in enum and (name, member) not in OTHER_VALUES:
                yield f"{name}.{member} cannot be {value}"


@pytest.mark.parametrize("name", SERVICES)
def test_each_member_of_each_done_operation_is_judged_once(name: str) -> None:
    assert _problems(SERVICES[name], _reached(SERVICES[name])) == []


@pytest.mark.parametrize("name", SERVICES)
def test_a_member_that_a_new_model_brings_is_noticed(name: str) -> None:
    service = SERVICES[name]

    for shape in _reached(service):
        if shape.type_name == "structure" and shape.members:
            newer = copy.copy(shape)
            newer.__dict__["members"] = {**shape.members, "BrandNew": _first(shape)}
            assert f"{shape.name}.BrandNew is not judged" in _problems(service, iter([newer]))


def _first(shape: Any) -> Any:
    return next(iter(shape.members.values()))


@pytest.mark.parametrize("name", SERVICES)
def test_a_judgement_that_is_taken_away_is_missed(name: str) -> None:
    service = SERVICES[name]

    for shape, declared in service.shapes.items():
        for member in declared.honoured:
            less = replace(declared, honoured=declared.honoured - {member})
            poorer = replace(service, shapes={**service.shapes, shape: less})
            assert f"{shape}.{member} is not judged" in _problems(poorer, _reached(poorer))


def _every() -> Iterator[tuple[Service, Sample]]:
    for service in SERVICES.values():
        for sample in samples(service):
            yield service, sample


@pytest.mark.parametrize("name", SERVICES)
def test_each_member_sent_on_its_own_is_taken_or_refused_by_name(name: str) -> None:
    judge, wrong, counted = Judge(SERVICES[name]), [], {"taken": 0, "refused": 0}
    for sample in samples(SERVICES[name]):
        counted[sample.judgement] += 1
        try:
            judge.check(sample.operation, sample.request)
            said = None
        except AwsError as error:
            said = error.message
        if sample.judgement == "taken" and said is not None:
            wrong.append(f"{sample}: {said}")
        if sample.judgement == "refused" and (said is None or sample.member not in said):
            wrong.append(f"{sample}: {said}")

    assert wrong == []
    assert counted["taken"] > 0


def test_a_member_that_nobody_judged_is_refused_by_name() -> None:
    shapes = {"GetQueryExecutionInput": fields()}
    service = Service("athena", "Code", frozenset({"GetQueryExecution"}), shapes)

    with pytest.raises(AwsError, match="QueryExecutionId of GetQueryExecution is not there"):
        Judge(service).check("GetQueryExecution", {"QueryExecutionId": "x"})


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({}, "Missing required parameter: QueryString"),
        ({"QueryString": "x", "Surprise": 1}, "Unknown parameter: Surprise"),
        ({"QueryString": 1}, "QueryString must be a string"),
        ({"QueryString": ""}, "QueryString must have 1 to 262144 characters"),
        (
            {"QueryString": "x", "ExecutionParameters": "x"},
            "ExecutionParameters must be a list",
        ),
        (
            {"QueryString": "x", "QueryExecutionContext": {"Base": "x"}},
            "Unknown parameter: QueryExecutionContext.Base",
        ),
    ],
)
def test_a_request_that_aws_would_not_read_is_refused(
    request_: dict[str, Any], said: str
) -> None:
    with pytest.raises(AwsError, match=said):
        Judge(SERVICES["athena"]).check("StartQueryExecution", request_)


def test_a_null_is_a_member_that_is_not_there() -> None:
    cleaned = Judge(SERVICES["athena"]).check(
        "ListWorkGroups", {"NextToken": None, "MaxResults": 5}
    )

    assert cleaned == {"MaxResults": 5}


def test_an_operation_that_is_not_done_is_refused_by_name() -> None:
    with pytest.raises(AwsError, match=r"athena\.CreateNotebook is not there"):
        Judge(SERVICES["athena"]).check("CreateNotebook", {})
