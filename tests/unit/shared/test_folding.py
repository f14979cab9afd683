"""Lines that repeat: each is written or counted, and memory has a limit."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from coinlake.folding import Folding, FoldingLimits, LogLine, Repeated, template

LIMITS = FoldingLimits(window_s=60.0, texts=3, words=20, templates=4)

lines = st.builds(
    LogLine,
    source=st.sampled_from(["aiokafka", "asyncio"]),
    level=st.sampled_from(["warning", "error"]),
    text=st.builds("{}{}".format, st.sampled_from(["a", "b", "c "]), st.integers(0, 9)),
)
steps = st.lists(st.tuples(lines, st.floats(0, 50), st.booleans()), max_size=120)


@given(steps)
def test_each_line_is_written_or_counted_exactly_once(
    came: list[tuple[LogLine, float, bool]],
) -> None:
    folding, now_s, sizes = Folding(LIMITS), 0.0, []
    written: Counter[tuple[str, str, str]] = Counter()
    said: list[Repeated] = []

    for line, pause_s, each_text in came:
        now_s += pause_s
        said += folding.ended(now_s)
        if folding.is_written(line, now_s, each_text=each_text):
            written[_kind(line.source, line.level, line.text)] += 1
        sizes.append(len(folding))
    said += folding.rest()

    counted = written.copy()
    for one in said:
        counted[_kind(one.source, one.level, one.text)] += one.times
    assert counted == Counter(_kind(line.source, line.level, line.text) for line, *_ in came)
    assert max(sizes, default=0) <= LIMITS.templates
    assert len(folding) == 0


@given(steps)
def test_the_first_line_of_a_template_and_what_must_not_be_lost_are_always_written(
    came: list[tuple[LogLine, float, bool]],
) -> None:
    folding, templates, texts = Folding(LIMITS), set(), set()

    for line, _, each_text in came:
        folding.ended(0.0)
        is_written = folding.is_written(line, 0.0, each_text=each_text)
        kind = _kind(line.source, line.level, line.text)
        assert is_written or kind in templates
        assert is_written or not each_text or line in texts
        templates.add(kind)
        if is_written:
            texts.add(line)


def _kind(source: str, level: str, text: str) -> tuple[str, str, str]:
    return source, level, template(text)


def test_a_flood_is_a_few_lines_and_a_count_for_each_minute() -> None:
    folding, written, said = Folding(FoldingLimits()), 0, []

    for tick in range(180 * 400):
        now_s = tick / 400
        said += folding.ended(now_s)
        written += folding.is_written(LogLine("aiokafka", "error", "Topic x not found"), now_s)

    assert written == 3
    assert [one.times for one in said] == [23_999, 23_999]
    assert [round(one.seconds) for one in said] == [60, 60]


def test_an_error_of_another_partition_is_written_though_only_a_number_differs() -> None:
    folding = Folding(FoldingLimits())

    written = [
        folding.is_written(LogLine("sink", "error", f"stopped t-{number}"), 0.0, each_text=True)
        for number in [*range(100), *range(100)]
    ]

    assert written == [True] * 100 + [False] * 100


def test_lines_that_differ_in_numbers_and_ids_have_one_template() -> None:
    said = [
        "Fetch to node 1 failed after 40.2 s: 0x7f12aa",
        "Fetch to node 23 failed after 0.1 s: 0x9",
    ]
    ids = ["request 4f0a9b3c77de lost", "request 0123456789abcdef lost"]

    assert len({template(one) for one in said}) == 1
    assert len({template(one) for one in ids}) == 1
    assert template("Topic a not found") != template("Topic b not found")
