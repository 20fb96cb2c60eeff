# Everything a new machine needs; each target installs what it uses.
PYTHON ?= python3
BIN := .venv/bin
export OMP_NUM_THREADS ?= 1

.PHONY: quickstart test check try claims bench clean

quickstart: .venv/core  ## install the light core, fetch pinned assets, compare four ways of choosing on real data
	$(BIN)/tutelage fetch --for few-labels
	$(BIN)/tutelage run few-labels

test: .venv/dev  ## everything tests need, then every test
	$(BIN)/tutelage fetch --for tests
	$(BIN)/python -m pytest -n 2 --dist loadfile -rsxX

check: .venv/dev  ## style, types and import rules
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

try: .venv/dev  ## one method: its own tests, then the checks of its room, as in `make try M=choose/margin`
	$(BIN)/python -m pytest $(shell echo tests/$(M) | sed -E 's#[.]#/#g; s#/([^/]*)$$#/test_\1.py#')
	$(BIN)/python -m pytest tests/contract/test_$(firstword $(subst /, ,$(M))).py -k "$(notdir $(M))"

claims: .venv/dev  ## every paper's claim in one pool, resumable; writes claims/*.json and the tables of papers
	$(BIN)/tutelage claim --all; code=$$?; $(BIN)/tutelage papers --write && exit $$code

bench: .venv/dev  ## every benchmark, one JSON line each
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	for file in benchmarks/*.py; do $(BIN)/python $$file || exit 1; done

clean:  ## the environment and every cache of this folder; runs are kept
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist build

.venv/core: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

.venv/dev: .venv/core
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[text,dev]'
	touch $@
