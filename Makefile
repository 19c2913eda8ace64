# Everything happens in .venv, which follows the lock files: a second `make` of anything is quick.
# PYTHON=python3.12 picks the Python that .venv is made with; ARGS=… goes to the command that a target runs.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

BIN := .venv/bin
# Only wheels, and only those whose hashes are locked: installing runs nobody's build script.
INSTALL := $(BIN)/python -m pip --disable-pip-version-check install --quiet --only-binary :all: --require-hashes
# Without isolation the package builds with the hatchling of the lock, and needs no network.
BUILD := --quiet --no-deps --no-build-isolation
# J018 wants Quart's url_for, which pages/ does not know. Lint only: its formatter would put white space into fragments.
DJLINT := $(BIN)/djlint --profile jinja --ignore J018
TIMES ?= 100
COMPILE := $(BIN)/uv pip compile --no-config --quiet --universal --python-version 3.11 --generate-hashes --no-build \
	--no-header --no-emit-index-url --no-emit-find-links --system-certs

##@ Use

.PHONY: run
run: .venv/.runtime  ## install what is missing and start the server; ARGS="--bind 0.0.0.0:8000"
	@exec $(BIN)/quart-chat $(ARGS)

.PHONY: wheel
wheel: .venv/.runtime  ## build the wheel into dist/
	$(BIN)/python -m pip --disable-pip-version-check wheel $(BUILD) --wheel-dir dist .

.PHONY: clean
clean:  ## remove .venv, builds and caches; data/ stays
	rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis tests/artifacts
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

##@ Work on it

.PHONY: test
test: chromium lint pytest  ## everything that CI runs

.PHONY: lint
lint: check-format check-style check-types check-floors check-templates  ## every check but the tests

# Three parts side by side: those of the browser work, those of chaos mostly wait, and the others do some of both. Of two
# processors they need 750 s in all, so that more parts would only take it from one another.
WAITING := tests/chaos tests/promise tests/server
.PHONY: pytest
pytest: .venv/.dev  ## the tests alone; ARGS="-k reconnect"
ifdef ARGS
	@echo '== tests'
	@$(BIN)/pytest $(ARGS)
else
	@echo '== tests: tests/browser beside $(WAITING) beside the others'
	@told=$$(mktemp -d); trap 'rm -rf "$$told"' EXIT; \
	$(BIN)/pytest tests/browser >"$$told/browser" 2>&1 & browser=$$!; \
	$(BIN)/pytest $(WAITING) >"$$told/waiting" 2>&1 & waiting=$$!; \
	status=0; $(BIN)/pytest $(addprefix --ignore=,tests/browser $(WAITING)) || status=1; \
	wait $$waiting || status=1; echo '== $(WAITING)'; cat "$$told/waiting"; \
	wait $$browser || status=1; echo '== tests/browser'; cat "$$told/browser"; \
	exit $$status
endif

.PHONY: chaos
chaos: .venv/.dev  ## break workers, stores and the ways between, for long; TIMES=100 says how often each
	@PROMISE_KILLS=$$((2 * $(TIMES))) CHAOS_STORE=$(TIMES) CHAOS_STARVED=$$((5 * $(TIMES))) \
		CHAOS_FAILOVERS=$$(($(TIMES) / 5 + 1)) CHAOS_SAME=$$((100 * $(TIMES))) CHAOS_TABS=$$((10 * $(TIMES))) \
		CHAOS_JOINS=$$((100 * $(TIMES))) CHAOS_CONNECTS=$$((1000 * $(TIMES))) \
		CHAOS_MALFORMED=$$((1000 * $(TIMES))) CHAOS_SOAK=$$((6 * $(TIMES))) CHAOS_FLOOD=$$(($(TIMES) / 2 + 4)) \
		$(BIN)/pytest -s tests/promise tests/chaos $(ARGS)

.PHONY: soak
soak: .venv/.dev  ## ten minutes of people who come and go, drawn into docs/soak.svg; ARGS="--minutes 60"
	@$(BIN)/python -m tests.chaos.soak --minutes 10 --plot docs/soak.svg $(ARGS)

.PHONY: floods
floods: .venv/.dev  ## what others in a room notice of who floods it, three minutes; ARGS="--seconds 60"
	@$(BIN)/python -m tests.chaos.floods $(ARGS)

.PHONY: network
network: .venv/.dev chromium  ## what a bad network makes of a room, five minutes, into docs/performance.md; ARGS="--rounds 3"
	@$(BIN)/python -m tests.browser.slow --into docs/performance.md $(ARGS)

.PHONY: tour
tour: .venv/.dev chromium emoji  ## every picture of the documents, taken of a demo; ARGS=--serve leaves the demo running
	@$(BIN)/python -m tour $(ARGS)

.PHONY: format
format: .venv/.dev  ## write code the way the checks want it
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

.PHONY: lock
lock: .venv/.dev  ## write the lock files anew; ARGS=--upgrade takes newer versions
	$(COMPILE) $(ARGS) --group build --output-file requirements.lock pyproject.toml
	$(COMPILE) $(ARGS) --group build --group dev --constraint requirements.lock \
		--output-file requirements-dev.lock pyproject.toml
	$(COMPILE) $(ARGS) --group audit --output-file requirements-audit.lock

.PHONY: audit
audit: .venv/audit/.made  ## ask the network whether a locked package has a known weakness; no part of `make test`
	@.venv/audit/bin/pip-audit --disable-pip --require-hashes --strict $(ARGS) \
		--requirement requirements.lock --requirement requirements-dev.lock

.PHONY: bench
bench: .venv/.dev  ## measure the essentials, some minutes; ARGS="quiet busy --only quart-chat,nchan"
	@$(MAKE) --silent -C benchmarks
	@$(BIN)/python -m benchmarks $(ARGS); status=$$?; $(BIN)/python -m benchmarks.report && exit $$status

.PHONY: bench-all
bench-all: .venv/.dev chromium  ## measure everything, about an hour, and write the tables of docs/performance.md
	@$(MAKE) --silent -C benchmarks
	@$(BIN)/python -m benchmarks --full $(ARGS); status=$$?; \
	$(BIN)/python -m benchmarks.report --into docs/performance.md && exit $$status

.PHONY: help
help:  ## this list
	@awk -F ':.*## ' '/^##@/ {print "\n" substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

# The steps of `make lint`.

.PHONY: check-format check-style check-types check-floors check-templates
check-format: .venv/.dev
	@echo '== format (ruff format)'
	@$(BIN)/ruff format --check .

check-style: .venv/.dev
	@echo '== style (ruff check)'
	@$(BIN)/ruff check .

check-types: .venv/.dev
	@echo '== types (mypy)'
	@$(BIN)/mypy

check-floors: .venv/.dev
	@echo '== floors (import-linter)'
	@$(BIN)/lint-imports

check-templates: .venv/.dev
	@echo '== templates (djlint)'
	@$(DJLINT) --quiet --lint templates

.PHONY: chromium
chromium:
	@echo '== Chromium, for the tests that need a browser'
	@for name in chromium chromium-browser google-chrome; do \
		if command -v $$name; then exit 0; fi; \
	done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium; \
	else \
		echo 'No chromium, chromium-browser or google-chrome on PATH: install Chromium (Debian: apt install chromium).' >&2; \
		exit 1; \
	fi

# Where there is no fontconfig, as on macOS, the system has emoji of its own.
.PHONY: emoji
emoji:
	@echo '== a font with emoji, for the pictures'
	@if ! command -v fc-list >/dev/null || fc-list :lang=und-zsye family | grep .; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends fonts-noto-color-emoji; \
	else \
		echo 'No font with emoji: install one (Debian: apt install fonts-noto-color-emoji).' >&2; \
		exit 1; \
	fi

# .venv. The stamps tell which lock it holds.
# Every Python is tried by running it: pyenv's shims are found on PATH and fail when run.

.venv/.made:
	@echo '== .venv'
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
		if $$python -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then \
			$$python -m venv --clear .venv && touch $@; exit; \
		fi; \
	done; \
	echo 'No Python 3.11 to 3.13 with venv and ensurepip found: install one (Debian: apt install python3-venv).' >&2; \
	exit 1

.venv/.runtime: .venv/.made requirements.lock pyproject.toml
	@echo '== packages (requirements.lock)'
	@$(INSTALL) --requirement requirements.lock
	@$(BIN)/python -m pip --disable-pip-version-check install $(BUILD) --editable .
	@touch $@

.venv/.dev: .venv/.runtime requirements-dev.lock
	@echo '== packages (requirements-dev.lock)'
	@$(INSTALL) --requirement requirements-dev.lock
	@touch $@

.venv/audit/.made: .venv/.dev requirements-audit.lock
	@echo '== packages (requirements-audit.lock)'
	@$(BIN)/python -m venv --clear .venv/audit
	@.venv/audit/bin/python -m pip --disable-pip-version-check install --quiet --only-binary :all: --require-hashes \
		--requirement requirements-audit.lock
	@touch $@
