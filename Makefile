PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Dozens of processes import the same thousands of modules: each is compiled once, whatever the shell says.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-slow lint setup

demo: setup
	dvc repro
	@echo "The report: $(CURDIR)/reports/report.html"

# One thread each: two test processes share the cores, and threads that wait for one another would take turns.
test: setup
	OMP_NUM_THREADS=1 pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder -m "not slow"

test-slow: setup
	OMP_NUM_THREADS=1 pytest -m slow

lint: setup
	ruff check src tests benchmarks
	ruff format --check src tests benchmarks
	mypy
	lint-imports

setup: .venv/installed

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	pip install --disable-pip-version-check --quiet --progress-bar off --no-compile --requirement requirements.lock
	pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	cellarena plots-page
	touch $@
