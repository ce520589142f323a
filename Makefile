# Two commands for people: `make demo` and `make test`. Each installs what it needs.
VENV := .venv
PYTHON := $(VENV)/bin/python

.PHONY: demo test unit lint bench clean

demo: $(VENV)/.ready
	$(PYTHON) -m ldirpy.demo

test: $(VENV)/.ready debian
	$(MAKE) --no-print-directory lint
	$(PYTHON) -m pytest $(PYTEST_OPTIONS)

# Only both daemons side by side in a user-mode kernel, table by table.
compat: $(VENV)/.ready debian
	$(PYTHON) -m pytest compat_tests/kernel
.PHONY: compat

unit: $(VENV)/.ready
	$(PYTHON) -m pytest compat_tests/unit compat_tests/ipvs -m "not kernel"

lint: $(VENV)/.ready
	$(VENV)/bin/ruff check ldirpy compat_tests benchmarks
	$(VENV)/bin/ruff format --check ldirpy compat_tests benchmarks
	$(VENV)/bin/mypy

bench: $(VENV)/.ready debian
	$(PYTHON) -m benchmarks

# The program and its files for the system; DESTDIR and PREFIX as usual, docs/installation.md.
install:
	packaging/install
.PHONY: install

debian:
	.ci/debian-packages compat_tests/debian-packages.txt
.PHONY: debian

# The virtual environment is made anew when what it must hold has changed.
$(VENV)/.ready: setup.cfg pyproject.toml .ci/virtual-environment
	.ci/virtual-environment $(VENV)
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
