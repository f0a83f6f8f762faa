# make site    our own site, built into dist/
# make test    all tests; at the end, what was skipped and why
# make check   format, lint, types, contracts, sizes
# make clean   what was built; `make distclean` also the environment
#
# PYTHON   the interpreter to start from (3.11 or newer)
# EXTRAS   what `make test` installs beside the base: `dev` and those extras that need no heavy download
# ARGS     passed to pytest or `aibild build`, for example: make test ARGS="-k store"

PYTHON ?= python3
EXTRAS ?= dev
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
SOURCES := pyproject.toml constraints.txt
BASE := $(VENV)/.installed-base
TOOLS := $(VENV)/.installed-$(subst $(shell printf ' '),,$(EXTRAS))

# Without kept bytecode each `aibild` that a test starts would compile every module again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help site test check env clean distclean
.DELETE_ON_ERROR:

help:
	@sed -n 's/^# \{0,1\}//p;/^$$/q' Makefile

site: $(BASE)
	@$(BIN)/aibild credentials init-test --quiet
	@$(BIN)/aibild build $(ARGS)
	@echo
	@echo "The site is in dist/. To look at it:"
	@echo "    $(BIN)/python -m http.server --bind 127.0.0.1 --directory dist 8000"
	@echo "and open http://127.0.0.1:8000/"

test: $(TOOLS)
	@$(BIN)/python -m pytest -rs $(ARGS)

check: $(TOOLS)
	@PATH="$(CURDIR)/$(BIN):$$PATH" scripts/check

env: $(TOOLS)

$(BIN)/python:
	@command -v "$(PYTHON)" >/dev/null || { echo "aibild needs Python 3.11 or newer; there is no '$(PYTHON)' here (make PYTHON=/path/to/python3)" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "aibild needs Python 3.11 or newer, got $$("$(PYTHON)" --version) (make PYTHON=/path/to/python3)" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { echo "this Python cannot make environments: on Debian, 'apt-get install python3-venv' (make PYTHON=/path/to/python3 uses another)" >&2; exit 1; }
	@echo "making the environment in $(VENV)/"
	@"$(PYTHON)" -m venv --clear $(VENV)

$(BASE): $(SOURCES) | $(BIN)/python
	@echo "installing aibild (a minute when the packages are not at hand yet)"
	@$(PIP) install -c constraints.txt -e .
	@touch $@

$(TOOLS): $(BASE)
	@echo "installing the extras: $(EXTRAS)"
	@$(PIP) install -c constraints.txt -e ".[$(EXTRAS)]"
	@touch $@

clean:
	rm -rf dist .aibild build wheels .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

distclean: clean
	rm -rf $(VENV) tests/real/node/node_modules
