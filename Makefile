# Every target sets .venv up first; on a fresh machine `make demo` or `make test` is the first and only command.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format docs docs-serve lock generate clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv from requirements.lock (PYTHON=python3.12 picks the interpreter)

$(READY): requirements.lock pyproject.toml sdk/pyproject.toml connectors/pyproject.toml tools/setup.sh
	@sh tools/setup.sh "$(PYTHON)"

demo: $(READY) ## Sync three simulated vendors both ways, with no account and no network
	@$(BIN)/python -m vaiven_api.demo

test: $(READY) ## Run every test with coverage (a part: .venv/bin/pytest tests/sdk -m 'not slow')
	@$(BIN)/coverage run -m pytest
	@$(BIN)/coverage report

check: $(READY) ## Lint, format, types, the import law, generated files, documentation
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/generate.py --check
	$(BIN)/zensical build --strict

format: $(READY) ## Format the code and apply the linter's safe fixes
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

docs: $(READY) ## Build the documentation site into site/; a broken link fails
	$(BIN)/zensical build --strict

docs-serve: $(READY) ## Serve the documentation on localhost:8000 while writing
	$(BIN)/zensical serve

lock: $(READY) ## Remake requirements.lock (UPGRADE=--upgrade takes newer versions)
	@sh tools/lock.sh $(UPGRADE)

generate: $(READY) ## Regenerate the connector index and the reference pages
	$(BIN)/python tools/generate.py

clean: ## Remove .venv, caches and built files
	rm -rf .venv .cache .coverage* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache htmlcov site
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
