"""format(): Java's String.format over values."""

from local_cloud.athena.duck_sql.text import Text, form
from local_cloud.athena.failures import not_supported
from local_cloud.athena.ir import Special


@form("format")
def _format(text: Text, expr: Special) -> str:
    raise not_supported("format()")
