"""Text cut to and filled up to a length: trim, ltrim, rtrim, lpad, rpad (StringFunctions)."""

from collections.abc import Callable

from local_cloud.athena.engines.duck_sql.registry import Signature, python, sql
from local_cloud.athena.engines.duck_sql.representation import quoted
from local_cloud.athena.sql.values import letters, strings
from local_cloud.athena.sql.values.strings import spaced

_NAMES = ("trim", "ltrim", "rtrim")


def _white(name: str) -> Callable[[str], str]:
    def write(value: str) -> str:
        return f"{name}({value}, {quoted(letters.SPACES)})"

    return write


def _given(name: str) -> Callable[[str, str], str]:
    def write(value: str, characters: str) -> str:
        return f"{name}({value}, {characters})"

    return write


def _given_char(name: str) -> Callable[[str, str], str]:
    def write(value: str, characters: str) -> str:
        # A char's trailing spaces are not there, and may not come to be.
        return f"rtrim({name}({value}, {characters}), ' ')"

    return write


for _name in _NAMES:
    sql(f"{_name}(varchar(x))", f"{_name}(char(x))")(_white(_name))
    sql(f"{_name}(varchar(x),codepoints)")(_given(_name))
# CharTrim removes spaces behind what it trimmed; ltrim of a char does not.
sql("ltrim(char(x),codepoints)")(_given("ltrim"))
for _name in ("trim", "rtrim"):
    sql(f"{_name}(char(x),codepoints)")(_given_char(_name))


@python("lpad(varchar(x),bigint,varchar(y))")
def _lpad(value: str, length: int, pad: str) -> str:
    kept, added = strings.padding(value, length, pad)
    return added + kept


@python("lpad(char(x),bigint,varchar(y))")
def _lpad_char(value: str, length: int, pad: str, types: Signature) -> str:
    return _lpad(spaced(value, types.arguments[0]), length, pad)


@python("rpad(varchar(x),bigint,varchar(y))")
def _rpad(value: str, length: int, pad: str) -> str:
    kept, added = strings.padding(value, length, pad)
    return kept + added
