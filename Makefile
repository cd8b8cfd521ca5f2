# Two commands: `make serve` and `make test`. Each sets up what it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes

.PHONY: serve test lint pytest setup bench bench-full chaos web lock clean

serve: $(VENV)/.serve ## run the server on http://localhost:8000 with the Todo assistant
	$(BIN)/chatkit-host serve $(TARGET)

test: lint ## lint, types, import rules and all tests
	@$(MAKE) --no-print-directory pytest

lint: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright --level error
	$(BIN)/lint-imports --no-cache

pytest: $(VENV)/.test
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

setup: $(VENV)/.serve ## set up what `serve` needs, and nothing else

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.serve: requirements/serve.txt pyproject.toml $(VENV)/.python
	$(PIP_INSTALL) -r requirements/serve.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.test: requirements/dev.txt $(VENV)/.serve
	$(PIP_INSTALL) -r requirements/dev.txt
	touch $@

bench: $(VENV)/.test ## measure against the limit and the peers, about 5 minutes on a calm machine
	$(BIN)/python -m benchmarks

bench-full: $(VENV)/.test ## the same with more repeats, 5,000 streams and long lists
	$(BIN)/python -m benchmarks --full

chaos: $(VENV)/.test ## the long forms of the chaos suites: hours
	CHATKIT_HOST_CHAOS=long $(BIN)/pytest tests/chaos -s

web: ## the web sources (needs Node): types, their tests, and whether a new build is what is committed
	cd web && npm ci --no-audit --no-fund && npm run check && npm test

lock: ## resolve the requirements again (needs uv)
	uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url --no-header --no-annotate -q --group build -o requirements/serve.txt
	uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url --no-header --no-annotate -q --extra litellm --group dev --group build -c requirements/serve.txt -o requirements/dev.txt

clean:
	rm -rf $(VENV)
