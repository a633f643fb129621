# The verbs of the workshop. `make` alone lists them.
# Everything is made inside this folder: .venv (tools), build (compiler output), .data (the demo's data).

PYTHON ?= python3
PORT ?= 8080
DATA ?= .data/run
# One worker a core; `make test JOBS=0` runs in one process, which a debugger needs.
JOBS ?= auto
# How long `make test-long` gives each of its tests.
LONG_SECONDS ?= 600
# Tests come in an order by chance, the same one everywhere: what fails here fails for everybody.
# make test SEED=random looks for tests that lean on others.
SEED ?= 3975875256
# More arguments for pytest: make test ARGS="-k journal -x"
ARGS ?=

ORDER := $(if $(filter random,$(SEED)),,--randomly-seed=$(SEED))
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

# Files that say "done, and newer than what it was made from".
VENV_MADE := $(VENV)/.made
LOCK_INSTALLED := $(VENV)/.lock-installed
KERNEL_BUILT := $(VENV)/.kernel-built

# The page is built where Node 20 or newer is; without it the exchange serves the API alone.
PAGE := src/openoutcry/page
PAGE_BUILT := $(PAGE)/index.html
PAGE_TOOLS := web/node_modules/.package-lock.json
PAGE_SOURCES := $(wildcard web/*.json web/*.ts web/index.html) \
	$(shell find web/src web/public -type f 2>/dev/null)
HAS_NODE := $(shell command -v npm >/dev/null 2>&1 \
	&& node -e 'const [a, b] = process.versions.node.split("."); process.exit(+(a < 20 || (a == 20 && b < 19)))' 2>/dev/null \
	&& echo yes)

KERNEL_SOURCES := CMakeLists.txt pyproject.toml \
	$(wildcard native/src native/src/*.cpp native/src/*.hpp native/src/*.h)

# Where the kernel must be: gone (git clean, a moved folder) means built again.
ifeq ($(wildcard src/openoutcry/kernel/_native.*.so),)
.PHONY: $(KERNEL_BUILT)
endif
# A venv knows its own path; one that was moved with its folder is made again.
ifneq ($(wildcard $(VENV_MADE)),)
ifneq ($(shell cat $(VENV_MADE)),$(CURDIR))
.PHONY: $(VENV_MADE)
endif
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
.PHONY: help page setup build run test test-quick test-faults test-long check format bench bench-page bench-differential bench-chaos bench-faults lock clean

help: ## show this list
	@printf 'usage: make VERB\n\n'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile \
		| while IFS='|' read -r verb words; do printf '  %-20s %s\n' "$$verb" "$$words"; done
	@printf '\nPORT=%s DATA=%s PYTHON=%s JOBS=%s\n' '$(PORT)' '$(DATA)' '$(PYTHON)' '$(JOBS)'

setup: $(KERNEL_BUILT) page ## make .venv, install the locked tools, build the kernel and the page

build: setup ## as setup: builds the kernel or the page again if its source changed

run: setup ## start the demo exchange on PORT; Ctrl-C stops it
	@mkdir -p '$(DATA)'
	@exec $(BIN)/outcry serve --data '$(DATA)' --port '$(PORT)' --demo

test: setup ## run every test; first, by itself, what breaks a running exchange and keeps its time
	@$(if $(HAS_NODE),$(NPM) run --silent test)
	@$(MAKE) test-faults
	@exec $(BIN)/python -m pytest $(ORDER) -n $(JOBS) --dist loadgroup -m 'not alone' $(ARGS)

test-quick: setup ## run the tests that take less than ten seconds each
	@exec $(BIN)/python -m pytest $(ORDER) -n $(JOBS) --dist loadgroup -m 'not slow and not alone' $(ARGS)

# Given ARGS may leave none of these: pytest then ends with 5.
test-faults: setup ## run of them those that break a running scaled exchange: six minutes
	@$(BIN)/python -m pytest $(ORDER) -n 0 -m alone $(ARGS) || test $$? -eq 5

# One after the other: the search for crashes would starve the browser.
test-long: setup ## run those that gain by time for ten minutes each: the book on the page, searches for crashes
	@OUTCRY_TEST_BOOK_SECONDS=$(LONG_SECONDS) OUTCRY_FUZZ_SECONDS=$(LONG_SECONDS) \
		$(BIN)/python -m pytest -n 0 -m long $(ARGS)

check: setup ## lint, format, types, layers; the page's too
	@echo '[1/4] ruff check'
	@$(BIN)/ruff check .
	@echo '[2/4] ruff format --check'
	@$(BIN)/ruff format --check .
	@echo '[3/4] mypy'
	@$(BIN)/mypy
	@echo '[4/4] lint-imports'
	@$(BIN)/lint-imports --cache-dir .cache/import-linter
	@$(if $(HAS_NODE),echo '[page] biome check' && $(NPM) run --silent lint)
	@$(if $(HAS_NODE),echo '[page] tsc' && $(NPM) run --silent typecheck)

format: setup ## format the code, and mend what the linter can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@$(if $(HAS_NODE),$(NPM) run --silent format)

bench: setup ## run the benchmarks and print the table
	@exec $(BIN)/python -m bench $(ARGS)

bench-page: setup ## measure the page in Chromium: size, first live book, longest task, heap over ten minutes
	@exec $(BIN)/python -m bench.page $(ARGS)

bench-differential: setup ## hold the kernel against the reference, 10 million commands and links
	@$(BIN)/python -m bench.differential $(ARGS)
	@exec $(BIN)/python -m bench.links

bench-chaos: setup ## kill the server 1,000 times and look for what is missing
	@exec $(BIN)/python -m bench.chaos $(ARGS)

bench-faults: setup ## break a running scaled exchange, each fault 20 times
	@exec $(BIN)/python -m bench.faults $(ARGS)

# Universal: one lock for every platform and Python >= 3.11. It names no index, so that a mirror serves it
# as well as the original. Pins move only on demand: make lock ARGS=--upgrade
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header
lock: $(VENV_MADE) ## resolve pyproject.toml into requirements/*.txt
	@test -x $(BIN)/uv || $(PIP) install --quiet uv
	@echo 'requirements/dev.txt' && $(COMPILE) $(ARGS) --all-extras --group dev pyproject.toml -o requirements/dev.txt
	@echo 'requirements/runtime.txt' && $(COMPILE) $(ARGS) -c requirements/dev.txt pyproject.toml -o requirements/runtime.txt

clean: ## remove what was made: .venv, build, caches (not .data)
	rm -rf web/node_modules $(PAGE)
	rm -rf $(VENV) build .artifacts .cache .hypothesis .ruff_cache src/openoutcry/kernel/_native.*.so
	find src tests bench tools -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# --- what the verbs stand on -----------------------------------------------------------------------

define PREFLIGHT
fail() { printf '\nmake: %s\n  %s\n\n' "$$1" "$$2" >&2; exit 1; }; \
command -v '$(PYTHON)' >/dev/null 2>&1 \
	|| fail 'there is no $(PYTHON).' 'Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3'; \
'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	|| fail "Python 3.11 or newer is needed; $(PYTHON) is $$('$(PYTHON)' -V 2>&1)." 'Name a newer one: make PYTHON=python3.12'; \
'$(PYTHON)' -c 'import venv, ensurepip' 2>/dev/null \
	|| fail 'this Python cannot make virtual environments.' 'Install its venv module (Debian, Ubuntu: apt install python3-venv)'; \
'$(PYTHON)' -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' \
	|| fail 'Python.h is missing, and the kernel is built against it.' 'Install the headers (Debian, Ubuntu: apt install python3-dev; Fedora: dnf install python3-devel)'; \
command -v "$${CXX:-c++}" >/dev/null 2>&1 || command -v g++ >/dev/null 2>&1 || command -v clang++ >/dev/null 2>&1 \
	|| fail 'there is no C++ compiler.' 'Install one that knows C++20 (Debian, Ubuntu: apt install g++; Fedora: dnf install gcc-c++)'
endef

$(VENV_MADE):
	@$(PREFLIGHT)
	@echo '[1/3] virtual environment in $(VENV)'
	@'$(PYTHON)' -m venv --clear $(VENV)
	@printf '%s' '$(CURDIR)' > $@

$(LOCK_INSTALLED): requirements/dev.txt $(VENV_MADE)
	@echo '[2/3] locked tools and libraries, each checked against its hash'
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

$(KERNEL_BUILT): $(LOCK_INSTALLED) $(KERNEL_SOURCES)
	@echo '[3/3] kernel (C++)'
	@$(PIP) install --quiet --no-build-isolation --no-deps -e .
	@touch $@

NPM := npm --prefix web

ifeq ($(HAS_NODE),)
page:
	@echo 'page: no Node >= 20.19 here, so the exchange runs without its page; the API is all there'
else
page: $(PAGE_BUILT)
endif

$(PAGE_TOOLS): web/package.json web/package-lock.json web/.npmrc
	@echo '[page] locked tools and libraries'
	@$(NPM) ci --silent
	@touch $@

$(PAGE_BUILT): $(PAGE_TOOLS) $(PAGE_SOURCES)
	@echo '[page] build'
	@$(NPM) run --silent build -- --logLevel warn
	@touch $@
