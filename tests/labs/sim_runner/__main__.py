"""`python -m tests.labs.sim_runner`: plays the seeds of the runner's world; see `tests/labs/seeds.py`."""

import sys

from tests.labs.seeds import World, main
from tests.labs.sim_runner.controls import every
from tests.labs.sim_runner.play import run_named
from tests.labs.sim_runner.sometimes import SITUATIONS

WORLDS = {"runner": World("runner", run_named, every, SITUATIONS)}

if __name__ == "__main__":
    sys.exit(main(WORLDS))
