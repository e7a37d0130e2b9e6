# Everything runs in .venv, which `make` fills with the versions in constraints.txt and refills when they change.
PYTHON ?= python3
ARGS ?=

PYTHON_VERSION = $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
INSTALLED = .venv/installed-$(PYTHON_VERSION)
SITE_INSTALLED = .venv/docs-$(PYTHON_VERSION)
DIST_INSTALLED = .venv/dist-$(PYTHON_VERSION)
RUN = .venv/bin/python -m
PIP = $(RUN) pip --quiet --quiet --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow bench lint format docs docs-serve dist hooks clean

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

docs: $(SITE_INSTALLED) ## build the documentation into site/; a warning is an error
	@rm -rf site
	@echo "Training the networks whose reports the gallery shows ..."
	@$(RUN) docs.make_gallery --reports
	@PYTHONPATH=docs .venv/bin/zensical build --strict --clean >.venv/docs.log 2>&1 || { cat .venv/docs.log; exit 1; }
	@! grep "^griffe: " .venv/docs.log
	@$(RUN) docs.check_site site

docs-serve: $(SITE_INSTALLED) ## show the documentation at http://localhost:8000, built anew when a page changes
	@PYTHONPATH=docs .venv/bin/zensical serve

dist: $(DIST_INSTALLED) ## build wheel and source distribution into dist/, check them, and use them in a clean environment
	@rm -rf dist
	@PIP_BUILD_CONSTRAINT=constraints.txt $(RUN) build --outdir dist .
	@$(RUN) twine check --strict dist/*
	@.venv/bin/python .ci/check_installed.py dist --constraint constraints.txt

hooks: $(INSTALLED) ## let git check format, lint rules and types before every commit
	@$(RUN) pre_commit install

clean: ## remove .venv and caches (runs/ stays)
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .cache build dist site docs/gallery
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

$(SITE_INSTALLED): $(INSTALLED)
	@echo "Installing what builds the documentation into .venv ..."
	@$(PIP) install --constraint constraints.txt --group docs
	@touch $@

$(DIST_INSTALLED): $(INSTALLED)
	@$(PIP) install --constraint constraints.txt --group dist
	@touch $@
