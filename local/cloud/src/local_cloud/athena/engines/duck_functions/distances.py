"""How texts differ and sound, and check digits (StringFunctions, LuhnCheckFunction)."""

from local_cloud.athena.engines.duck_sql.registry import python
from local_cloud.athena.sql.failures import invalid_argument, not_supported
from local_cloud.athena.sql.values import letters

MAX_CELLS = 1_000_000


@python("levenshtein_distance(varchar(x),varchar(y))")
def _levenshtein_distance(a: str, b: str) -> int:
    longer, shorter = (a, b) if len(a) >= len(b) else (b, a)
    if not shorter:
        return len(longer)
    cells = len(longer) * (len(shorter) - 1)
    if cells >= 2**31:
        # Java's product overflows and may pass the check.
        raise not_supported("levenshtein_distance of texts so long")
    if cells > MAX_CELLS:
        raise invalid_argument("The combined inputs for Levenshtein distance are too large")
    previous = list(range(len(shorter) + 1))
    for row, char in enumerate(longer, 1):
        current = [row]
        for column, other in enumerate(shorter):
            step = previous[column] + (char != other)
            current.append(min(step, previous[column + 1] + 1, current[column] + 1))
        previous = current
    return previous[-1]


@python("hamming_distance(varchar(x),varchar(y))")
def _hamming_distance(a: str, b: str) -> int:
    if "\0" in a or "\0" in b:
        # Trino does not get past a NUL.
        raise not_supported("hamming_distance of texts with a NUL")
    if len(a) != len(b):
        raise invalid_argument(
            "The input strings to hamming_distance function must have the same length"
        )
    return sum(x != y for x, y in zip(a, b, strict=True))


# Soundex.US_ENGLISH of Apache Commons Codec: a digit for each letter from A to Z.
_CODES = "01230120022455012623010202"


@python("soundex(varchar)")
def _soundex(value: str) -> str:
    # Java's char is a unit of UTF-16: a letter beyond the first plane is none.
    letters_only = "".join(
        one.upper() for one in value if one <= "\uffff" and letters.is_letter(one)
    )
    if not letters_only:
        return ""
    found, last = letters_only[0], _code(letters_only[0])
    for char in letters_only[1:]:
        if len(found) == 4:
            break
        # H and W do not part equal codes.
        if char in "HW":
            continue
        code = _code(char)
        if code not in ("0", last):
            found += code
        last = code
    return found.ljust(4, "0")


def _code(letter: str) -> str:
    if not "A" <= letter <= "Z":
        raise invalid_argument(f"The character is not mapped: {letter}")
    return _CODES[ord(letter) - ord("A")]


@python("luhn_check(varchar)")
def _luhn_check(value: str) -> bool:
    total = 0
    # From the right: an invalid character anywhere is an error.
    for index, char in enumerate(reversed(value)):
        if not "0" <= char <= "9":
            raise invalid_argument("Input contains non-digit character")
        digit = int(char) * (1 + index % 2)
        total += digit - 9 * (digit > 9)
    return bool(value) and total % 10 == 0
