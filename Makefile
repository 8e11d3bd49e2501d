# OrderHub. `make` alone lists the targets; README.md tells the story.

# The Python that the environments were made with, once they are; PYTHON=python3.13 changes it.
PYTHON ?= $(or $(wildcard $(lastword $(shell cat .python-used 2>/dev/null))),python3)
ENV ?= dev
ARGS ?=

PY := .venv/bin/python
export SAM_CLI_TELEMETRY := 0

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' \
		$(firstword $(MAKEFILE_LIST))

# ---------------------------------------------------------------------------------------------
# The local cloud

.PHONY: run
run: environments ## Start OrderHub on this machine, with a demo shop (PORT=4600 for another port)
	@$(PY) -m local up $(if $(PORT),--port $(PORT))
	@$(PY) -m local.demo

.PHONY: stop
stop: .venv/ready ## Stop it; its data stays
	@$(PY) -m local stop

.PHONY: clean
clean: .venv/ready ## Stop it and forget its data
	@$(PY) -m local clean

.PHONY: status
status: .venv/ready ## Say whether it runs, and where
	@$(PY) -m local status

.PHONY: logs
logs: .venv/ready ## Show what the functions log (ARGS="--follow --errors --since 2h --grep WORD --order ID --correlation ID")
	@$(PY) -m local logs $(ARGS)

# ---------------------------------------------------------------------------------------------
# Tests and checks

# One run, so that its closing line counts everything. Tests on the local cloud share one xdist
# group and with it one process and one cloud, beside which the others run.
.PHONY: test
test: environments ## Run every test: unit, integration, end to end (ARGS="-k refund")
	$(PY) -m pytest --numprocesses auto --dist loadgroup $(ARGS)

CHECKS := check-lint check-format check-types check-imports check-template check-sam \
	check-machines check-docs

# What has a longer form than `make test` has time for: about an hour and a half on two cores.
LONG := tests/integration/crashes tests/integration/races tests/integration/hostile \
	tests/integration/security tests/e2e/test_due_at_once.py tests/e2e/test_beyond_a_role.py \
	tests/e2e/test_faults_from_the_cloud.py tests/e2e/test_killed_clients.py \
	tests/e2e/test_killed_cloud.py tests/e2e/test_import.py tests/integration/test_importing.py

.PHONY: torture
torture: environments ## Try to break it for as long as it takes (docs/RELIABILITY.md)
	ORDERHUB_TORTURE=1 $(PY) -m pytest --numprocesses auto --dist loadgroup $(LONG) $(ARGS)

.PHONY: check
check: environments ## Lint, types, layering, template, state machines, docs
	@$(MAKE) --no-print-directory --jobs 4 --keep-going \
		$(if $(filter output-sync,$(.FEATURES)),--output-sync=target) $(CHECKS)
	@echo "All checks passed."

TYPED := $(wildcard layers/core/orderhub functions local cli/orderhub_cli tools benchmarks tests)
MACHINES := $(wildcard workflows/*.asl.yaml)

.PHONY: $(CHECKS)
check-lint:
	@$(PY) -m ruff check --quiet && echo "ok  lint"
check-format:
	@$(PY) -m ruff format --check --output-format concise && echo "ok  format" \
		|| { echo "Not formatted: run 'make format'."; exit 1; }
check-types:
	@$(PY) -m mypy --no-error-summary $(TYPED) && echo "ok  types"
check-imports:
	@.venv/bin/lint-imports --no-logo >.venv/imports.log 2>&1 && echo "ok  imports" \
		|| { cat .venv/imports.log; exit 1; }
check-template:
	@.venv/bin/cfn-lint template.yaml && echo "ok  template (cfn-lint)"
check-sam:
	@.venv/bin/sam validate --lint --region us-east-1 >.venv/sam-validate.log 2>&1 \
		&& echo "ok  template (sam validate)" || { cat .venv/sam-validate.log; exit 1; }
# Whole numbers are numbers to AWS; the linter wants 2.0 for 2.
check-machines:
	@.venv/bin/statelint --yaml --eval-jsonata --ignore=FLOAT $(MACHINES) >.venv/statelint.log 2>&1 \
		&& echo "ok  state machines" || { tail -n 20 .venv/statelint.log; exit 1; }
check-docs:
	@$(PY) -m tools.docs --check && echo "ok  docs"

.PHONY: audit
audit: environments ## Hold what ships against known vulnerabilities
	@$(PY) -m tools.audit

.PHONY: format
format: .venv/ready ## Format the code and mend what the linter can
	$(PY) -m ruff check --fix-only --quiet
	$(PY) -m ruff format

.PHONY: bench
bench: environments ## Measure operations: what they ask of the table, cold and warm (ARGS="cold --only create")
	$(PY) -m benchmarks $(ARGS)

.PHONY: bench-scale
bench-scale: environments ## Measure what orders cost in a shop of 1,000 to 1,000,000 (ARGS="1000 10000")
	$(PY) -m benchmarks.scale $(ARGS)

.PHONY: cost
cost: .venv/ready ## Print what it costs on AWS (ARGS="--orders 50000 --shops 20")
	@$(PY) -m tools.cost $(ARGS)

PEER := benchmarks/peers/vendure_server
.PHONY: bench-peers
bench-peers: environments $(PEER)/node_modules/ready ## Time it beside Vendure, an order system in TypeScript (wants node and npm)
	$(PY) -m benchmarks.peers $(ARGS)

$(PEER)/node_modules/ready: $(PEER)/package-lock.json
	@command -v npm >/dev/null || { echo "Vendure needs node 20 or newer, and npm." >&2; exit 1; }
	@echo "Installing Vendure into $(PEER) …"
	@npm ci --prefix $(PEER) --no-audit --no-fund --loglevel error
	@touch $@

# ---------------------------------------------------------------------------------------------
# A real account

.PHONY: build
build: .venv/ready ## Build for AWS (ENV=dev|staging|prod of samconfig.toml)
	@$(PY) -m local build --env $(ENV)

.PHONY: deploy
deploy: .venv/ready ## Deploy to your AWS account (ENV=dev|staging|prod, ARGS=--yes to be asked nothing)
	@$(PY) -m local deploy --env $(ENV) $(ARGS)

.PHONY: rollback
rollback: .venv/ready ## Show how functions would go back one version (ENV=prod; ARGS=--yes does it)
	@$(PY) -m local rollback --env $(ENV) $(ARGS)

# ENV has a default, and here none means the local stack.
.PHONY: smoke
smoke: .venv/ready ## Ask a deployed API whether it lives (ENV=prod; else the local one; ARGS="--rounds 30")
	@$(PY) -m local smoke $(if $(filter-out file,$(origin ENV)),--env $(ENV)) $(ARGS)

# ---------------------------------------------------------------------------------------------
# The environments: .venv for developers, .venv-cloud for the emulator alone. Each is made anew
# when what it was made from changed: its requirements, or the Python.

.PHONY: environments
environments: .venv/ready .venv-cloud/ready

SUPPORTED := 3.11 3.12 3.13 3.14
# Its version and its path: 3.13 /usr/bin/python3.13
FOUND := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2], sys.executable)' 2>/dev/null)

.python-used: FORCE
	@if [ -z "$(filter $(SUPPORTED),$(firstword $(FOUND)))" ]; then \
		echo "OrderHub needs Python 3.11 to 3.14, and '$(PYTHON)' is $(or $(firstword $(FOUND)),not there)." >&2; \
		echo "Name another one: make $(or $(MAKECMDGOALS),run) PYTHON=python3.13" >&2; \
		exit 1; \
	fi
	@echo "$(FOUND)" | cmp -s - $@ || echo "$(FOUND)" >$@
FORCE:

# $(call install,options,requirements): with uv, and where uv can't (no wheel for this machine, an
# index that only pip can reach), with pip. Hashes decide what is installed, not the index; the
# files name everything, so that nothing is left to resolve.
define install
	@index="$${PIP_INDEX_URL:-$$($(PY) -m pip config get global.index-url 2>/dev/null)}"; \
	$(PY) -m uv pip install --quiet --python $(PY) $${index:+--default-index "$$index"} \
		--no-deps --require-hashes $(1) -r $(2) \
	|| $(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes $(1) -r $(2)
endef

.venv/ready: .python-used requirements/bootstrap.txt requirements/dev.txt
	@echo "Installing the developers' tools into .venv …"
	@$(PYTHON) -m venv --clear .venv || { \
		echo "'$(PYTHON) -m venv' does not work here; on Debian: apt-get install python3-venv" >&2; \
		exit 1; }
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements/bootstrap.txt || echo "uv is not to be had; pip takes longer."
	$(call install,,requirements/dev.txt)
	@printf '%s\n' "$(CURDIR)" "$(CURDIR)/layers/core" "$(CURDIR)/cli" \
		>"$$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/orderhub.pth"
	@touch $@

# Functions run under this interpreter. It has no packages, so that a function finds in its layers
# what it needs or fails, as on AWS; the emulator's own stand where only the emulator looks.
.venv-cloud/ready: .python-used .venv/ready requirements/cloud.txt
	@echo "Installing the local cloud into .venv-cloud …"
	@$(PYTHON) -m venv --clear --without-pip .venv-cloud
	$(call install,--target .venv-cloud/ministack,requirements/cloud.txt)
	@touch $@

# ---------------------------------------------------------------------------------------------
# Pinned versions

# Every environment that `make lock` resolves for has this marker; it says nothing then, and pip
# would judge it by the machine that builds the layers, not by the one that they are for.
MARKER := python_full_version < '3.15' and sys_platform != 'win32'
LOCK := $(PY) -m uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header

.PHONY: lock
lock: ## Pin the newest versions that go together
	@test -x $(PY) || { $(PYTHON) -m venv .venv && $(PY) -m pip install --quiet uv; }
	$(LOCK) requirements/dev.in -o requirements/dev.txt
	$(LOCK) requirements/runtime.in -c requirements/dev.txt -o layers/dependencies/requirements.txt
	$(LOCK) requirements/documents.in -c requirements/dev.txt -o layers/dependencies/documents.txt
	$(LOCK) requirements/delivery.in -c requirements/dev.txt -o layers/dependencies/delivery.txt
	$(LOCK) requirements/payments.in -c requirements/dev.txt -o layers/dependencies/payments.txt
	$(LOCK) requirements/bootstrap.in -c requirements/dev.txt -o requirements/bootstrap.txt
	$(LOCK) requirements/cloud.in -o requirements/cloud.txt
	@for file in requirements/*.txt layers/dependencies/*.txt; do \
		sed "s/ ; $(MARKER) / /" "$$file" >"$$file.new" && mv "$$file.new" "$$file"; \
	done
