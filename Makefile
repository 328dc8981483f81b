# Needs Linux x86-64, Python 3.11 with venv, make; gcc makes scoring faster. Everything else is fetched.
.DEFAULT_GOAL := help
.PHONY: help install demo test browser check fix bench proof clean
MAKEFLAGS += --no-print-directory
# Tests start hundreds of processes, each of which would compile our modules anew.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
# The stamp's name holds the lock's hash: a changed lock makes a new environment, an unchanged one is reused.
LOCKED := $(VENV)/.installed-$(shell cat requirements.lock pyproject.toml 2>/dev/null | sha256sum | cut -c1-16)

help:
	@echo 'make demo     start everything and watch fraud being blocked (DEMO_SECONDS=60 stops by itself)'
	@echo 'make test     all tests but the long proofs'
	@echo 'make browser  Debian'\''s Chromium, for the tests of the console in a browser (needs root)'
	@echo 'make check    format, lint, types, import direction and event schemas; changes nothing'
	@echo 'make fix      mend format and lint'
	@echo 'make bench    every benchmark, one JSON line each'
	@echo 'make proof    the long proofs'
	@echo 'make install  the Python environment and the jars, which every target makes by itself'
	@echo 'make clean    stop the stack; remove its state, the environment and the caches'

$(LOCKED):
	@sh deploy/install.sh $(VENV)
	@rm -f $(VENV)/.installed-* && touch $@

install: $(LOCKED)
	@$(BIN)/python -m deploy.embedded.jars

demo: install
	@$(BIN)/faregate demo

test: install
	@$(BIN)/python -m pytest --numprocesses 2 --no-loadscope-reorder

browser:
	@if command -v chromium >/dev/null; then chromium --version; \
	elif command -v apt-get >/dev/null; then apt-get update -qq && apt-get install -y -qq chromium; \
	else echo 'There is no apt-get here: install Chromium by hand, so that `chromium` is on the PATH.' >&2; exit 1; fi

check: $(LOCKED)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/faregate schemas --check

fix: $(LOCKED)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: install
	@$(BIN)/faregate bench all

proof: install
	@$(BIN)/python -m pytest -m proof

clean:
	@test ! -x $(BIN)/faregate || $(BIN)/faregate down --remove
	@rm -rf $(VENV) .faregate .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage build *.egg-info
