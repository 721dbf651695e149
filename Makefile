# make run: try it out · make test: everything · make test ARGS="tests/every_record -q": some of it
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The stamps carry the content's checksum, so a fresh checkout of the same content does not install again.
SUM := $(shell cat pyproject.toml constraints.txt | sha256sum | cut -c1-16)
RUN_STAMP := $(VENV)/.installed-run-$(SUM)
TEST_STAMP := $(VENV)/.installed-test-$(SUM)
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

# Whole files go to three processes, the longest first (tests/fixtures/order.py): what kills processes or drives a
# browser waits for a good part of its time, so that two cores are busy with three.
SPREAD := -n 3 --dist loadfile --no-loadscope-reorder

# The tests start hundreds of processes: what is compiled once is kept, whatever the machine's own setting.
test: export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test check installed docs vendor gallery pictures clean bench-backup bench-growth

run: $(RUN_STAMP)
	@exec $(BIN)/guicheng run

ifdef ARGS
test: $(TEST_STAMP)
	@$(BIN)/pytest $(ARGS)
else
test: check
	$(BIN)/pytest $(SPREAD)
endif

# What the tests need of Python, and no more.
installed: $(TEST_STAMP)

check: $(TEST_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy models tasks
	$(BIN)/lint-imports

# The browser libraries of others, as pinned in admin_app/vendor.py (needs npm).
vendor: $(RUN_STAMP)
	@$(BIN)/python -m admin_app.vendor

# Pictures of all screens: artefacts/gallery/index.html. make gallery ONLY=quotation: of some.
gallery: $(TEST_STAMP)
	@PYTHONPATH=. $(BIN)/python -m tests.browser.gallery $(ONLY)

# The pictures of the README: docs/pictures/.
pictures: $(TEST_STAMP)
	@PYTHONPATH=. $(BIN)/python -m tests.browser.pictures

docs: $(RUN_STAMP)
	$(BIN)/guicheng settings > docs/settings.md

$(BIN)/python:
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "$(PYTHON) cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 1; }

$(RUN_STAMP): | $(BIN)/python
	@echo "Installing into $(VENV) ..."
	@$(INSTALL) --editable .
	@touch $@

$(TEST_STAMP): | $(BIN)/python
	@echo "Installing into $(VENV) with the test tools ..."
	@$(INSTALL) --editable '.[test]'
	@touch $@ $(RUN_STAMP)

bench-backup: $(RUN_STAMP)
	@PYTHONPATH=. $(BIN)/python bench/backup.py $(MB)

# What a record type more costs the tests: make bench-growth TYPES=30 ARGS="tests/every_record -n 2"
bench-growth: $(TEST_STAMP)
	@PYTHONPATH=. $(BIN)/python bench/growth.py $(or $(TYPES),30) $(ARGS)

clean:
	rm -rf $(VENV) *.egg-info artefacts .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
