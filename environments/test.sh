#!/bin/sh
# The whole test suite, in the order in which failures are cheapest to find.
set -eu
cd "$(dirname "$0")/.."
bin=.venv/bin

say() { printf '\n== %s\n' "$*"; }

say "lint, types, layers"
$bin/ruff check --quiet .
$bin/ruff format --check --quiet .
$bin/mypy --no-error-summary
$bin/lint-imports --no-cache >/dev/null || $bin/lint-imports

say "unit, behaviour, interop, labs and grading tests"
$bin/python -m pytest -n 2 --dist loadscope tests
