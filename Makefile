# One definition of "clean", "tested" and "running"; CI and pre-commit call these targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.SUFFIXES:

# 3.11 is that of Glue and of the images; 3.12 and 3.13 do as well.
PYTHON := $(shell for p in python3.11 python3.13 python3.12 python3 python; do \
  "$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && { echo "$$p"; break; }; done)
NO_PYTHON := coinlake needs Python 3.11, 3.12 or 3.13 and found none: install one (Debian, Ubuntu: apt-get install python3-venv; macOS: brew install python@3.13).
BIN := .venv/bin
# A key in the environment must never make a test spend credits.
CLEAN_ENV := env -u COINCAP_API_KEY -u COINCAP_BASE_URL
PYTEST := $(CLEAN_ENV) $(BIN)/python -m pytest
UNIT := $(PYTEST) tests/unit -q -n 2 --dist loadfile
STACK := $(BIN)/python -m local_stack
PACKAGES := sql shared services/ingestor services/s3-sink services/etl-runner \
  services/etl-runner/kernel services/etl-runner/job services/query-api tools tools/mcp local/cloud local/coincap local/stack
SOURCES := $(addsuffix /src,$(PACKAGES))

help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

# ---- run -------------------------------------------------------------------------------------
demo: setup ## Run the whole pipeline and watch prices travel to SQL (ONCE=1 stops after the first hour)
	@$(STACK) demo $(if $(filter-out 0,$(ONCE)),--once)

up: setup ## Start the whole pipeline in the background; .local/stack.env has its addresses
	@$(STACK) up

down: ## Stop what `make up` started and discard its data
	@if [ -x $(BIN)/python ]; then $(STACK) down; else echo "nothing was set up here"; fi

status: setup ## Show what is running and how far the data has come
	@$(STACK) status

# ---- test ------------------------------------------------------------------------------------
check: lint types arrows ## Everything a commit needs, in under a minute
	@$(UNIT) -m "not long"

compose-test: setup ## The compose stack on a real Docker engine: build, run, kill, restart, compare
	@$(CLEAN_ENV) $(BIN)/python -m pytest tests/compose -v -s $(ARGS)

# Four workers take whole rooms (tests/rooms.py), the longest first: the tiers wait more than they work.
test: jars unit ## What every change must pass: real Kafka, Spark and SQL, four rooms at a time (15 min)
	@$(PYTEST) tests/e2e tests/integration tests/faults tests/contract tests/spark \
	  -n 4 --dist loadscope --no-loadscope-reorder -v --durations=25 $(ARGS)

conformance: setup ## The local Athena beside a real Trino: 7,000 texts of Trino's tests, recorded once
	@$(CLEAN_ENV) $(BIN)/python -m tests.conformance record --only-missing
	@$(CLEAN_ENV) $(BIN)/python -m tests.conformance compare --report $(ARGS)

# Not SECONDS: bash counts in that variable.
campaign: setup jars ## Everything at full size, resumable row by row (hours; ROWS="id …", SECONDS_MAX=600, JOBS=2)
	@$(CLEAN_ENV) $(BIN)/python -m tests.campaign.run $(if $(SECONDS_MAX),--seconds $(SECONDS_MAX)) \
	  --jobs $(or $(JOBS),1) $(ROWS)

sim: setup ## Sink, runner and chain in seeded simulations (SEEDS=1000, FROM=0), then broken variants
	@$(CLEAN_ENV) $(BIN)/python -m tests.labs.sim --seeds $(or $(SEEDS),1000) --from $(or $(FROM),0) $(ARGS)
	@$(CLEAN_ENV) $(BIN)/python -m tests.labs.sim --controls

mutants: setup ## Which changes of a service no test notices (SERVICE=ingestor, SEED=1, SAMPLE=120; resumable)
	@$(CLEAN_ENV) $(BIN)/python -m tests.mutants $(or $(SERVICE),ingestor) --seed $(or $(SEED),1) \
	  --sample $(or $(SAMPLE),120) $(if $(ROOMS),--groups $(ROOMS)) $(ARGS)

bench-sink: setup jars ## The sink and its peers on one topic, a core each (ARGS="--only coinlake,naive")
	@$(CLEAN_ENV) $(BIN)/python -m bench.sink $(ARGS)

bench-sink-memory: setup jars ## The sink's peak memory: 3 million values behind, S3 slow for two minutes
	@$(CLEAN_ENV) $(BIN)/python -m bench.memory $(ARGS)

bench-etl: setup ## The job and two scripts that make the same table, on one core (ARGS="--megabytes 60")
	@$(CLEAN_ENV) $(BIN)/python -m bench.etl $(ARGS)

bench-freshness: setup jars ## How old a price is when SQL first gives it (ARGS="--seconds 180")
	@$(CLEAN_ENV) $(BIN)/python -m bench.freshness $(ARGS)

bench-chain: setup jars ## From Kafka to rows: the sink and the job on the same answers (ARGS="--megabytes 200")
	@$(CLEAN_ENV) $(BIN)/python -m bench.etl.chain $(ARGS)

bench-runner: setup ## What the runner costs by itself: calls, CPU, memory in lakes of 10, 1,000, 9,000 hours
	@$(CLEAN_ENV) $(BIN)/python -m bench.runner_idle

pictures: setup jars ## The page as PNG, each view and state, light and dark, wide and narrow (Chromium; ARGS="--states fresh")
	@$(CLEAN_ENV) $(BIN)/python -m tests.labs.pictures $(ARGS)

board-pictures: setup jars ## Grafana's boards as PNG, by its own panels, of a real stack (Chromium, npm, Prometheus; ARGS="--minutes 3")
	@$(CLEAN_ENV) $(BIN)/python -m tests.labs.boards $(ARGS)

page-weight: setup ## What the page weighs, file by file, as it is sent
	@$(BIN)/python -m bench.page_weight

page-check: setup ## The page's own modules, by TypeScript (npm)
	@$(BIN)/python -m deploy.release page-check

page-vendor: setup ## Bundle the page's libraries anew from their lock (npm)
	@$(BIN)/python -m deploy.release page

bench-neighbours: setup ## One key sends its worst: how another key's small query fares (ARGS="--asked 200")
	@$(CLEAN_ENV) $(BIN)/python -m bench.neighbours $(ARGS)

bench-query: setup jars ## The query service beside PyAthena and awswrangler (ARGS="--rows 10 10000 --rounds 2")
	@$(CLEAN_ENV) $(BIN)/python -m bench.query $(ARGS)

audit: setup ## Prove that the running stack's raw zone holds every record once (ARGS=--deep)
	@test -f .local/stack.env || { echo "no stack runs here: make up" >&2; exit 2; }
	@set -a; . .local/stack.env; $(BIN)/coinlake audit --wait 120 --json .local/audit.json $(ARGS)

outdated: setup ## Which dependencies are behind, withdrawn, quiet or have an advisory (0 none, 1 some, 2 offline)
	@$(BIN)/python -m deploy.outdated $(ARGS)

lint: setup ## ruff: rules and format
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: setup ## mypy, strict, tests included
	@$(BIN)/mypy $(SOURCES) bench deploy/release tests

arrows: setup ## import-linter: who may import whom
	@$(BIN)/lint-imports --no-cache

unit: setup ## Tests in memory
	@$(UNIT) $(ARGS)

test-pythons: setup ## The unit tests and the job's on Python 3.12 and 3.13, where they are installed
	@$(CLEAN_ENV) $(BIN)/python -m tests.pythons $(ARGS)

test-sparks: setup ## The job's tests on Spark 3.5 and 4.1, ANSI casts on and off (SPARKS=4.1 for one of them)
	@$(CLEAN_ENV) $(BIN)/python -m tests.sparks $(SPARKS)

contract spark integration faults e2e: setup jars ## Run one tier of tests
	@$(PYTEST) tests/$@ -v $(ARGS)

fmt: setup ## Format, and fix what ruff can fix
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

docs: setup ## Regenerate the reference pages and the index of ADRs
	@$(BIN)/python docs/generate.py

# ---- release ---------------------------------------------------------------------------------
RELEASE_VENV := .local/release
RELEASE_TOOL := $(RELEASE_VENV)/bin/python -m deploy.release

release: $(RELEASE_VENV)/.stamp ## Wheels, job, images, host archive, SBOM, checksums into dist/ (IMAGES=0)
	@$(RELEASE_TOOL) build --images=$(or $(IMAGES),1) --source=$(SOURCE_URL) --host-images=$(HOST_IMAGES)

push: $(RELEASE_VENV)/.stamp ## Push the images of dist/ to REGISTRY=… and print their digests
	@test -n "$(REGISTRY)" || { echo "make push needs REGISTRY=…" >&2; exit 2; }
	@$(RELEASE_TOOL) push --registry=$(REGISTRY) --host-images=$(HOST_IMAGES)

pins: setup ## Ask the registries for the digests of other people's images (needs an engine; see dependencies.md)
	@$(BIN)/python -m deploy.release pins

version: $(RELEASE_VENV)/.stamp ## Set the version everywhere (V=1.2.3)
	@test -n "$(V)" || { echo "make version needs V=…" >&2; exit 2; }
	@$(RELEASE_TOOL) version $(V)

notice: setup jars ## Regenerate NOTICE and the list of third-party parts behind it
	@$(BIN)/python -m deploy.release notice

surface: $(RELEASE_VENV)/.stamp ## Freeze the public names (before a release)
	@$(RELEASE_TOOL) surface

upgrade-test: $(RELEASE_VENV)/.stamp ## Run the previous release on volumes, then this one on them (from the second release on)
	@$(RELEASE_TOOL) upgrade-test

$(RELEASE_VENV)/.stamp: requirements/release.txt
ifeq ($(PYTHON),)
	@echo "$(NO_PYTHON)" >&2; exit 1
endif
	@$(PYTHON) -m venv $(RELEASE_VENV)
	@$(RELEASE_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt
	@$(RELEASE_VENV)/bin/python -m pip install $(PATIENT) --require-hashes -r requirements/release.txt
	@touch $@

# ---- set-up ----------------------------------------------------------------------------------
# A download that breaks off goes on where it ended; only the pip of build.txt can do that.
PATIENT := --quiet --disable-pip-version-check --retries 10 --timeout 60 --resume-retries 20

setup: .venv/.stamp ## Python packages into .venv

jars: setup ## Kafka's and Spark's jars into .local/jars
	@$(STACK) jars

.venv/.stamp: requirements/dev.txt $(addsuffix /pyproject.toml,$(PACKAGES))
ifeq ($(PYTHON),)
	@echo "$(NO_PYTHON)" >&2; exit 1
endif
	@echo "setting up .venv with $(PYTHON) (once, about a minute)"
	@$(PYTHON) -m venv .venv || { echo "$(PYTHON) is here without venv: install it (Debian, Ubuntu: apt-get install python3-venv)." >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt
	@$(BIN)/python -m pip install $(PATIENT) --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
	  $(addprefix -e ,$(PACKAGES))
	@touch $@

airflow: .local/airflow/venv/.stamp ## Airflow with the DAGs' packages, in .local/airflow/venv (490 MB)

.local/airflow/venv/.stamp: requirements/airflow.txt shared/pyproject.toml services/etl-runner/pyproject.toml | setup
	@echo "setting up .local/airflow/venv (once, about a minute)"
	@mkdir -p .local/airflow && $(PYTHON) -m venv --clear .local/airflow/venv
	@$(BIN)/python -m pip --python .local/airflow/venv/bin/python install $(PATIENT) --require-hashes -r requirements/airflow.txt
	@$(BIN)/python -m pip --python .local/airflow/venv/bin/python install $(PATIENT) --no-deps --no-build-isolation \
	  -e shared -e services/etl-runner
	@$(BIN)/python -m pip --python .local/airflow/venv/bin/python check
	@touch $@

# Of versions of their own: a venv each, made again where its lock has changed.
dbt: .local/dbt/.stamp ## dbt for examples/dbt into .local/dbt

notebook: .local/notebook/.stamp ## What runs examples/notebook into .local/notebook

.local/dbt/.stamp .local/notebook/.stamp: .local/%/.stamp: requirements/%.txt
ifeq ($(PYTHON),)
	@echo "$(NO_PYTHON)" >&2; exit 1
endif
	@$(PYTHON) -m venv --clear .local/$*
	@.local/$*/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt
	@.local/$*/bin/python -m pip install $(PATIENT) --require-hashes -r $<
	@touch $@

lock: ## Resolve the dependencies again (needs uv)
	@for name in dev build release bench clients airflow dbt notebook ingestor s3-sink etl-runner query-api tools mcp job local local-cloud simulator; do \
	  uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    $$([[ " dev bench clients dbt notebook " == *" $$name "* ]] || echo "-c requirements/dev.txt") requirements/$$name.in -o requirements/$$name.txt; \
	done
# The whole of dev.in with another pyspark: what that pins itself (py4j) is free, all else is as in dev.txt.
	@uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  -c <(grep -oE '^[a-z0-9][^ ]*==[^ ]+' requirements/dev.txt | grep -vE '^(pyspark|py4j)==') \
	  --override requirements/spark4.in requirements/dev.in -o requirements/spark4.txt

promtool: setup ## promtool and amtool of the pinned Prometheus and Alertmanager into .local/bin (needs Go)
	@$(BIN)/python -m tests.labs.watchers

clean: ## Remove everything that was built or set up
	@rm -rf .venv .local dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

.PHONY: help demo up down status sim mutants conformance bench-sink bench-sink-memory bench-etl bench-runner bench-freshness bench-chain bench-query bench-neighbours pictures board-pictures page-weight page-check page-vendor audit check test campaign lint types arrows unit contract spark integration compose-test test-pythons test-sparks outdated \
  faults e2e fmt docs release push pins version notice surface upgrade-test setup jars airflow dbt notebook lock clean
