# `make demo` needs no more than a bare Python; every other target installs the rest on first use.
PYTHON ?= python3
BIN := .venv/bin
CORE := .venv/.demo
STAMP := .venv/.installed
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
EXTRAS := kafka,notify,otel,plots,polars,pandas,read,sheets,tables
PYTEST := $(BIN)/python -m pytest

.PHONY: help venv demo test test-deep compiled test-compiled lint format docs chaos bench bench-quick bench-growth read-score audit sbom clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(STAMP)  ## install everything into .venv, at the pinned versions

# The core alone: 104 MB in 18 s with a warm cache. Without --no-compile pip spends 5 s more on modules that the demo never loads.
$(CORE): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 15) else "truceline needs Python 3.11 to 3.14, this is " + sys.version.split()[0] + "; choose another: make PYTHON=python3.12 demo")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) --no-compile hatchling editables
	$(PIP) --no-compile --no-build-isolation --editable .
	touch $@

$(STAMP): $(CORE)
	$(PIP) --no-build-isolation --editable '.[$(EXTRAS),dev]'
	touch $@

demo: $(CORE)  ## play the story of 13-15 September 2022 into a server on this machine
	$(BIN)/truceline demo $(ARGS)

test: $(STAMP)  ## run every test but the deep ones, in three processes that share a real Kafka
	$(PYTEST) --numprocesses 3 --dist loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered -m 'not deep' $(ARGS)

test-deep: $(STAMP)  ## run each property over 2,000 histories, and thousands of kills; ARGS=tests/property takes ten minutes
	$(PYTEST) -m deep $(ARGS)

compiled: $(STAMP)  ## build truceline with its fold compiled, into .build/compiled; needs a C compiler
	rm -rf .build/dist .build/compiled
	HATCH_BUILD_HOOK_ENABLE_MYPYC=1 $(BIN)/python -m build --no-isolation --outdir .build/dist .
	$(PIP) --no-deps --target .build/compiled .build/dist/*.whl

test-compiled: compiled  ## test the rules and the processing on the compiled fold
	PYTHONSAFEPATH=1 PYTHONPATH=$(CURDIR)/.build/compiled $(BIN)/python -m pytest --override-ini pythonpath= --numprocesses 2 --dist loadfile \
		-m 'not deep and not interpreted' $(addprefix tests/,core property schemas stores processing kafka operations/replay) $(ARGS)

lint: $(STAMP)  ## check style, types, imports, spelling, YAML and prose
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	git ls-files -z | xargs -0 $(BIN)/codespell
	$(BIN)/yamllint --strict .
	$(BIN)/python -m tools.prose

format: $(STAMP)  ## apply ruff's fixes and layout
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(STAMP)  ## build the documentation site into .build/site
	$(BIN)/zensical build --clean --strict

chaos: $(STAMP)  ## kill workers and brokers, then count every record
	$(BIN)/python -m tests.chaos $(ARGS)

bench: compiled  ## measure reports per second and latency on this machine
	$(BIN)/python -m tests.bench $(or $(ARGS),all)

bench-quick: $(STAMP)  ## compare the core with a fixed loop in under 3 minutes; ARGS=--keep records the result
	$(BIN)/python -m tests.bench quick $(ARGS)

read-score: $(STAMP)  ## score the reader of texts against coded ones; TRUCELINE_GOLD names another folder
	$(BIN)/python -m tests.reading.score $(ARGS)

bench-growth: $(STAMP)  ## compare the core's speed at 200,000 reports of one episode with that at 2,000
	$(BIN)/python -m tests.bench growth

SUPPLY := .build/supply
$(SUPPLY): constraints.txt
	$(PYTHON) -m venv $@
	$@/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt pip-audit cyclonedx-bom
	touch $@

audit: $(SUPPLY)  ## check the pinned versions against published advisories; needs the advisory service of PyPI
	$(SUPPLY)/bin/pip-audit --strict --disable-pip --no-deps --requirement constraints.txt

# In an environment of its own: what a user installs, without the tools of development.
sbom: $(SUPPLY)  ## list what an installation consists of, as CycloneDX, in .build/truceline.cdx.json
	rm -rf .build/installed
	$(PYTHON) -m venv .build/installed
	.build/installed/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt '.[$(EXTRAS)]'
	$(SUPPLY)/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --output-format JSON \
		--output-file .build/truceline.cdx.json .build/installed/bin/python

clean:  ## remove everything that make created
	rm -rf .venv .build .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
