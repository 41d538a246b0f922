# Shortcuts for plain commands, which docs/commands.md lists.
PYTHON ?= python3
BIN := .venv/bin
SNAKEMAKE := $(BIN)/snakemake --profile profiles/local

# Most processes are short: without bytecode on disk each of them would compile the library again.
unexport PYTHONDONTWRITEBYTECODE

# Checks that have nothing to do with each other, side by side: make --jobs lint
LINT := mypy snakemake-lint snakefmt ruff-check ruff-format

.PHONY: demo test check figures gallery dry-run benchmark site lint $(LINT)

demo: .venv/installed
	$(SNAKEMAKE) --configfile config/demo.yaml
	$(SNAKEMAKE) --configfile config/demo.yaml --report results/demo/report.html --quiet all
	@echo 'Report: results/demo/report.html'

# Snakemake looks for jobs to start every 10 seconds, not every second, which takes less of a core.
figures: .venv/installed
	$(SNAKEMAKE) --configfile config/config.yaml --max-jobs-per-timespan 1000/10s
	$(SNAKEMAKE) --configfile config/config.yaml --report results/talk/report.html --quiet all
	@echo 'Report: results/talk/report.html'

# All studies of the gallery, and its figures and numbers from them.
gallery: figures
	for study in settings paper-v1 splits strengths science binary replication convolutional; do \
	    $(SNAKEMAKE) --configfile config/$$study.yaml || exit; done
	$(BIN)/python docs/gallery/update.py \
	    results/talk results/settings results/paper-v1 results/splits results/strengths \
	    results/science results/binary results/talk-again results/convolutional

dry-run: .venv/installed
	$(SNAKEMAKE) --configfile config/config.yaml --dry-run --quiet rules
	PYTHONPATH=src $(BIN)/python -m neuroninfo.configuration.cost config/config.yaml

# Tests of `make test`; `make test MARKS=` also runs the long ones, as .ci/run does.
MARKS ?= not long

test: .venv/installed
	$(BIN)/python -m pytest -n 3 -m "$(MARKS)"

check: .venv/installed
	$(MAKE) --no-print-directory --jobs 2 lint
	$(BIN)/python -m pytest -n 2 -m "not slow and not long"

benchmark: .venv/installed
	$(BIN)/python benchmarks/run.py

site: .venv/installed
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo 'Site: site/index.html'

lint: $(LINT)

$(LINT): .venv/installed

ruff-check:
	$(BIN)/ruff check

ruff-format:
	$(BIN)/ruff format --check

snakefmt:
	$(BIN)/snakefmt --check Snakefile workflow/Snakefile workflow/rules

snakemake-lint:
	$(BIN)/snakemake --lint

mypy:
	$(BIN)/mypy

.venv/installed: requirements.lock
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "neuroninfo needs Python 3.11 or later: make PYTHON=python3.11 ..."'
	@echo 'Installing into .venv: minutes without a word'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	PYTHONPATH=src $(BIN)/python -m neuroninfo.ablation.warm
	touch $@
