# The one door to this project. `make` alone lists what there is.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin

.venv/ready: requirements.lock requirements-uv.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Seawall needs Python 3.11 or later; try: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

.venv/plots: .venv/ready requirements-plots.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-plots.lock
	@touch $@

.venv/peers: .venv/ready requirements-peers.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-peers.lock
	@touch $@

install: .venv/ready ## make .venv from requirements.lock

demo: .venv/ready ## a toy ISP, its POP3 box, the connector, ./demo/Maildir: no root, no server
	@$(BIN)/seawall demo

test: .venv/ready servers ## everything that this machine can run
	@$(BIN)/pytest -n 2 -m "not soak"

soak: .venv/ready servers ## what takes longer: the soak tests and the crash suite
	@$(BIN)/pytest -m soak
	@$(BIN)/python bench/crash.py --kills 300
	@$(BIN)/python bench/handover.py --kills 200

servers: ## install the servers that the tests use (root on Debian; elsewhere it says what is skipped)
	@tests/servers/install.sh

format: .venv/ready ## rewrite the code in the one format
	@$(BIN)/ruff format src tests bench
	@$(BIN)/ruff check --fix src tests bench

check: .venv/ready servers ## everything that CI asks: format, lint, types, import contract, tests, docs
	@$(BIN)/ruff format --check src tests bench
	@$(BIN)/ruff check src tests bench
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports
	@$(BIN)/pytest -n 2 -m "not soak" --cov --cov-report=term:skip-covered

bench: .venv/plots .venv/peers ## time Seawall beside its peers and at scale; write their pages in docs
	@tests/servers/install.sh peers
	@$(BIN)/python bench/collect.py --write
	@$(BIN)/python bench/kept.py --write
	@$(BIN)/python bench/accounts.py --write
	@$(BIN)/python bench/syncs.py --write
	@$(BIN)/python bench/growth.py --write
	@$(BIN)/python bench/storm.py --write
	@$(BIN)/python bench/holds.py --write
	@$(BIN)/python bench/trace.py --facts --write
	@$(BIN)/python bench/plots.py

lock: ## resolve the requirements anew, with hashes and no host name
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --extra dev --output-file requirements.lock $(UPGRADE) pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --extra plots --constraint requirements.lock --output-file requirements-plots.lock $(UPGRADE) pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --extra peers --constraint requirements.lock --output-file requirements-peers.lock $(UPGRADE) pyproject.toml
	@grep '^uv==' requirements.lock | cut -d' ' -f1 | $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --output-file requirements-uv.lock -

clean: ## remove what these targets made
	@rm -rf .venv .cache demo dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage*

help: ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: install demo test soak servers format check bench lock clean help
