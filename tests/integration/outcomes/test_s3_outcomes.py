"""Every odd answer to every call of S3 is "dependency away", with its first bytes; nothing else."""

from collections.abc import AsyncIterator, Awaitable, Callable

import boto3
import pytest

from coinlake import aws, outcomes, s3
from coinlake.errors import NotFoundError, PreconditionFailedError, TransientError
from coinlake.s3 import open_store
from coinlake.store import ObjectStore
from tests.odd_answers import ODD, Plan

BUCKET = "outcomes"
BODY = b"\x1f\x8b bytes of an object"


async def _listed(store: ObjectStore) -> object:
    return [item.key async for item in store.list("raw/a=1/")]


async def _folders(store: ObjectStore) -> object:
    return [name async for name in store.list_folders("raw/")]


Call = Callable[[ObjectStore], Awaitable[object]]
CALLS: dict[str, tuple[Call, object]] = {
    "PUT": (lambda store: store.put("raw/new", BODY), None),
    "PUT if none": (lambda store: store.put("raw/once", BODY, if_none_match=True), None),
    "PUT if match": (lambda store: store.put("raw/kept", BODY, if_match="0" * 32), None),
    "HEAD": (lambda store: store.head("raw/a=1/k"), None),
    "GET": (lambda store: store.get("raw/a=1/k"), BODY),
    "LIST": (_listed, ["raw/a=1/k"]),
    "LIST folders": (_folders, ["raw/a=1/"]),
    "DELETE": (lambda store: store.delete("raw/gone"), None),
}
SOUND = {("DELETE", "bare 204"), ("HEAD", "body cut")}
"""What S3 says itself: no body where it deleted; a HEAD is not cut by having no body."""
REDIRECTS = [name for name, odd in ODD.items() if odd.status in (301, 302, 303, 307, 308)]


@pytest.fixture
async def store(plan: Plan) -> AsyncIterator[ObjectStore]:
    client = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET)
    for key in ("raw/a=1/k", "raw/gone"):
        client.put_object(Bucket=BUCKET, Key=key, Body=BODY, Metadata={"link": "7"})
    client.delete_object(Bucket=BUCKET, Key="raw/once")
    client.close()
    async with open_store(BUCKET) as opened:
        yield opened


async def _outcome(call: Call, store: ObjectStore) -> object:
    try:
        return await call(store)
    except Exception as error:
        return error


@pytest.mark.full_size(one_in=2)
@pytest.mark.parametrize("name", CALLS)
async def test_an_odd_answer_is_dependency_away_and_nothing_else(
    name: str, store: ObjectStore, plan: Plan
) -> None:
    call, _ = CALLS[name]
    wrong: list[str] = []

    for odd in ODD:
        plan.always = odd
        came = await _outcome(call, store)
        if (name, odd) not in SOUND and type(came) is not TransientError:
            wrong.append(f"{odd}: {came!r}")

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", CALLS)
async def test_a_redirect_is_not_followed(name: str, store: ObjectStore, plan: Plan) -> None:
    for odd in REDIRECTS:
        plan.asked.clear()
        plan.always = odd

        with pytest.raises(TransientError, match=r"30[1278]"):
            await CALLS[name][0](store)

        assert [*plan.asked.values()] == [1], odd


async def test_control_a_library_that_follows_puts_twice_unseen(
    store: ObjectStore, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws, "_stay_here", lambda **_: None)
    plan.asked.clear()
    plan.due = {"PUT raw": ["page 307"]}

    async with open_store(BUCKET) as follows:
        await follows.put("raw/new", BODY)

    assert plan.asked["PUT raw"] == 2


@pytest.mark.parametrize("name", CALLS)
async def test_the_call_after_it_is_answered_as_ever(
    name: str, store: ObjectStore, plan: Plan
) -> None:
    call, sound = CALLS[name]
    plan.always = "page 200"
    with pytest.raises(TransientError):
        await call(store)

    plan.always = None
    came = await _outcome(call, store)

    if name == "PUT if match":
        assert type(came) is NotFoundError
    elif sound is not None:
        assert came == sound
    else:
        assert not isinstance(came, Exception)


@pytest.mark.full_size(but="page 404-PUT")
@pytest.mark.parametrize("name", ["PUT", "GET", "LIST", "DELETE"])
@pytest.mark.parametrize("odd", ["page 200", "page 404", "page 502"])
async def test_the_reason_holds_the_first_bytes_of_the_answer(
    name: str, odd: str, store: ObjectStore, plan: Plan
) -> None:
    plan.always = odd

    with pytest.raises(TransientError, match="<title>Sorry</title>") as raised:
        await CALLS[name][0](store)

    assert name in str(raised.value)
    assert len(str(raised.value)) < 500


async def test_a_head_that_nobody_answers_for_is_asked_again_as_a_get(
    store: ObjectStore, plan: Plan
) -> None:
    plan.due = {"HEAD raw": ["bare 404", "bare 404"]}

    there = await store.head("raw/a=1/k")
    nothing = await store.head("raw/nothing")

    assert there is not None
    assert (there.size, dict(there.metadata)) == (len(BODY), {"link": "7"})
    assert nothing is None
    assert plan.asked["GET raw"] == 2


async def test_a_page_that_hides_a_done_put_is_met_as_a_refusal(
    store: ObjectStore, plan: Plan
) -> None:
    plan.due = {"PUT raw": ["page 200 done before"]}
    with pytest.raises(TransientError):
        await store.put("raw/once", BODY, if_none_match=True)

    with pytest.raises(PreconditionFailedError):
        await store.put("raw/once", BODY, if_none_match=True)


async def test_control_without_the_closed_set_the_librarys_errors_come_through(
    store: ObjectStore, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "_require_status", lambda *_: None)
    monkeypatch.setattr(outcomes, "TransientError", lambda *_: KeyError("as it came"))
    plan.always = "page 200"

    with pytest.raises(KeyError):
        await store.put("raw/new", BODY)


async def test_control_a_status_alone_believed_takes_a_gateway_for_a_missing_object(
    store: ObjectStore, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "_READ", {(404, "404"): NotFoundError})
    plan.always = "bare 404"

    assert await store.get("raw/a=1/k") is None
