# Ponte's verbs. `make up` and `make test` each work alone on a fresh machine that has
# Python 3.11+, make and git; everything lands in .venv, nothing needs root.

PYTHON ?= python3
UV ?= uv
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
ENGINES ?= chromium strace postgresql rabbitmq-server redis-server maven prometheus caddy

# A stamp carries the checksum of the pins it installed, so a changed pin installs anew
# and an unchanged one costs nothing. The developer's set holds the runtime's.
SUM = $(word 1,$(shell cksum requirements/$(1).txt))
RUNTIME := $(VENV)/.stamp-runtime-$(call SUM,runtime)
DEV := $(VENV)/.stamp-dev-$(call SUM,dev)
# `make up` alone is content with the runtime; every other verb wants the developer's set.
WANTED := $(if $(filter-out up,$(MAKECMDGOALS)),$(DEV),$(or $(wildcard $(DEV)),$(RUNTIME)))
PACKAGE := $(VENV)/.stamp-package

# A tool's own answer on absence; 'required' turns an absent engine into a failure.
PONTE_TEST_ENGINES ?=
export PONTE_TEST_ENGINES

ARGS ?=
# Percent of branches and lines that the tests must reach; empty: not measured.
COVERAGE ?=

.DEFAULT_GOAL := help
.PHONY: help setup up test check fmt engines bench soak docs lock

help: ## list the verbs
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile

setup: $(DEV) $(PACKAGE) ## put everything, developer's tools included, into .venv

up: $(WANTED) $(PACKAGE) ## run the whole of Ponte with demonstration data on port 8000
	@$(BIN)/ponte up --demo $(ARGS) || { code=$$?; \
	    [ $$code = 130 ] || [ $$code = 143 ] || exit $$code; }  # Ctrl-C is a good end

test: setup ## run the tests
	$(BIN)/python -m pytest $(if $(COVERAGE),--cov --cov-fail-under=$(COVERAGE)) $(ARGS)

check: setup ## format, lint, types, dependency rule, architecture
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/test_architecture.py

fmt: setup ## put the code into the house's form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup ## measure against the baselines and limits (minutes)
	$(BIN)/python -m bench $(ARGS)

soak: setup ## kill and restart Ponte under load, or live a month with ARGS=--mes (minutes)
	$(BIN)/python -m tests.crash.soak $(ARGS)

engines: ## install what the wider tests need, where this machine allows it
	@sh tests/engines.sh $(ENGINES)
	@sh tests/kafka/fetch.sh

docs: $(VENV)-docs/.stamp ## build the documentation into site/
	$(VENV)-docs/bin/mkdocs build --strict

lock: ## pin every dependency again (needs uv)
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-annotate $(ARGS) requirements/runtime.in -o requirements/runtime.txt
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-annotate $(ARGS) requirements/engines.in -o requirements/engines.txt
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-annotate $(ARGS) requirements/dev.in -o requirements/dev.txt
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-annotate $(ARGS) requirements/docs.in -o requirements/docs.txt

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Ponte needs Python 3.11 or newer: make PYTHON=python3.11 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): | $(BIN)/python
	$(PIP) install -q --require-hashes -r requirements/runtime.txt
	@rm -f $(VENV)/.stamp-runtime-* && touch $@

$(DEV): | $(BIN)/python
	$(PIP) install -q --require-hashes -r requirements/dev.txt
	@rm -f $(VENV)/.stamp-dev-* && touch $@

# The backend comes from the pinned set (--no-build-isolation), so this step fetches nothing.
$(PACKAGE): pyproject.toml | $(WANTED)
	$(PIP) install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)-docs/.stamp: requirements/docs.txt
	$(PYTHON) -m venv $(VENV)-docs
	$(VENV)-docs/bin/python -m pip install -q --require-hashes -r requirements/docs.txt
	@touch $@
