# Thin on purpose: scripts/setup.py makes what is needed, scripts/check.py runs the checks.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help run test check format bench clean

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Set up, replay a few days of trade, serve the console on http://localhost:8000 until Ctrl-C
	@$(PYTHON) scripts/setup.py run
	@$(BIN)/feiqian demo --days 7
	@exec $(BIN)/feiqian serve --sandbox

test: ## Set up, then run every check and every test
	@$(PYTHON) scripts/setup.py test
	@$(BIN)/python scripts/check.py --tests

check: ## Set up, then run the checks that need no server and no database
	@$(PYTHON) scripts/setup.py test
	@$(BIN)/python scripts/check.py

format: ## Bring Python and the pages into the house's format
	@$(PYTHON) scripts/setup.py test
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format
	@cd web && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent format

bench: ## Measure speed and say where the time goes
	@$(PYTHON) scripts/setup.py run
	@$(BIN)/feiqian bench

clean: ## Remove everything that set-up made; the data in .feiqian stays
	rm -rf .venv .tools web/node_modules web/dist .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find src tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +
