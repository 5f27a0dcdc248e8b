# `make` lists the targets. Everything is set up in .venv; continuous integration runs the same targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BUF_VERSION := 1.75.0
BUF := $(firstword $(wildcard build/buf/node_modules/.bin/buf) $(shell command -v buf))
PACKAGES := case_service detection_service fix_gateway ingest_service simulator tapewatch
PROTOS := $(shell find protos -name '*.proto')
SOURCES := $(shell find $(wildcard $(PACKAGES)) -name '*.py' -o -name '*.pxd')
LOCK := CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe \
	--strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options
PYTEST_ARGUMENTS ?=
PARALLEL ?= -n auto --maxprocesses 4 --dist loadfile
KILLS ?= 20

.PHONY: help setup demo test check chaos bench fuzz interop protos lock clean buf project

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.requirements project $(VENV)/.protos $(VENV)/.core ## set everything up in .venv, the compiled core too
	@$(BIN)/python -c 'from tapewatch.engine_mode import main; main()'

demo: setup ## the whole system on this machine, fed by the simulator
	$(BIN)/tapewatch demo

test: setup ## the tests (PYTEST_ARGUMENTS='tests/market -k book' for some of them)
	$(BIN)/python -m pytest $(PARALLEL) $(PYTEST_ARGUMENTS)

check: setup ## style, types, import rules, contracts, rules, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python build_protos.py --check
	$(BIN)/tapewatch rules check
	$(BIN)/tapewatch rules pages --check
	@if [ -n "$(BUF)" ]; then echo "$(BUF) lint"; "$(BUF)" lint; \
	else echo "buf is not installed: the contracts were not linted (\`make buf\` installs it)"; fi

chaos: setup ## kill -9 under load, again and again (KILLS=20 of each service); a gap of 10,000 messages; 50 analysts
	TAPEWATCH_CHAOS_KILLS=$(KILLS) $(BIN)/python -m pytest -s tests/fix_gateway/test_kills.py \
		tests/case_service/test_analysts.py $(PYTEST_ARGUMENTS)

bench: setup ## rates and latencies of this machine
	$(BIN)/tapewatch bench

fuzz: setup ## FIX bytes by atheris (Python below 3.13) for FUZZ_SECONDS=60
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements/fuzz.txt
	mkdir -p build/fuzz
	$(BIN)/python -m tests.fuzz.run build/fuzz -max_total_time=$${FUZZ_SECONDS-60}

interop: setup ## FIX sessions against QuickFIX (built once, minutes) and QuickFIX/J (needs Java and Maven)
	$(BIN)/python -m tests.interop.setting_up
	TAPEWATCH_INTEROP_MESSAGES=$${TAPEWATCH_INTEROP_MESSAGES-10000} $(BIN)/python -m pytest tests/interop $(PYTEST_ARGUMENTS)

protos: $(VENV)/.requirements ## generate surveillance/v1 from protos/
	$(BIN)/python build_protos.py

lock: $(VENV)/.requirements ## resolve the requirements again (LOCK_ARGUMENTS=--upgrade for newer versions)
	$(LOCK) $(LOCK_ARGUMENTS) --extra dev --extra postgres --extra plots -o requirements/lock.txt pyproject.toml
	$(LOCK) $(LOCK_ARGUMENTS) --extra postgres -c requirements/lock.txt -o requirements/runtime.txt pyproject.toml

buf: ## install buf, which lints the contracts (needs npm)
	npm install --silent --no-audit --no-fund --no-save --prefix build/buf @bufbuild/buf@$(BUF_VERSION)

clean: ## remove what was built and generated (.venv stays)
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -f surveillance/v1/*_pb2* surveillance/v1/contracts.desc tapewatch/_built.json $(VENV)/.protos $(VENV)/.core $(VENV)/.project
	find $(wildcard $(PACKAGES)) -name '*.so' -delete
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

# Stamps: make compares times, the recipes compare content, so a second run does nothing.
NEW_ENOUGH := import sys; sys.exit(None if sys.version_info >= (3, 11) else \
	f"expected Python 3.11 or newer, found {sys.version.split()[0]}: run make PYTHON=python3.11 setup")

$(BIN)/python:
	@$(PYTHON) -c '$(NEW_ENOUGH)'
	$(PYTHON) -m venv --clear $(VENV)

$(VENV)/.requirements: requirements/lock.txt | $(BIN)/python
	@$(BIN)/python -c '$(NEW_ENOUGH)' 2>/dev/null || { $(PYTHON) -c '$(NEW_ENOUGH)'; \
	echo "$(VENV) is of an older Python: making it anew"; $(PYTHON) -m venv --clear $(VENV); }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip
	@cmp -s $< $@ || { echo "installing the locked requirements into $(VENV) (a minute the first time)"; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<; }
	@cp $< $@

# Keyed on the checkout's place as well: a copied .venv is pointed at the checkout it is in.
project: $(VENV)/.requirements
	@key="$(CURDIR) $(wildcard $(PACKAGES)) $$(cat pyproject.toml setup.py | sha256sum)"; \
	if [ "$$key" != "$$(cat $(VENV)/.project 2>/dev/null)" ]; then \
	echo "installing tapewatch into $(VENV)"; \
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	echo "$$key" > $(VENV)/.project; fi

$(VENV)/.protos: build_protos.py $(PROTOS) $(VENV)/.requirements
	$(BIN)/python build_protos.py
	@touch $@

$(VENV)/.core: setup.py $(SOURCES) $(VENV)/.requirements
	@echo "compiling the core where it changed"
	@$(BIN)/python setup.py --quiet build_ext --inplace
	@if $(BIN)/python -c 'import sys; from tapewatch import engine_mode as e; sys.exit(e.mode() != "compiled")'; \
	then touch $@; fi  # else tried again next time: a compiler may have been installed
