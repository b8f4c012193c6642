# From a fresh clone: `make report` builds the reports of the example studies, `make test` checks everything.
# Needs make and Python 3.11 or later; everything else goes into .venv. Another Python: make PYTHON=/path/to/python report

SHELL = /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup report audit test check lab bench fuzz validate lock upgrade clean

BIN := .venv/bin
READY := .venv/.ready
CANDIDATES = $(or $(PYTHON),python3.13 python3.12 python3.11 python3 python)
STUDIES = $(wildcard data/*/study.toml)
NOTEBOOKS = $(wildcard notebooks/*.ipynb)

PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet
UV_PIP = $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python
GET_UV = $(PIP) install 'uv>=0.5'
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra browser --extra test --extra dev \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' --output-file requirements.lock

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## Make .venv ready to work in
	@:

report: $(READY) ## Build the reports of the example studies into reports/
	@$(BIN)/pdlib build $(STUDIES)

audit: $(READY) ## Measure the reports in reports/ against the standard for pages
	@$(BIN)/pdlib audit $(STUDIES)

test: check ## Check style and types, then run the quick tests
	@$(BIN)/pytest --quiet --numprocesses auto --dist worksteal

check: $(READY) ## Check style, types and that notebooks hold no outputs
	@$(BIN)/ruff check --quiet --output-format concise .
	@$(BIN)/ruff format --check --quiet --output-format concise .
	@$(BIN)/mypy
	@test -z "$(NOTEBOOKS)" || $(BIN)/nbstripout --verify --keep-id $(NOTEBOOKS)

lab: $(READY) ## Open the notebooks in JupyterLab
	@$(BIN)/jupyter lab --ServerApp.root_dir="$(CURDIR)" --LabApp.default_url=/lab/tree/notebooks

bench: $(READY) ## Measure speed (tests/benchmarks)
	@$(BIN)/python -m tests.benchmarks

fuzz: $(READY) ## Look for files that are read wrongly, for ten minutes (tests/fuzz)
	@$(BIN)/python -m tests.fuzz

validate: $(READY) ## Measure whether the defaults are right (tests/validation)
	@$(BIN)/python -m tests.validation

lock: $(BIN)/python ## Write requirements.lock from pyproject.toml, moving as little as possible
	@$(GET_UV)
	@$(LOCK) pyproject.toml

upgrade: $(BIN)/python ## Write requirements.lock with the newest releases
	@$(GET_UV)
	@$(LOCK) --upgrade pyproject.toml

clean: ## Remove .venv and caches; reports stay
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
	@find pdlib tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A candidate that cannot make environments (no venv or ensurepip) is passed over like one that is too old.
$(BIN)/python:
	@for python in $(CANDIDATES); do \
	  if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    echo "Making .venv with $$("$$python" --version)"; \
	    exec "$$python" -m venv --clear .venv; \
	  fi; \
	done; \
	echo "Python 3.11 or later with its venv module is needed; tried: $(CANDIDATES)." >&2; \
	echo "Install it (Debian and Ubuntu: apt install python3 python3-venv) or name one: make PYTHON=/path/to/python" >&2; \
	exit 1

# uv takes seconds where pip takes minutes, but a network may let only pip through: then pip installs the same lock.
$(READY): requirements.lock pyproject.toml | $(BIN)/python
	@if $(GET_UV) 2>/dev/null && $(UV_PIP) --require-hashes --requirement requirements.lock; then \
	  $(UV_PIP) --no-deps --editable .; \
	else \
	  echo "uv cannot install here; pip does the same, in a minute or two" >&2; \
	  $(PIP) install --require-hashes --requirement requirements.lock && $(PIP) install --no-deps --editable .; \
	fi
	@$(BIN)/python -c 'import sys, pdlib; print("Ready: pdlib on Python", sys.version.split()[0], "in .venv")'
	@touch $(READY)
