# make setup | run | test | test-slow | bench | bench-gpu | check-gpu | wheels | lint | format | ui | lock | clean: everything happens
# inside .venv. With WHEELS=DIR setup takes all packages from there, as `make wheels` left them, and asks no registry.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := uv==0.13.9
READY := $(VENV)/.ready
# Where the registry is reached through a proxy with a certificate of its own, the system knows it and uv does not.
WHEELS :=
FROM := $(if $(WHEELS),--no-index --find-links $(WHEELS))
LOCKED := $(BIN)/uv pip install --python $(BIN)/python $(FROM) --require-hashes --requirement requirements.lock

.PHONY: setup run test test-slow bench bench-gpu check-gpu wheels lint format ui lock clean

setup: $(READY)

# uv installs the locked, hash-checked packages in parallel; pip can take the same lock, several times slower.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "classvec needs Python 3.11 or newer, found %s: run make PYTHON=/path/to/python3.11" % sys.version.split()[0])'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(FROM) $(UV)
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

# Does the GPU find what the CPU finds, and how fast is it? A few minutes; without a GPU a rehearsal on the CPU.
check-gpu: $(READY)
	$(BIN)/python -m benchmarks --check

# For a machine without internet, of the same system and Python (setuptools builds the few packages that have no wheel): copy this folder there, then make check-gpu WHEELS=wheels.
wheels: $(READY)
	$(BIN)/python -m pip download --disable-pip-version-check --dest wheels --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip download --disable-pip-version-check --dest wheels $(UV) setuptools wheel
	$(BIN)/python -m pip wheel --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir wheels .

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
