# Every target sets .venv up first; on a fresh machine `make demo` or `make test` is the first and only command.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-shop test campaign coverage check lint types imports generated docs docs-serve format lock generate clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv from requirements.lock (PYTHON=python3.12 picks the interpreter)

$(READY): requirements.lock pyproject.toml sdk/pyproject.toml connectors/pyproject.toml tools/setup.sh
	@sh tools/setup.sh "$(PYTHON)"

demo: $(READY) ## Sync three simulated vendors both ways, with no account and no network
	@$(BIN)/python -m vaiven_api.demo

demo-shop: $(READY) ## A shop on seven simulated vendors: people, orders, ads and a score (about eight minutes)
	@$(BIN)/vaiven demo shop

test: $(READY) ## Run every test (a part: .venv/bin/pytest tests/sdk -m 'not slow')
	@$(BIN)/pytest -n auto --dist worksteal

campaign: $(READY) ## The laws of two-way sync in 2,000 generated stories, and each planted fault (VAIVEN_RUNS: another number)
	@VAIVEN_RUNS=$${VAIVEN_RUNS:-2000} $(BIN)/pytest -n auto -m campaign tests/sync_engine/laws

coverage: $(READY) ## Branch coverage without the slowest tests; fails below the floor
	@$(BIN)/pytest -q -n auto --dist worksteal -m "not slow" --cov --cov-report=
	@$(BIN)/coverage report

check: lint types imports generated docs ## All that follows up to docs (make -k check shows every failure at once)

lint: $(READY) ## Style and format
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .

types: $(READY) ## Types: mypy strict on all of it, pyright on the SDK and the connectors
	$(BIN)/mypy
	$(BIN)/basedpyright

imports: $(READY) ## The import law
	$(BIN)/lint-imports --config pyproject.toml

generated: $(READY) ## Generated files are up to date
	$(BIN)/python tools/generate.py --check

docs: $(READY) ## Build the documentation site into site/; a broken link fails
	$(BIN)/zensical build --strict

format: $(READY) ## Format the code and apply the linter's safe fixes
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

docs-serve: $(READY) ## Serve the documentation on localhost:8000 while writing
	$(BIN)/zensical serve

lock: $(READY) ## Remake requirements.lock (UPGRADE=--upgrade takes newer versions)
	@sh tools/lock.sh $(UPGRADE)

generate: $(READY) ## Regenerate the connector index and the reference pages
	$(BIN)/python tools/generate.py

clean: ## Remove .venv, caches and built files
	rm -rf .venv .cache .coverage* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache htmlcov site
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
