# The StatefulSet Lab Kit. Every target sets up what it needs first; a second run finds nothing to do.
KIT := .venv/bin/kit
.DEFAULT_GOAL := help
.PHONY: help lab verify test check bench down notebooks setup setup-dev

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

lab: setup ## Start a cluster and JupyterLab; the last line is the address to open
	@$(KIT) jupyter

verify: setup ## Walk every solved lab on a fresh cluster and print the score table
	@$(KIT) verify

test: setup-dev ## Run the whole test suite
	@environments/test.sh

check: setup-dev ## Lint, types and layers
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

bench: setup-dev ## Measure the embedded cluster
	@.venv/bin/python -m benchmarks

down: ## Stop the cluster; its objects and volumes are kept
	@if [ -x $(KIT) ]; then $(KIT) down; fi

notebooks: setup-dev ## Build labs/ from solutions/ and run the solved notebooks
	@$(KIT) author build

setup:
	@environments/setup.sh

setup-dev:
	@environments/setup.sh dev
