# Two commands do the set-up: `make reports` and `make test`. Everything lives in .venv.
PYTHON ?= python3
BIN := .venv/bin
# On every core, a file at a time, in order: files of few and long tests must not be left to the end.
SIDE_BY_SIDE := --numprocesses auto --dist loadfile --no-loadscope-reorder

.PHONY: reports test check lab notebooks simulate sample chaos bench kills clean
.DEFAULT_GOAL := reports

.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'kuzbass-lean needs Python 3.11 or newer: make PYTHON=python3.12 reports' >&2; exit 3; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo 'Python lacks venv: install it (Debian: apt install python3-venv)' >&2; exit 3; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

reports: .venv/.ready  ## build every report of the bundled sample into output/
	$(BIN)/kuzbass-lean build

test: .venv/.ready  ## run the tests, the notebooks' stored outputs included
	$(BIN)/python -m pytest tests $(SIDE_BY_SIDE)
	$(BIN)/python -m pytest --nbval --nbval-sanitize-with tests/nbval.cfg -p no:cacheprovider $(SIDE_BY_SIDE) notebooks

check: .venv/.ready  ## formatting, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

lab: .venv/.ready .cache/lab/custom.css  ## open JupyterLab on its start page; it asks the network for nothing
	PATH="$(CURDIR)/$(BIN):$$PATH" JUPYTER_CONFIG_PATH=$(CURDIR)/tools/jupyter $(BIN)/jupyter lab

.cache/lab/custom.css: .venv/.ready kuzbass_lean/templates/style.css kuzbass_lean/lab/style.py
	@mkdir -p $(@D)
	$(BIN)/python -c 'import kuzbass_lean as kl; print(kl.lab.stylesheet())' > $@

notebooks: .venv/.ready  ## run the notebooks and store their outputs, the oracle of nbval
	$(BIN)/python tools/refresh_notebooks.py

simulate: .venv/.ready  ## how often chance earns a signal, how often intervals hold: docs/method-evidence.md
	$(BIN)/python tools/simulate.py

sample: .venv/.ready  ## write the bundled sample registry anew
	$(BIN)/kuzbass-lean sample kuzbass_lean/data/sample

chaos: .venv/.ready  ## what a build outlives: kills, signals, full disks, a month of runs; takes half an hour
	$(BIN)/python tools/chaos.py

bench: .venv/.ready  ## measure how fast reports are made; some minutes, written to output/bench
	$(BIN)/python -m tools.bench

kills: .venv/.ready  ## kill processes of fifty builds at random moments and look at the pages
	$(BIN)/python -m tools.kill_workers

clean:
	rm -rf .venv output output.runs
