# Two commands on a machine with Python 3.11+ and make: make demo, make test.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test check format bench clean

demo: $(VENV)/.demo
	$(BIN)/clickctl demo

test: $(VENV)/.dev
	$(MAKE) check
	$(BIN)/python -m pytest -n auto --dist loadgroup

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev
	$(BIN)/pip install --quiet polars
	$(BIN)/python -m benchmarks.transform --chart docs/transform.svg
	$(BIN)/python -m benchmarks.control_plane
	$(BIN)/python -m benchmarks.load
	$(BIN)/python -m benchmarks.scan
	$(BIN)/python -m benchmarks.dq

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "clickctl needs Python 3.11 or newer: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(VENV)/bin/python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[local]'
	touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) clickctl-demo build dist .bench
