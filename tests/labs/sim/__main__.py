"""`python -m tests.labs.sim`: plays the seeds of the simulated worlds; see `tests/labs/seeds.py`."""

import sys

from tests.labs.seeds import World, main
from tests.labs.sim.controls import controls
from tests.labs.sim.play import run_named
from tests.labs.sim.sometimes import SITUATIONS

WORLDS = {
    "sink": World("sink", run_named, controls, SITUATIONS),
}

if __name__ == "__main__":
    sys.exit(main(WORLDS))
