# Everything runs in .venv, which `make` fills with the versions in constraints.txt and refills when they change.
PYTHON ?= python3
ARGS ?=

PYTHON_VERSION = $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
INSTALLED = .venv/installed-$(PYTHON_VERSION)
RUN = .venv/bin/python -m
PIP = $(RUN) pip --quiet --quiet --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow bench lint format hooks clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: $(INSTALLED) ## install the pinned dependencies into .venv (the other targets do it when needed)

demo: $(INSTALLED) ## train a network on handwritten digits; leaves a run folder with report.html under runs/
	@.venv/bin/shinso train digits $(ARGS)

test: $(INSTALLED) ## run the tests; ARGS="tests/nn -k dense" picks some
	@$(RUN) pytest -n 2 $(ARGS)

test-slow: $(INSTALLED) ## run the tests that take minutes
	@$(PIP) install --constraint constraints.txt --editable '.[export]'
	@$(RUN) pytest -m slow $(ARGS)

bench: $(INSTALLED) ## measure how long it takes to start (a few minutes)
	@$(RUN) benchmarks.start $(ARGS)

lint: $(INSTALLED) ## check format, lint rules, docstrings and types
	@$(RUN) ruff format --check .
	@$(RUN) ruff check .
	@$(RUN) mypy

format: $(INSTALLED) ## format the source and repair what can be repaired
	@$(RUN) ruff check --fix .
	@$(RUN) ruff format .

hooks: $(INSTALLED) ## let git check format, lint rules and types before every commit
	@$(RUN) pre_commit install

clean: ## remove .venv and caches (runs/ stays)
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	find src tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

# The mark names the Python version, so another PYTHON starts from an empty .venv.
$(INSTALLED): pyproject.toml constraints.txt
	@command -v "$(PYTHON)" >/dev/null || { echo "PYTHON=$(PYTHON) was not found; shinso needs Python 3.11 or newer." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("PYTHON=$(PYTHON) is Python $(PYTHON_VERSION); shinso needs Python 3.11 or newer.")'
	@echo "Installing the pinned dependencies into .venv (a minute or two) ..."
	@$(PYTHON) -m venv $(if $(wildcard $(INSTALLED)),,--clear) .venv
	@$(PIP) install --constraint constraints.txt --upgrade pip
	@$(PIP) install --constraint constraints.txt --build-constraint constraints.txt --editable . --group dev
	@touch $@
