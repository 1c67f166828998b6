# make setup | run | test | test-slow | bench | bench-gpu | lint | format | ui | lock | clean: everything happens inside .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := uv==0.13.9
READY := $(VENV)/.ready
# Where the registry is reached through a proxy with a certificate of its own, the system knows it and uv does not.
LOCKED := $(BIN)/uv pip install --python $(BIN)/python --require-hashes --requirement requirements.lock

.PHONY: setup run test test-slow bench bench-gpu lint format ui lock clean

setup: $(READY)

# uv installs the locked, hash-checked packages in parallel; pip can take the same lock, several times slower.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "classvec needs Python 3.11 or newer, found %s: run make PYTHON=/path/to/python3.11" % sys.version.split()[0])'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV)
	$(LOCKED) || $(LOCKED) --system-certs
	$(BIN)/uv pip install --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $(READY)

# The whole experiment on what comes with the package: drawn images, and a small network fitted on them.
run: $(READY)
	$(BIN)/python evaluate.py reconstruction=spectrum "reconstruction.classes=[cock,hummingbird,toucan,airliner]"

test: $(READY)
	$(BIN)/python -m pytest

# The tests that take minutes; those on real data need CLASSVEC_TEST_DATA.
test-slow: $(READY)
	$(BIN)/python -m pytest -m slow

# Speed and memory side by side with what they are measured against; takes a quarter of an hour, rows can be chosen (see docs).
bench: $(READY)
	$(BIN)/python -m benchmarks

bench-gpu: $(READY)
	$(BIN)/python -m benchmarks --accelerator gpu --batch-size 128 --images 2000 --out outputs/benchmarks-gpu.json

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

ui: $(READY)
	$(BIN)/python -m classvec ui

# Resolved for every platform and Python, with hashes and without addresses.
lock:
	test -x $(BIN)/uv || { $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet $(UV); }
	$(BIN)/uv pip compile pyproject.toml --group dev --extra timm --extra launchers --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --quiet --output-file requirements.lock

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache build dist
