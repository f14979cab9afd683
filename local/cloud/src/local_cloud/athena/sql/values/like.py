"""LIKE's patterns (trino-main: io.trino.likematcher.LikeMatcher)."""

import re
from dataclasses import dataclass
from functools import lru_cache

from local_cloud.athena.sql.failures import invalid_argument


@dataclass(frozen=True, slots=True)
class LikePattern:
    """The parts between a pattern's `%`, each of a fixed number of characters."""

    parts: tuple[re.Pattern[str], ...]
    sizes: tuple[int, ...]

    def matches(self, text: str) -> bool:
        """Without going back: where a part fits first, what follows has the most room."""
        if len(self.parts) == 1:
            return self.parts[0].fullmatch(text) is not None
        if self.parts[0].match(text) is None:
            return False
        at, end = self.sizes[0], len(text) - self.sizes[-1]
        for part in self.parts[1:-1]:
            found = part.search(text, at)
            if found is None:
                return False
            at = found.end()
        return at <= end and self.parts[-1].match(text, end) is not None


@lru_cache(maxsize=256)
def like_pattern(pattern: str, escape: str | None) -> LikePattern:
    """Raises INVALID_FUNCTION_ARGUMENT for a wrong escape."""
    parts: list[list[str]] = [[]]
    escaped = False
    # LikeFunctions.getEscapeCharacter takes one unit of UTF-16.
    if escape is not None and (len(escape) != 1 or escape > "\uffff"):
        raise invalid_argument("Escape string must be a single character")
    for char in pattern:
        if escaped:
            _check(char in ("%", "_", escape))
            parts[-1].append(re.escape(char))
            escaped = False
        elif char == escape:
            escaped = True
        elif char == "%":
            parts.append([])
        else:
            parts[-1].append("." if char == "_" else re.escape(char))
    _check(not escaped)
    made = tuple(re.compile("".join(one), re.DOTALL) for one in parts)
    return LikePattern(made, tuple(map(len, parts)))


def _check(fine: bool) -> None:
    if not fine:
        raise invalid_argument(
            "Escape character must be followed by '%', '_' or the escape character itself"
        )
