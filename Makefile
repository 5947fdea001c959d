# make demo       blend melodies and drum beats, and translate as words arrive, with the shipped models
# make test       the tests                    make lint    style, types, layers
# make bench      the benchmarks on this CPU   make gpu-check   tests and benchmarks on a CUDA GPU
# make sanitize   the native kernels' tests under AddressSanitizer and UndefinedBehaviorSanitizer (needs GCC)
# make plugin     LV2, VST3, CLAP and JACK, in plugins/native/build (needs dpf-source and lv2-dev)
#
# Each target makes the virtual environment it needs, once. PYTHON=... chooses the interpreter, VENV=... the folder,
# WORKERS=... the number of test processes.

VENV ?= .venv
WORKERS ?= 2
BIN := $(VENV)/bin

.PHONY: help install demo test lint bench gpu-check plugin sanitize clean
.DELETE_ON_ERROR:

help:
	@sed -n '/^$$/q; s/^# \{0,1\}//p' Makefile

# A candidate is run before it is taken: a pyenv shim is on the PATH also for a Python that it cannot start.
$(BIN)/python:
	@for candidate in $(or $(PYTHON),python3.13 python3.12 python3.11 python3 python); do \
		if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
			python=$$candidate; break; \
		fi; \
	done; \
	if [ -z "$${python:-}" ]; then \
		echo "seqgen needs Python 3.11 or later and found none$(if $(PYTHON), at PYTHON=$(PYTHON));" \
			"install one, or name it: make PYTHON=/path/to/python3.12" >&2; \
		exit 1; \
	fi; \
	echo "Making $(VENV) with $$($$python --version)"; \
	if $$python -c 'import ensurepip, venv' >/dev/null 2>&1; then $$python -m venv $(VENV); \
	elif $$python -m virtualenv --version >/dev/null 2>&1; then $$python -m virtualenv -q $(VENV); \
	else \
		echo "$$python cannot make a virtual environment; on Debian or Ubuntu: apt install python3-venv" \
			"(or: $$python -m pip install --user virtualenv)" >&2; \
		exit 1; \
	fi

NATIVE := $(wildcard seqgen/kernels/native/*.cpp seqgen/kernels/native/*.h)

# A stamp is newer than what it was installed from, so a second run installs nothing.
$(VENV)/.installed-demo: pyproject.toml constraints.txt $(NATIVE) | $(BIN)/python
	@echo "Installing seqgen into $(VENV); torch is a large download, the first time takes minutes"
	@$(BIN)/python -m pip install -q -c constraints.txt -e '.[plot,translate]'
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt $(NATIVE) | $(BIN)/python
	@echo "Installing seqgen and its tests' needs into $(VENV); torch is a large download, the first time takes minutes"
	@$(BIN)/python -m pip install -q -c constraints.txt -e '.[dev,plot,train,translate,audio,serve]'
	@$(BIN)/python -m pip install -q -c constraints.txt -e '.[simuleval]' || \
		echo "SimulEval was not installed (from Python 3.12 on it needs a C compiler): its tests will be skipped"
	@touch $@ $(VENV)/.installed-demo

install: $(VENV)/.installed-demo

demo: $(VENV)/.installed-demo
	$(BIN)/seqgen interpolate mel-16bar examples/melody_a.mid examples/melody_b.mid demo/melody --num-steps 7 --seed 1
	$(BIN)/seqgen interpolate drums-2bar examples/drums_a.mid examples/drums_b.mid demo/drums --num-steps 7 --seed 1
	@echo; echo "Translating while the words arrive:"
	echo "Wenn es morgen regnet, bleiben wir zu Hause." | $(BIN)/seqgen translate de-en --stream --trace
	@echo; echo "The music lies in:"; find demo -type f | sort | sed 's/^/  /'

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks

# Without a GPU there is nothing to check, which is said, and is no failure.
gpu-check: $(VENV)/.installed-dev
	@if ! $(BIN)/python -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; then \
		echo "no CUDA device: nothing was measured"; \
	else \
		set -e; \
		$(BIN)/python -m pytest; \
		mkdir -p benchmarks/results; \
		$(BIN)/python -m benchmarks --device cuda > benchmarks/results/gpu.md.part; \
		mv benchmarks/results/gpu.md.part benchmarks/results/gpu.md; \
		cat benchmarks/results/gpu.md; \
	fi

plugin:
	$(MAKE) -C plugins/native

build/sanitized/.built: $(NATIVE) seqgen/kernels/native/build.py | $(VENV)/.installed-dev
	@echo "Building the native kernels for the sanitizers, which takes minutes"
	@$(BIN)/python -m seqgen.kernels.native.build --sanitize $(@D)
	@touch $@

sanitize: $(VENV)/.installed-dev build/sanitized/.built
	$(BIN)/python -m tests.kernels.sanitize build/sanitized -n $(WORKERS)

clean:
	rm -rf plugins/native/build
	rm -rf $(VENV) build dist demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
