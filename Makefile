# modelkeep: every target works on a fresh clone with Python 3.11+ and its venv module alone.
PYTHON ?= python3
LOAD ?= 1
MAKEFLAGS += -j2
# Some tests wait for a process or the disk: a few more of them than processors run at once.
WORKERS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --progress-bar on -c constraints.txt

.DEFAULT_GOAL := help
.PHONY: help run install test suite compiled quick torture lint types contracts check apt bench demo pictures clean

help: ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed: set PYTHON=python3.12, or install it (Debian: apt install python3)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "Python's venv module is missing: install it (Debian: apt install python3-venv)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

# Each level of installation leaves a mark that is newer than what it was made from.
$(VENV)/.installed: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing modelkeep into $(VENV): about 30 MB to download, 90 MB on disk, under a minute."
	@$(PIP) -e .
	@touch $@

$(VENV)/.loading: $(VENV)/.installed
	@echo "Installing what loading models needs (torch, diffusers, transformers, accelerate): about"
	@echo "3 GB to download, 8 GB on disk, ten minutes or more. To leave it out: make run LOAD=0"
	@$(PIP) -e '.[load]'
	@touch $@

$(VENV)/.testing: $(VENV)/.installed
	@echo "Installing what the tests need (pytest, mypy, ruff, torch ...): about 3 GB to download."
	@$(PIP) -e '.[dev]'
	@$(PIP) --no-deps spandrel # it asks for torchvision, which breaks diffusers where it has no torch
	@$(PIP) --no-deps openapi-python-client # it asks for an older typer than the program has
	@touch $@

install: $(VENV)/.installed ## the .venv alone

run: $(if $(filter 0,$(LOAD)),$(VENV)/.installed,$(VENV)/.loading) ## set up, show the library, serve it
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/modelkeep
	@echo
	@echo "The program is $(CURDIR)/$(BIN)/modelkeep; to type just modelkeep:"
	@echo "  source $(CURDIR)/$(BIN)/activate"
	@echo
	@echo "Ctrl-C ends the server. Other settings: make run SERVE='--port 8080 --open'"
	@exec $(BIN)/modelkeep serve $(SERVE)

lint: $(VENV)/.testing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.testing
	$(BIN)/mypy

contracts: $(VENV)/.testing
	$(BIN)/lint-imports

check: lint types contracts ## lint, types and import contracts

# The types take one processor for two minutes, so the tests run beside them.
test: lint contracts types suite ## everything that has to hold

# The program is started hundreds of times, and every worker loads every test: both are compiled
# once before, beside the linters, and kept, whatever the environment says.
compiled: export PYTHONDONTWRITEBYTECODE :=
compiled: $(VENV)/.testing
	@$(BIN)/python -m compileall -q src tests/support
	@$(BIN)/pytest --collect-only -q > $(VENV)/.collected || { cat $(VENV)/.collected; exit 1; }

suite: export PYTHONDONTWRITEBYTECODE :=
suite: lint contracts apt compiled
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

# Programs that tests start, and the packages of Debian that have them. Where they are missing and
# cannot be installed, those tests are skipped and say so.
apt:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  need=""; \
	  command -v openssl >/dev/null || need="$$need openssl"; \
	  [ -x /usr/sbin/nginx ] || command -v nginx >/dev/null || need="$$need nginx-light"; \
	  command -v chromium >/dev/null || need="$$need chromium"; \
	  [ -z "$$need" ] || { echo "Installing what tests start:$$need"; apt-get update -qq && \
	    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$need; } || \
	    echo "They could not be installed; tests that need them are skipped."; \
	fi

quick: export PYTHONDONTWRITEBYTECODE :=
quick: check ## an edit loop of under a minute: the unit tests but for the slow ones, of many cases a tenth
	MODELKEEP_TEST_LENGTH=0.1 $(BIN)/pytest -q -x -n 2 --dist worksteal -m "not slow" tests/unit

# On two cores the files that are made up take ten minutes, and each line behind them an hour or so.
torture: $(VENV)/.testing ## long rounds: fuzzing, every kill point
	$(BIN)/python tests/support/fuzz.py --kind safetensors --count 5000000 --processes 2 --seed $$(date +%s)
	$(BIN)/python tests/support/fuzz.py --kind gguf --count 2000000 --processes 2 --seed $$(date +%s)
	$(BIN)/python tests/support/fuzz.py --kind pickle --count 2000000 --processes 2 --seed $$(date +%s)
	$(BIN)/python tests/support/fuzz.py --kind onnx --count 1000000 --processes 2 --seed $$(date +%s)
	MODELKEEP_TEST_LENGTH=30 $(BIN)/pytest -n auto --maxprocesses 4 --dist worksteal --timeout 7200 -m hypothesis
	MODELKEEP_TEST_LENGTH=25 $(BIN)/pytest --timeout 7200 tests/faults/test_rows_api.py
	MODELKEEP_TEST_LENGTH=10 MODELKEEP_KILL_STEP=1 MODELKEEP_KILLS=60 \
	  $(BIN)/pytest -n auto --maxprocesses 4 --dist worksteal --timeout 7200 -m "not hypothesis" \
	  --ignore tests/faults/test_rows_api.py tests/faults

bench: $(VENV)/.testing ## all benchmarks, one table
	$(BIN)/python -m bench

demo: $(VENV)/.installed ## a sample library in a temporary root, and the server on it
	@$(BIN)/python demo/sample_library.py --serve

pictures: $(VENV)/.testing ## the pictures of the README, with Chromium
	$(BIN)/python demo/pictures.py

clean: ## remove what was made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
