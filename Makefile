# antbridge: `make help` lists what there is. Needs Python 3.11 or newer, make, and a package index.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TEST_PROCESSES ?= auto

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "antbridge needs Python 3.11 or newer; name one with: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# What the service needs, exactly as locked, and the service itself as `antbridge`.
$(VENV)/.runtime: requirements.lock pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# What the tests and checks need on top.
$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

.PHONY: setup
setup: $(VENV)/.runtime ## Install the service into .venv (then: .venv/bin/antbridge)

.PHONY: demo
demo: $(VENV)/.runtime ## Run the service against two simulated companies; no account needed
	@$(BIN)/antbridge demo

.PHONY: test
test: $(VENV)/.dev ## Run the tests, on SQLite and on a PostgreSQL they bring themselves
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --maxprocesses 4 --dist worksteal

# What drives a browser, on top of that.
$(VENV)/.browser: requirements-browser.lock $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-browser.lock
	@touch $@

.PHONY: test-browser
test-browser: $(VENV)/.browser ## Test the console in Chromium (install it first, or set CHROMIUM)
	$(BIN)/python -m pytest tests/browser

.PHONY: screenshots
screenshots: $(VENV)/.browser ## Take the console's pictures in docs/ anew
	@$(BIN)/python -m tests.browser.screenshots docs

.PHONY: check
check: $(VENV)/.dev ## Run the checks that need no test: format, lint, types, layers, schema
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: docs
docs: $(VENV)/.dev ## Write the generated pages anew and build the documentation into site/
	$(BIN)/python -m scripts.write_docs
	$(BIN)/zensical build --strict --clean

.PHONY: lint-container
lint-container: ## Check the Dockerfile and the compose file (x86-64 Linux)
	@PYTHON=$(PYTHON) scripts/check_container.sh

.PHONY: sbom
sbom: ## List what the image holds as CycloneDX in build/sbom.cdx.json, without Docker
	@PYTHON=$(PYTHON) scripts/write_sbom.sh

.PHONY: sim
sim: $(VENV)/.dev ## Run the simulation: make sim SEEDS=2000, or one again: make sim SEED=4711
	@$(BIN)/python -m tests.simulation.run $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),200))

.PHONY: sim-bugs
sim-bugs: $(VENV)/.dev ## Plant bugs in the code one at a time and have the simulation find each
	@$(BIN)/python -m tests.simulation.planted

.PHONY: orderings
orderings: $(VENV)/.dev ## Play every ordering of cancel, create, ship and confirm, answers lost or not
	@ORDERINGS=all $(BIN)/python -m pytest -q -rP -n $(TEST_PROCESSES) --maxprocesses 4 tests/flow/test_cancel_orderings.py

.PHONY: crashes
crashes: $(VENV)/.dev ## Play every crash of one order's life: make crashes, or one: CASE=sqlite/plain/…
	@$(BIN)/python -m tests.crashes $(if $(CASE),--case $(CASE)) $(if $(DATABASE),--database $(DATABASE))

.PHONY: rotation
rotation: $(VENV)/.dev ## Change the webhook secret again and again at 200 events/s: make rotation SECONDS=60
	@TESTS=all ROTATION_SECONDS=$(or $(SECONDS),60) $(BIN)/python -m pytest -q -s tests/integration/test_rotation_load.py

.PHONY: test-all
test-all: $(VENV)/.dev ## Run all tests, also the long ones and every repetition on PostgreSQL
	@TESTS=all $(MAKE) test

.PHONY: test-alerts
test-alerts: ## Test the alert rules in deploy/prometheus with promtool
	@command -v promtool > /dev/null || { echo "promtool is missing: it comes with Prometheus" \
	  "(Debian and Ubuntu: apt-get install prometheus; else prometheus.io/download)"; exit 1; }
	promtool check rules deploy/prometheus/antbridge.rules.yml
	promtool test rules deploy/prometheus/tests/*.yml

.PHONY: fuzz
fuzz: $(VENV)/.dev ## Send the receiver hostile deliveries: make fuzz COUNT=1000000 (SEED=4711 MINUTES=60)
	@$(BIN)/python -m tests.fuzz.run $(if $(SEED),--seed $(SEED)) \
	  --count $(or $(COUNT),1000000) --minutes $(or $(MINUTES),60)

.PHONY: chaos
chaos: $(VENV)/.dev ## Kill, cut off and starve the real processes: make chaos ORDERS=40 KILLS=20
	TESTS=all CHAOS_ORDERS=$(or $(ORDERS),40) CHAOS_KILLS=$(or $(KILLS),20) $(if $(SEED),CHAOS_SEED=$(SEED)) \
	  $(BIN)/python -m pytest tests/chaos

.PHONY: backlog
backlog: $(VENV)/.dev ## Work 10,000 orders off in virtual time (about half an hour): make backlog ORDERS=1000
	@$(BIN)/python -m tests.backlog.run --orders $(or $(ORDERS),10000)

.PHONY: bench
bench: $(VENV)/.dev ## Measure throughput, latency, start-up time and memory on this machine
	$(BIN)/python -m bench

.PHONY: migrate
migrate: $(VENV)/.runtime ## Bring the database of the settings up to date
	$(BIN)/antbridge migrate

.PHONY: lock
lock: ## Renew the lock files from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra build --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --upgrade -q -o requirements.lock
	uv pip compile pyproject.toml --extra build --extra dev -c requirements.lock --universal \
	  --python-version 3.11 --generate-hashes --no-emit-index-url -q -o requirements-dev.lock
	uv pip compile pyproject.toml --extra build --extra dev --extra browser -c requirements-dev.lock \
	  --universal --python-version 3.11 --generate-hashes --no-emit-index-url -q \
	  -o requirements-browser.lock
	uv pip compile requirements-container.in --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url -q -o requirements-container.lock
	uv pip compile requirements-sbom.in --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url -q -o requirements-sbom.lock

.PHONY: clean
clean: ## Remove the environment and all caches
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
