# streammat: `make demo` to see it work, `make test` before you send a change.
# PYTHON picks the interpreter (3.11, 3.12 or 3.13), VENV where its environment goes.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/pip --disable-pip-version-check
CLIP ?=
MINOR := $(shell $(PYTHON) -c 'import sys; print(sys.version_info.minor)')
# Torch tests are an extra. On 3.11 they are part of `make test`; elsewhere ask with TORCH=1.
TORCH ?= $(if $(filter 11,$(MINOR)),1,0)
TEST_EXTRAS = $(if $(filter 1,$(TORCH)),test$(comma)test-torch,test)
comma := ,

.PHONY: demo test test-core lint types wheel-test bench clean

demo: $(VENV)/.installed
	$(BIN)/streammat demo $(CLIP)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "streammat needs Python 3.11 or newer; found $$($(PYTHON) --version). Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	@echo "installing streammat into $(VENV) (625 MB on disk, a minute or two)"
	$(PIP) install --quiet --editable .
	@touch $@

# One resolver call, so that torch, ONNX and the rest agree; the constraints keep torch at 2.11 to 2.13.
$(VENV)/.tests-$(TORCH): pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install --quiet --editable '.[$(TEST_EXTRAS)]' --constraint constraints.txt
	@touch $@ $(VENV)/.installed

test: $(VENV)/.tests-$(TORCH)
	$(BIN)/python -m pytest $(PYTEST_ARGS)

test-core:
	$(MAKE) test TORCH=0 PYTEST_ARGS='$(PYTEST_ARGS)'

# The type checker reads the libraries' own types, so that what the tests need has to be there.
$(VENV)/.lint: $(VENV)/.tests-$(TORCH)
	$(PIP) install --quiet --editable '.[lint]' --constraint constraints.txt
	@touch $@

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.lint
	$(BIN)/mypy

wheel-test: $(VENV)/.tests-$(TORCH)
	STREAMMAT_WHEEL_TEST=1 $(BIN)/python -m pytest tests/test_packaging.py

bench: | $(VENV)/bin/python
	$(PIP) install --quiet --editable '.[bench]'
	$(BIN)/python -m benchmarks --help

clean:
	rm -rf $(VENV) build dist out *.egg-info .mypy_cache .ruff_cache .pytest_cache
