"""The command `status`: what runs, where, and how far the data has come."""

from local_stack import plan, report, settings, watch
from local_stack.errors import StackError
from local_stack.lake import LakeErrors, open_lake
from local_stack.record import StackRecord
from local_stack.stack import Stack


def show_status(stack: Stack) -> int:
    """Print the state; 0 where everything is alive, 1 otherwise."""
    known = stack.read()
    if known is None or not known.processes:
        stack.progress.block("nothing runs")
        return 1
    dead = stack.dead(known)
    for name, process in known.processes.items():
        where = settings.url(known, name) if name in known.ports else ""
        if name == "kafka":
            where = where.removeprefix("http://")
        state = "dead" if name in dead else f"pid {process.pid}"
        stack.progress.block(
            f"{name:<11} {state:<12} {where:<24} {plan.log_of(stack.paths, name)}"
        )
    if "cloud" not in dead:
        stack.progress.block(f"{_how_far(stack, known)}\n\n{report.places(known)}")
    return 1 if dead else 0


def _how_far(stack: Stack, known: StackRecord) -> str:
    """From the log, the bucket and the ledger: a service's counters begin anew with each start."""
    lake = open_lake(settings.exported(known))
    try:
        objects, size = lake.raw_size()
        heads = lake.heads()
    except LakeErrors as error:
        raise StackError(f"The local cloud did not answer: {error}") from error
    polls = sum(watch.polls_in_log(plan.log_of(stack.paths, "ingestor")).values())
    rows = sum(out.rows for entry in heads.values() for out in entry.outputs)
    return (
        f"{polls:,} polls → {objects:,} raw objects ({size / 1e6:,.1f} MB) → {rows:,} rows in "
        f"{len(heads)} published hours of feeds ({watch.run(known)})"
    )
