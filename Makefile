# make demo       train a small deblurring GAN on bundled photographs and show what it does (four minutes on two cores)
# make ledger     run again what the reports claim, within 45 minutes on two cores; DATA=FOLDER with real sets
# make test       the test suite without its slow parts, on up to four cores
# make test-slow  its slow parts
# make test-all   the whole test suite, and how much of the package it runs
# make check      lint, format, types and import layers
# make docs       the documentation as a site, in docs/_build/index.html
# Each sets up what it needs in .venv, once.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEV_READY := $(VENV)/.dev-ready
DOCS_READY := $(VENV)/.docs-ready
DEMO := runs/demo/001
QUICK := $(BIN)/python -m pytest -m "not slow" -n auto --maxprocesses 4 --dist worksteal
SLOW := $(BIN)/python -m pytest -m slow -n 3 --dist worksteal  # three, since many wait for processes of their own

DATA ?=

.PHONY: demo ledger test test-slow test-all check docs format clean

demo: $(READY)
	rm -rf $(DEMO)
	$(BIN)/deblur fit --config experiments/deblurgan.yaml --config experiments/presets/quick.yaml --run $(DEMO)
	$(BIN)/deblur test --config $(DEMO)/config.yaml --ckpt_path $(DEMO)/checkpoints/best.ckpt

ledger: $(READY)
	$(BIN)/deblur reproduce --all --budget quick --jobs 2 $(if $(DATA),--data $(DATA))

test: $(DEV_READY)
	$(QUICK)

test-slow: $(DEV_READY)
	$(SLOW)

test-all: $(DEV_READY)
	$(QUICK) --cov --cov-report=
	$(SLOW) --cov --cov-append --cov-report=term

check: $(DEV_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(DOCS_READY)
	$(BIN)/python -m sphinx -q -W --keep-going -j auto docs docs/_build

format: $(DEV_READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage docs/_build docs/api build dist *.egg-info

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("deblur_lightning needs Python 3.11 or newer, this is " + sys.version.split()[0] + ": make PYTHON=python3.11 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(DEV_READY): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

$(DOCS_READY): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	touch $@
