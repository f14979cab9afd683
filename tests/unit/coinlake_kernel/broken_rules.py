"""Rules changed on one side only: the controls of what holds the columns against the row rules."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import orjson
import pytest

from coinlake_kernel import columns, hour_rows, memos, reading, values
from coinlake_kernel.answers import count_key
from coinlake_kernel.rules import BY_TABLE

Break = Callable[[pytest.MonkeyPatch], None]


def without_check_of_size(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(columns, "_are_short", lambda texts, digits: True)


def without_check_of_length(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(columns, "_LONGEST", 10**6)


def without_proof(patch: pytest.MonkeyPatch) -> None:
    def parsed(value: bytes) -> Any:
        try:
            found = orjson.loads(value)
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    patch.setattr(reading, "_parsed", parsed)


def numbers_may_be_texts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        memos.TextMemo, "numbers", lambda self, all_: [self.number(one) for one in all_]
    )


def skew_is_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("coinlake_kernel.hour.is_far", lambda *_: False)


def seven_digits_less(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(values._UNITS, 18, Decimal(1).scaleb(-11))


def hard_rules_are_soft(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("coinlake_kernel.hour_rows.BY_TABLE", dict.fromkeys(BY_TABLE, ()))


def times_have_no_end(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(columns._RANGE, "millis", (0, 2**63))
    patch.setitem(columns._CASTS, "millis", columns._integers("millis"))


def columns_announce_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        reading, "count_unknown", lambda tallies, _, key, __: count_key(tallies, "unknown", key)
    )


def nothing_is_stale(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("coinlake_kernel.conditions.MAX_UPDATE_AGE_MS", 10**15)


def every_row_is_an_orphan(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("coinlake_kernel.hour.orphans", lambda rows, quotes: len(rows))


def hard_rules_are_not_counted(patch: pytest.MonkeyPatch) -> None:
    plain = hour_rows.HourRows._judge

    def judge(self: hour_rows.HourRows, *arguments: Any) -> None:
        plain(self, *arguments)
        for name in [name for name in self.tallies if name.startswith("broken:")]:
            del self.tallies[name]

    patch.setattr(hour_rows.HourRows, "_judge", judge)
