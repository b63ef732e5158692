# seacan: every task of the project. `make help` lists them.
VENV   ?= .venv
PY     := $(VENV)/bin/python
PYTHON ?= python3
PYTEST := $(PY) -m pytest

.DEFAULT_GOAL := help
.PHONY: help setup demo fmt check test test-unit test-root test-vm conformance golden bench clean

help:  ## list the tasks
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready  ## make .venv with seacan and its tools in it

$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "seacan needs Python 3.11 or newer" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv; }
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(PY) -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

demo: setup  ## install, then run the first container
	$(VENV)/bin/seacan run hello-world

fmt: setup  ## format the code
	$(PY) -m ruff format src tests bench
	$(PY) -m ruff check --fix src tests bench

check: setup  ## lint, types, import contracts
	$(PY) -m ruff format --check src tests bench
	$(PY) -m ruff check src tests bench
	$(PY) -m mypy
	$(VENV)/bin/lint-imports
