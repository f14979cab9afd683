"""Fields that change no answer, whatever they say."""

from tests.nothing_unread.nodes import Field
from trino_sql import tree

NEUTRAL: dict[Field, str] = {
    (tree.Identifier, "quoted"): "Trino finds names without regard to case, quoted or not",
}
