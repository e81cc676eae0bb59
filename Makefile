PY ?= python3
V := .venv
# Whom we are measured beside: their requirements are not ours.
PEERS := .venv-bench
DEVSTACK := $(V)/bin/python -m billing_portal.devstack
.DEFAULT_GOAL := help
.PHONY: help demo stop test lint scenario bench faults browser deps

# uv when it can be had, else pip: the same locks and hashes.
define install
@echo "Installing $(1) …"
@test -x $(V)/bin/python || $(PY) -m venv $(V)
@{ test -x $(V)/bin/uv || $(V)/bin/pip install -q uv; } && \
  VIRTUAL_ENV=$(CURDIR)/$(V) $(V)/bin/uv pip install -q --require-hashes -r $(1) || \
  $(V)/bin/pip install -q --require-hashes -r $(1)
@touch $@
endef

$(V)/.installed-dev: requirements/dev.lock
	$(call install,$<)

$(V)/.installed-browser: requirements/browser.lock
	$(call install,$<)

$(PEERS)/.installed: V := $(PEERS)
$(PEERS)/.installed: requirements/bench.lock
	$(call install,$<)

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(V)/.installed-dev ## run the demo until Ctrl-C; PORT=8001 for another port
	@exec $(DEVSTACK) demo

stop: $(V)/.installed-dev ## stop the demo and whatever killed runs have left
	@$(DEVSTACK) stop

test: $(V)/.installed-browser ## run every check and every test; ARGS="…" for pytest
	@$(DEVSTACK) test -- $(ARGS)

lint: $(V)/.installed-dev ## run the checks alone
	@$(DEVSTACK) lint

scenario: $(V)/.installed-dev ## run billing stories; FILES="path/to/*.yaml"
	@$(DEVSTACK) services --migrate -- python manage.py run_scenarios $(FILES)

bench: $(V)/.installed-dev ## measure charging, the gate and the rest on a durable database
	@$(MAKE) -s $(PEERS)/.installed || echo "The peers cannot be installed; the rest is measured."
	@$(DEVSTACK) services --durable --migrate -- python manage.py bench $(ARGS)

faults: $(V)/.installed-dev ## run the long proofs: races, every zone on every day
	@$(DEVSTACK) services --migrate -- python -m pytest -m faults $(ARGS)

browser: $(V)/.installed-browser ## run the browser tests alone
	@$(DEVSTACK) services --migrate -- python -m pytest tests/browser $(ARGS)

deps: $(V)/.installed-dev ## resolve the requirements anew and lock them with hashes
	@for name in runtime dev browser bench; do \
	  $(V)/bin/uv pip compile -q --upgrade --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-annotate --no-header \
	    requirements/$$name.in -o requirements/$$name.lock || exit 1; \
	done
