"""The command `status`: what runs, where, and how far the data has come."""

from local_stack import plan, settings, watch
from local_stack.stack import Stack


def show_status(stack: Stack) -> int:
    """Print the state; 0 where everything is alive, 1 otherwise."""
    known = stack.read()
    if known is None or not known.processes:
        stack.progress.block("nothing runs")
        return 1
    dead = stack.dead(known)
    for name, process in known.processes.items():
        port = known.ports.get(name)
        where = f"{settings.url(known, name)}" if port else ""
        state = "dead" if name in dead else f"pid {process.pid}"
        stack.progress.block(
            f"{name:<11} {state:<12} {where:<24} {plan.log_of(stack.paths, name)}"
        )
    if not dead:
        stack.progress.block(watch.line(known))
    return 1 if dead else 0
