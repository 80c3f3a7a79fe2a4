# The order room: what a person types. `make help` lists it.
#
# Everything that is installed lands in .venv and web/node_modules; a second call finds it there.
# Stamp files remember which lock file was installed, so a change of the lock installs again.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory

VENV ?= .venv
BIN := $(VENV)/bin
HOST ?= 127.0.0.1
PORT ?= 8000
ARGS ?=
export HOST PORT
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# ------------------------------------------------------------------------------ for a person

.PHONY: help run test fuzz check bench bench-chat bench-clock bench-voice faults screenshots lock clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: install web batch ## serve the room with demo orders on http://HOST:PORT (127.0.0.1:8000)
	@exec $(BIN)/python -m realtime serve --demo

# A hundred servers are started as processes; without bytecode each compiles the house again.
test: install-dev web programs batch ## run every test; ARGS="tests/orders -k refund" picks some
	@$(NPM) test --silent
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses auto $(ARGS)

fuzz: install-dev programs ## ask and say what no person would, FUZZ times as much as `make test`
	FUZZ=$${FUZZ:-20} $(BIN)/python -m pytest tests/fuzz --numprocesses auto --timeout 3600 $(ARGS)

check: install-dev web/node_modules/.stamp ## style, types, directions of imports, lock files
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(NPM) run check
	@if grep -nE '(https?|git|file)[+:]|--(extra-)?index-url|--find-links| @ ' requirements*.lock \
	|| grep -n '"resolved"' web/package-lock.json; then \
	  echo 'A lock file names a download address: make it anew with make lock.' >&2; exit 1; \
	fi

bench: bench-chat bench-clock bench-voice ## measure all three; each prints one line of JSON a run

bench-chat: install-dev programs ## measure messages: how many, how late, what each costs
	PYTHONPATH=. $(BIN)/python tests/bench/chat.py $(ARGS)

bench-clock: install-dev programs ## measure deadlines: lateness, cost, and what idle clocks cost
	PYTHONPATH=. $(BIN)/python tests/bench/clock.py $(ARGS)

bench-voice: install-dev batch ## measure the relay of calls: CPU a packet, delay, set-up, memory
	PYTHONPATH=. $(BIN)/python tests/bench/voice.py $(ARGS)

faults: install-dev programs ## break things for ten minutes and look at the ledger; SEED= SECONDS=
	PYTHONPATH=. $(BIN)/python tests/faults/run.py $(if $(SEED),--seed $(SEED)) \
	  --seconds $(or $(SECONDS),600) $(ARGS)

screenshots: install-dev web programs ## take the pictures in web/screenshots anew
	SCREENSHOTS=web/screenshots $(BIN)/python -m pytest -m screenshots $(ARGS)

lock: $(BIN)/python $(NODE) ## resolve all dependencies anew and write the lock files
	@[ -x $(BIN)/uv ] || $(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile $(COMPILE) --output-file requirements.lock pyproject.toml
	$(BIN)/uv pip compile $(COMPILE) --output-file requirements-dev.lock \
	  --constraint requirements.lock --group dev pyproject.toml
	$(BIN)/uv pip compile $(COMPILE) --output-file requirements-node.lock --group node
	$(NPM) install --package-lock-only --ignore-scripts

clean: ## delete what make made; the demo's data in var/ stays
	rm -rf $(VENV) web/node_modules web/dist web/build tests/output realtime/voice/batch-*.so \
	  .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Names, versions and hashes, for every platform from the oldest Python on, and no address.
COMPILE := --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --custom-compile-command "make lock"

# ---------------------------------------------------------------------------------- Python

.PHONY: install install-dev

install: $(VENV)/.run
install-dev: $(VENV)/.dev

# The system's Python first: distributions build theirs with a profile of how it is used, and it
# carries a fifth more than one that was built without. It needs its headers, for the batch in C.
$(BIN)/python:
	@for headers in with without; do \
	  for python in "$$PYTHON" /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11; do \
	    if [ -n "$$python" ] && "$$python" -c 'import os, sys, sysconfig, ensurepip; \
	      header = os.path.join(sysconfig.get_path("include"), "Python.h"); \
	      sys.exit(sys.version_info < (3, 11) or \
	        sys.argv[1] == "with" and not os.path.exists(header))' $$headers 2>/dev/null; then \
	      echo "Making $(VENV) with $$("$$python" --version), $$(command -v "$$python")"; \
	      exec "$$python" -m venv $(VENV); \
	    fi; \
	    [ -z "$$PYTHON" ] || break; \
	  done; \
	done; \
	echo 'The order room needs Python 3.11 or newer with its venv module, and found none as' \
	  'python3 or python3.11 to python3.14. On Debian: apt-get install python3-venv.' \
	  'Elsewhere: make PYTHON=/path/to/python' >&2; exit 1

$(VENV)/.run: requirements.lock | $(BIN)/python
	@echo 'Installing what the server needs'
	@$(BIN)/python -m pip install -qq --require-hashes --requirement requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock | $(BIN)/python
	@echo 'Installing what the server, its tests and its checks need'
	@$(BIN)/python -m pip install -qq --require-hashes --requirement requirements-dev.lock
	@touch $@ $(VENV)/.run

# The batch of the calls' packets, in C, where a compiler is; elsewhere Python forwards them.
.PHONY: batch
batch: install
	@$(BIN)/python -m realtime.voice.native

# ------------------------------------------------------------------------- browser client

# The machine's Node where it is new enough, else the one that PyPI packs, put into the venv.
NODE_FOUND := $(shell node -p '[a, b] = process.versions.node.split(".").map(Number); \
  a > 20 || (a == 20 && b >= 19)' 2>/dev/null)
ifeq ($(NODE_FOUND),true)
NODE :=
NPM := cd web && npm
else
NODE := $(VENV)/.node
NPM := cd web && PATH="$(abspath $(BIN)):$$PATH" npm
endif

WEB_SOURCES := $(shell [ ! -d web ] || find web -type f \
  -not -path 'web/node_modules/*' -not -path 'web/dist/*' -not -path 'web/build/*' \
  -not -path 'web/screenshots/*')

.PHONY: web
web: web/dist/.stamp

$(VENV)/.node: requirements-node.lock | $(BIN)/python
	@echo 'Installing Node: the machine has none of version 20.19 or newer'
	@$(BIN)/python -m pip install -qq --require-hashes --requirement requirements-node.lock
	@touch $@

web/node_modules/.stamp: web/package.json web/package-lock.json | $(NODE)
	@echo 'Installing what the browser client is built with'
	@$(NPM) ci --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

web/dist/.stamp: web/node_modules/.stamp $(WEB_SOURCES)
	@echo 'Building the browser client'
	@told=$$($(NPM) run --silent build 2>&1) || { echo "$$told" >&2; exit 1; }
	@touch $@

# -------------------------------------------------------------- programs of the machine

# The tests start private servers from these; Debian keeps PostgreSQL's outside PATH.
.PHONY: programs
programs:
	@has() { for name; do PATH="$$PATH:/usr/sbin:/sbin:$$(echo /usr/lib/postgresql/*/bin | tr ' ' ':')" \
	    command -v "$$name" >/dev/null && return; done; return 1; }; \
	missing=; \
	has $${CHROMIUM:-chromium chromium-browser google-chrome-stable google-chrome chrome} \
	  || missing="$$missing chromium"; \
	[ -n "$$TEST_DATABASE_URL" ] || { has initdb && has postgres; } || missing="$$missing postgresql"; \
	has redis-server || missing="$$missing redis-server"; \
	has clamd || missing="$$missing clamav-daemon"; \
	has turnserver || missing="$$missing coturn"; \
	has $${FIREFOX:-firefox-esr firefox} || missing="$$missing firefox-esr"; \
	has ip || missing="$$missing iproute2"; \
	[ -z "$$missing" ] && exit; \
	if [ "$$(id -u)" = 0 ] && has apt-get; then \
	  echo "Installing for the tests:$$missing"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	    apt-get install -qq --yes --no-install-recommends $$missing >/dev/null; \
	else \
	  echo "The tests need$$missing, looked for in PATH and /usr/lib/postgresql/*/bin." \
	    "On Debian: sudo apt-get install$$missing" >&2; exit 1; \
	fi
