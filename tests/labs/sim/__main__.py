"""`python -m tests.labs.sim`: plays the seeds of the simulated worlds; see `tests/labs/seeds.py`."""

import sys

from tests.labs.seeds import World, main
from tests.labs.sim.controls import controls
from tests.labs.sim.play import run_named
from tests.labs.sim.sometimes import SITUATIONS
from tests.labs.sim_chain import play as chain
from tests.labs.sim_chain.broken import controls as chain_controls
from tests.labs.sim_chain.sometimes import SITUATIONS as CHAIN_SITUATIONS
from tests.labs.sim_runner import play as runner
from tests.labs.sim_runner.controls import every as runner_controls
from tests.labs.sim_runner.sometimes import SITUATIONS as RUNNER_SITUATIONS

WORLDS = {
    "sink": World("sink", run_named, controls, SITUATIONS),
    "runner": World("runner", runner.run_named, runner_controls, RUNNER_SITUATIONS),
    "chain": World("chain", chain.run_named, chain_controls, CHAIN_SITUATIONS),
}

if __name__ == "__main__":
    sys.exit(main(WORLDS))
