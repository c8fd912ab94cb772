# Everything here needs only python3 (3.11 or newer) with pip, and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: quickstart test fast-test gpu-test lint types benchmarks lock clean

quickstart: $(READY)  ## Unlearn names over a small sweep and show the table.
	$(BIN)/unremember run sweeps/quickstart.yaml

# Files of tests run side by side; the greatest take two to three GB each. Threads that wait for each
# other must not spin meanwhile.
TOGETHER := --numprocesses logical --maxprocesses 4 --dist loadfile
test fast-test: export OMP_WAIT_POLICY := passive

test: $(READY)  ## Run all tests.
	$(BIN)/pytest $(TOGETHER) --ignore tests/integration
	$(BIN)/pytest tests/integration  # trains on all cores: beside each other they take far longer

fast-test: $(READY)  ## Run the tests that take seconds.
	$(BIN)/pytest $(TOGETHER) -m "not slow"

gpu-test: $(READY)  ## Run the tests that need a CUDA device.
	$(BIN)/pytest -m gpu

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

benchmarks: $(READY)  ## Measure what the README says about speed.
	$(BIN)/python -m tests.benchmarks

# The environment is exactly requirements.lock, checked by hash, and the project on top of it.
$(READY): requirements.lock pyproject.toml
	test -x $(BIN)/uv || { $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet uv; }
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@

lock: $(READY)  ## Resolve the dependencies anew.
	$(BIN)/uv lock --quiet --upgrade
	$(BIN)/uv export --quiet --frozen --all-groups --no-emit-project --no-header \
		--format requirements-txt --output-file requirements.lock

clean:  ## Remove what these commands made here; results/ is left alone.
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache dist
