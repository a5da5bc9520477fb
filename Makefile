# Everything runs from here. Each target first makes .venv from requirements/dev.lock, once per lock.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready
OTHERS := 3.12 3.13
CODE := attest service tests examples benchmarks conformance

.PHONY: help setup demo test strangers pythons serve check format bench clean

help: ## list the targets
	@sed -nE 's/^([a-z]+):.*## (.*)/make \1	\2/p' $(MAKEFILE_LIST) | expand -t 14

setup: $(READY) ## make .venv

$(READY): requirements/dev.lock pyproject.toml
	@[[ -n "$(PYTHON)" ]] && "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "foundry-attest needs Python 3.11 or newer; set PYTHON=/path/to/python" >&2; exit 1; }
	@echo "making .venv from requirements/dev.lock"
	@"$(PYTHON)" -m venv .venv
	@$(BIN)/python -m pip install -qq --no-input --disable-pip-version-check \
	  --require-hashes -r requirements/dev.lock
	@$(BIN)/python -m pip install -qq --no-input --disable-pip-version-check --no-index \
	  --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## real chips through the whole chain: declare, decide, log, replay
	@$(BIN)/python examples/demo/run.py $(ARGS)

test: $(READY) strangers pythons ## all tests, with coverage data for `make check` (ARGS="-k name" for some)
	@$(BIN)/python -m pytest -n auto --dist worksteal --cov --cov-report= --cov-fail-under=0 $(ARGS)

pythons: $(patsubst %,.venv-%/.ready,$(OTHERS))

.venv-%/.ready: requirements/dev.lock
	@python="$$(command -v python$* || true)"; \
	for found in "$$python" "$$HOME"/.pyenv/versions/$*.*/bin/python; do \
	  [[ -n "$$found" ]] && "$$found" -c "" 2>/dev/null || continue; \
	  echo "making .venv-$* from requirements/dev.lock"; \
	  "$$found" -m venv .venv-$* \
	    && .venv-$*/bin/python -m pip install -qq --no-input --disable-pip-version-check \
	      --require-hashes -r requirements/dev.lock && touch $@ && exit 0; \
	done; \
	echo "Python $* is absent: the tests that need it are skipped and counted" >&2

strangers:
	@missing=""; for pair in chromium:chromium openssl:openssl softhsm2-util:softhsm2; do \
	  command -v "$${pair%%:*}" >/dev/null || missing+=" $${pair#*:}"; done; \
	[[ -z "$$missing" ]] && exit 0; \
	if [[ $$(id -u) = 0 ]] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	fi || true; \
	for pair in chromium:chromium openssl:openssl softhsm2-util:softhsm2; do \
	  command -v "$${pair%%:*}" >/dev/null \
	  || echo "$${pair#*:} is absent: tests that need it are skipped and counted" >&2; done

serve: $(READY) ## the foundry's service on http://127.0.0.1:8000 with demo keys
	@$(BIN)/python -m service serve-demo $(ARGS)

check: $(READY) ## style, types, import directions, coverage (run `make test` first)
	@$(BIN)/ruff check --quiet $(CODE)
	@$(BIN)/ruff format --check --quiet $(CODE)
	@$(BIN)/mypy $(CODE)
	@$(BIN)/lint-imports --no-logo
	@[[ -f .coverage ]] || { echo "no coverage data: run make test first" >&2; exit 1; }
	@$(BIN)/coverage report

format: $(READY) ## put the code into its one style
	@$(BIN)/ruff check --quiet --fix $(CODE)
	@$(BIN)/ruff format --quiet $(CODE)

bench: $(READY) ## speed on this machine, as ratios to a bare floor
	@$(BIN)/python -m benchmarks $(ARGS)

clean: ## remove .venv, caches and coverage data
	@rm -rf .venv .venv-* .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@rm -rf .import_linter_cache dist
