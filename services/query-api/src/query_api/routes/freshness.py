"""How old the newest data are, and the refusal where a client asked for newer (`max_age`)."""

from collections.abc import Iterable

import pyarrow.compute as pc

from query_api.adapters.ledger import LedgerView
from query_api.core.answers import Rows
from query_api.core.coverage import newest_received_ms
from query_api.core.problems import too_old
from query_api.core.window import instant_ms, rfc3339
from query_api.routes.asked import Asked

# When a row of the raw zone was quoted: its receive time is in no row until its hour is closed.
_TIMES = ("received_ts", "source_ts")


def refuse_old(
    asked: Asked,
    now_ms: int,
    view: LedgerView,
    feeds: Iterable[str],
    live: Rows | None = None,
) -> None:
    """Raise `too_old` where the newest data are older than the client takes.

    Of several feeds the stalest counts. `live`: rows of open hours, which may be newer than all
    that is published. What nobody has received yet is infinitely old.
    """
    newest = [newest_received_ms(view.heads, feed) or 0 for feed in feeds]
    if asked.max_age_s is None or not newest:
        return
    newest_ms = min(newest)
    if live is not None:
        newest_ms = max(newest_ms, newest_row_ms(live))
    age_s = (now_ms - newest_ms) / 1000
    if age_s > asked.max_age_s:
        what = f"the newest data were received at {rfc3339(newest_ms)}"
        if not newest_ms:
            what = "nothing has been received yet"
        raise too_old(what, age_s, asked.max_age_s)


def newest_row_ms(rows: Rows) -> int:
    """The newest time of any row; 0 where rows tell no time."""
    places = [at for at, one in enumerate(rows.columns) if one.name in _TIMES]
    texts = (pc.max(rows.cells.column(at)).as_py() for at in places)
    return max((instant_ms(text, "time") for text in texts if text), default=0)
