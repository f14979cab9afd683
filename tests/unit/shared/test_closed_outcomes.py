"""Whatever a library raises inside of a call is one of a closed set; our own errors stay theirs."""

import asyncio
import builtins
import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import aiohttp
import pytest
from aiokafka import errors as kafka_errors
from botocore import exceptions as aws_errors
from botocore import parsers
from botocore.parsers import JSONParser, RestXMLParser
from botocore.session import get_session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coinlake import errors, kafka
from coinlake.errors import BadRecordError, CoinlakeError, TransientError, Trouble
from coinlake.outcomes import LastAnswer, away, hear

Call = Callable[[str], AbstractContextManager[Any]]
CALLS: dict[str, Call] = {"AWS": away, "Kafka": kafka.translated}


def _classes() -> Iterator[type[Exception]]:
    """Every class of error of the libraries and of Python."""
    for module in (aws_errors, parsers, kafka_errors, aiohttp, builtins):
        for _, found in inspect.getmembers(module, inspect.isclass):
            if issubclass(found, Exception) and not issubclass(found, MemoryError):
                yield found


def _made(kind: type[Exception]) -> Exception:
    """An error of that class as it may come, whatever its constructor wants."""
    error: Exception = Exception.__new__(
        type(kind.__name__, (kind,), {"__str__": lambda _: "as it came"})
    )
    if isinstance(error, aws_errors.ClientError):
        error.response, error.operation_name = {}, "Op"
    return error


@pytest.mark.parametrize("name", CALLS)
def test_every_class_of_error_becomes_one_that_is_tried_again(name: str) -> None:
    wrong = []

    for kind in sorted(set(_classes()), key=lambda kind: f"{kind.__module__}.{kind.__name__}"):
        try:
            with CALLS[name]("ask"):
                raise _made(kind)
        except Exception as came:
            # BadRecordError: the ingestor puts aside what no broker will ever take.
            if type(came) not in (TransientError, BadRecordError):
                wrong.append(f"{kind.__name__}: {came!r}")

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", CALLS)
def test_our_own_errors_and_a_cancel_pass_as_they_are(name: str) -> None:
    own = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
    kept: list[BaseException] = [
        kind("ours") for kind in own if issubclass(kind, CoinlakeError)
    ]
    kept += [asyncio.CancelledError(), KeyboardInterrupt(), MemoryError()]

    for error in kept:
        with pytest.raises(type(error)) as raised, CALLS[name]("ask"):
            raise error
        assert raised.value is error


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("error", [KeyError("ETag"), ValueError("x"), AssertionError()])
def test_what_a_parser_trips_over_is_told_as_an_unknown_answer(
    name: str, error: Exception
) -> None:
    with (
        pytest.raises(TransientError, match=type(error).__name__) as raised,
        CALLS[name]("ask"),
    ):
        raise error

    assert raised.value.trouble is Trouble.ANSWER


def test_an_error_after_the_call_is_our_own() -> None:
    with away("ask"):
        found = {"a": 1}

    with pytest.raises(KeyError):
        found["b"]


def test_the_answer_to_another_call_is_never_told() -> None:
    first = _said(lambda: _answer(200, b"mine"))
    second = _said(lambda: None)

    assert "b'mine'" in first
    assert "mine" not in second


async def test_calls_side_by_side_hear_their_own_answers() -> None:
    async def ask(name: str) -> str:
        try:
            with away(name):
                await asyncio.sleep(0)
                _answer(200, name.encode())
                await asyncio.sleep(0)
                raise KeyError("field")
        except TransientError as error:
            return str(error)

    said = await asyncio.gather(*(ask(f"call{n}") for n in range(5)))

    assert all(f"b'call{n}'" in text for n, text in enumerate(said))


def test_no_more_than_the_first_bytes_are_told() -> None:
    assert len(_said(lambda: _answer(200, b"x" * 100_000))) < 300


def _said(before: Callable[[], None]) -> str:
    """What a call says that fails after something has happened in it."""
    try:
        with away("ask"):
            before()
            raise KeyError("field")
    except TransientError as error:
        return str(error)


def _answer(status: int, body: bytes, content_type: str = "text/html") -> None:
    """botocore hears an answer."""
    hear({"status_code": status, "headers": {"content-type": content_type}, "body": body})


_MODELS = {
    RestXMLParser: get_session().get_service_model("s3").operation_model("ListObjectsV2"),
    JSONParser: get_session().get_service_model("glue").operation_model("GetJobRuns"),
}
_TEXTS = st.one_of(
    st.binary(max_size=200),
    st.recursive(
        st.sampled_from(["a", "<Code>NoSuchKey</Code>", "<Code/>", "<Error>t</Error>"]),
        lambda inner: st.lists(inner, max_size=3).map(
            lambda parts: f"<Error>{''.join(parts)}</Error>"
        ),
    ).map(str.encode),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["__type", "message", "JobRuns", "Error"]), inner)
        ),
    ).map(lambda value: str(value).replace("'", '"').replace("None", "null").encode()),
)


@given(
    status=st.sampled_from([200, 204, 206, 301, 304, 400, 404, 412, 500, 599]), body=_TEXTS,
    parser=st.sampled_from([RestXMLParser, JSONParser]),
)  # fmt: skip
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_botocore_makes_of_any_bytes_is_told_or_read(
    status: int, body: bytes, parser: Any
) -> None:
    answer = {"status_code": status, "headers": {}, "body": body, "context": {}}
    model = _MODELS[parser]

    try:
        with away("ask"):
            hear(answer)
            parsed = parser().parse(answer, model.output_shape)
            if status >= 300:
                raise aws_errors.ClientError(parsed, model.name)
    except TransientError as error:
        trouble = error.trouble
    else:
        trouble = Trouble.OTHER

    assert trouble in Trouble


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-amz-json-1.1", b""),
        ("application/x-amz-json-1.1", b"[]"),
        ("application/x-amz-json-1.1", b"null"),
        ("application/x-amz-json-1.1", b"<html></html>"),
        ("application/json", b"{}"),
        ("text/html", b"<html></html>"),
        ("", b"{}"),
    ],
)
def test_what_is_no_object_of_the_json_protocol_is_no_answer(
    content_type: str, body: bytes
) -> None:
    answer = LastAnswer(200, content_type, body)

    with pytest.raises(TransientError), away("StopQueryExecution"):
        answer.require_json()


def test_an_empty_object_is_an_answer() -> None:
    with away("StopQueryExecution") as answer:
        _answer(200, b"{}", "application/x-amz-json-1.1")
        answer.require_json()


def test_an_answer_that_never_came_is_none() -> None:
    assert str(LastAnswer()) == "no answer"
