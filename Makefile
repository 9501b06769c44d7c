# Two verbs to begin with: `make run` (paper mode, live view) and `make test` (everything, what CI calls).
# Each sets up .venv by itself, and again whenever a lock file changed.

PYTHON ?= python3
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
LOCKED := $(VENV)/.locked
READY := $(VENV)/.ready

.PHONY: help setup run test check unit bench format lock clean

help:
	@echo "make run     paper mode on the embedded market, with a live view"
	@echo "make test    everything: check, unit and scenario tests (what CI calls)"
	@echo "make check   lint, format, types, house rules"
	@echo "make unit    the tests alone          make bench   the benchmarks, timed"
	@echo "make format  reformat                 make lock    resolve and hash-lock the dependencies again"
	@echo "make setup   .venv from the lock      make clean   remove .venv and caches"

setup: $(READY)

$(LOCKED): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

$(READY): $(LOCKED) pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: setup
	$(BIN)/bot run -c config/paper.toml --speed 10 --watch

test: check unit

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -q tests/test_tidy.py

unit: setup
	$(BIN)/pytest -q -n $(JOBS) --dist loadfile --benchmark-disable --ignore tests/test_tidy.py

bench: setup
	@for file in tests/bench/bench_*.py; do \
	  echo "== $$file"; \
	  if grep -q '^def test_' $$file; then $(BIN)/pytest -q --benchmark-only $$file; \
	  else PYTHONPATH=.:tests $(BIN)/python $$file; fi || exit 1; \
	done

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Resolved in a throwaway environment; no index address is written into the lock files.
COMPILE = build/lock/bin/pip-compile --quiet --strip-extras --generate-hashes --allow-unsafe --resolver backtracking \
  --no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --upgrade

lock:
	$(PYTHON) -m venv --clear build/lock
	build/lock/bin/pip install --quiet pip-tools
	$(COMPILE) -o requirements.txt pyproject.toml
	$(COMPILE) --extra dev -c requirements.txt -o requirements-dev.txt pyproject.toml
	rm -r build/lock

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks
