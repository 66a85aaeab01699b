# `make` alone lists the targets. The only thing needed beforehand is Python 3.11 or newer, with venv.

# A version manager's shim can exist and still fail, so each candidate is run, not looked up.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& { $$p -c 'import sys; print(sys.executable)'; break; }; done)
PIPENV_VERSION := 2026.10.3
BIN := .venv/bin
FLASK := $(BIN)/flask --app wsgi

HOST ?= 127.0.0.1
PORT ?= 5000
DEMO ?= 1
WORKERS ?= 2
FULL ?= 0
export DEMO

.DEFAULT_GOAL := help
.PHONY: help run test fuzz lint types bench docs clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-8s %s\n", $$1, $$2}'

run: .venv/.stamp ## Migrate, load demo data once (DEMO=0: none), serve on HOST:PORT (127.0.0.1:5000)
	$(FLASK) db upgrade
	$(FLASK) setup demo
	$(BIN)/gunicorn wsgi:app --config deploy/gunicorn.conf.py --worker-class gthread --workers 1 --threads 8 \
		--no-control-socket --bind $(HOST):$(PORT)

test: .venv/.stamp ## Run the whole suite on SQLite and on PostgreSQL + Redis (WORKERS=2)
	$(BIN)/pytest -n $(WORKERS)

fuzz: .venv/.stamp ## Run the long searches for bad input
	$(BIN)/pytest -n $(WORKERS) -m fuzz

lint: .venv/.stamp ## Check style, format and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: .venv/.stamp ## Check types
	$(BIN)/mypy

bench: .venv/.stamp-benchmark ## Compare with a bare floor and a FastAPI peer; FULL=1: all goals at full size
	$(BIN)/python -m benchmarks.run $(if $(filter-out 0,$(FULL)),--full)

docs: .venv/.stamp ## Write docs/openapi.json
	$(FLASK) docs build

clean: ## Remove the environment and caches; instance/ stays
	rm -rf .venv .tools .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.tools/.stamp: Makefile
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with venv is needed (Debian: apt-get install python3-venv)"; exit 1; }
	$(PYTHON) -m venv .tools
	.tools/bin/pip install --quiet --disable-pip-version-check pipenv==$(PIPENV_VERSION)
	@touch $@

# The lock is made on Python 3.11; on a newer one pipenv warns about that and installs the same versions.
.venv/.stamp: Pipfile.lock .tools/.stamp
	PIPENV_VENV_IN_PROJECT=1 PIPENV_IGNORE_VIRTUALENVS=1 .tools/bin/pipenv sync --dev --python $(PYTHON)
	@touch $@

# What the benchmark is compared with; nothing else needs it.
.venv/.stamp-benchmark: .venv/.stamp
	PIPENV_VENV_IN_PROJECT=1 PIPENV_IGNORE_VIRTUALENVS=1 .tools/bin/pipenv sync --categories benchmark
	@touch $@
