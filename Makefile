# make demo   open a CT in the panel, click, and save what came out to demo-output/
# make test   run every test
# make lint   check style and types
#
# Each makes .venv, with medvlsam2 in it, when it is not there. Another Python: make test PYTHON=/path/to/python3.12

PYTHON ?= $(firstword $(foreach name,python3.12 python3.11 python3,$(shell command -v $(name))))
VENV := .venv
INSTALLED := $(VENV)/installed

.PHONY: demo test lint venv clean

demo: $(INSTALLED)
	$(VENV)/bin/medvlsam2 demo --output demo-output

test: $(INSTALLED)
	$(VENV)/bin/python -m pytest

lint: $(INSTALLED)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/python -m mypy

venv: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(not (3, 11) <= v < (3, 13))' || \
		{ echo "MedVLSAM2 needs Python 3.11 or 3.12: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	$(VENV)/bin/python -m pip install --quiet --constraint constraints.txt --no-deps slicer-layer-dm
	touch $(INSTALLED)

clean:
	rm -rf $(VENV) demo-output
