# make demo   open a CT in the panel, click, and save what came out to demo-output/
# make test   run every test
# make lint   check style and types
# make audit  look all dependencies up among known vulnerabilities, or print their licences and versions
#
# Each makes .venv, with medvlsam2 in it, when it is not there. Another Python: make test PYTHON=/path/to/python3.12

# The first that runs and fits: a version manager's shim may be there without the version behind it.
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))
PYTHON ?= $(shell for name in python3 python3.12 python3.11; do $$name -c '$(FITS)' 2>/dev/null && echo $$name && break; done)
VENV := .venv
INSTALLED := $(VENV)/installed

.PHONY: demo test lint audit venv clean

demo: $(INSTALLED)
	$(VENV)/bin/medvlsam2 demo --output demo-output

# One thread a process: the tests start many, and threads that share small computations wait for each other.
# A file's tests stay in one process, for they share what takes long to make.
test: $(INSTALLED)
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest --numprocesses 2 --dist loadfile

lint: $(INSTALLED)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/python -m mypy

# The auditor has dependencies of its own, which are none of the project's.
audit: $(INSTALLED)
	@test -e build/audit/bin/pip-audit || { $(PYTHON) -m venv build/audit && \
		build/audit/bin/python -m pip install --quiet 'pip-audit>=2.10,<3'; } || true
	$(VENV)/bin/python Testing/audit.py build/audit/bin/python

venv: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" && $(PYTHON) -c '$(FITS)' || \
		{ echo "MedVLSAM2 needs Python 3.11 or 3.12: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	$(VENV)/bin/python -m pip install --quiet --constraint constraints.txt --no-deps slicer-layer-dm
	SAM2_BUILD_CUDA=0 $(VENV)/bin/python -m pip install --quiet --constraint constraints.txt --no-deps --no-build-isolation sam2
	touch $(INSTALLED)

clean:
	rm -rf $(VENV) demo-output
