# From a clean clone: `make demo`, then `make test`. Needs Python 3.11 or later and make.
# Each step leaves a stamp in the virtual environment, so a second run starts at once.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
SOURCES := $(shell find src -name '*.py')

.DEFAULT_GOAL := help
.PHONY: help demo test test-all lint format docs bench bench-mapper clean

help:
	@echo 'make demo      what AlexNet costs on Eyeriss; writes alexnet.json'
	@echo 'make test      the tests that take minutes'
	@echo 'make test-all  the tests that take longer, too'
	@echo 'make lint      style, types, import order, spelling'
	@echo 'make format    let the formatter rewrite src and tests'
	@echo 'make docs      let the program rewrite the output that the docs quote'
	@echo 'make bench     time and memory of whole commands'
	@echo 'make bench-mapper  other mappers on the same problems: an hour'
	@echo 'make clean     remove the virtual environment and the caches'

demo: $(VENV)/warm
	$(BIN)/pj evaluate alexnet --on eyeriss --save alexnet.json

test: $(VENV)/dev $(VENV)/warm
	$(BIN)/python -m pytest -n auto --dist worksteal -m 'not slow'

test-all: $(VENV)/dev $(VENV)/warm
	HYPOTHESIS_PROFILE=random $(BIN)/python -m pytest

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports
	$(BIN)/codespell src tests docs benchmarks README.md CONTRIBUTING.md CHANGELOG.md

format: $(VENV)/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/dev $(VENV)/warm
	$(BIN)/python tests/docs/documents.py

bench: $(VENV)/dev $(VENV)/warm
	$(BIN)/python benchmarks/evaluate.py

bench-mapper: $(VENV)/dev $(VENV)/warm
	$(BIN)/python benchmarks/mapper/run.py

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis .benchmarks .import_linter_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The version is checked before anything is made, so that an old Python leaves nothing behind.
$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "make: $(PYTHON) is missing or older than Python 3.11; try: make PYTHON=python3.12" >&2; \
	  exit 1; }
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/base: $(VENV)/made pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/dev: $(VENV)/base
	$(PIP) install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

# Compiled kernels are cached beside their sources; only a changed one is compiled again.
$(VENV)/warm: $(VENV)/base $(SOURCES)
	@echo 'compiling the kernels, once'
	$(BIN)/pj warm
	touch $@
