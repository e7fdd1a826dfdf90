# Everything a checkout needs is made here; nothing is done by hand. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
CONSOLE_WHEELS := build/console-wheels
# command:package
CLIENTS := sftp:openssh-client lftp:lftp curl:curl rclone:rclone sshfs:sshfs psftp:putty-tools \
	puttygen:putty-tools node:nodejs npm:npm
PEERS := sftp:openssh-client /usr/sbin/sshd:openssh-server rclone:rclone s3fs:s3fs fusermount3:fuse3
BROWSER := chromium:chromium puttygen:putty-tools node:nodejs npm:npm
NODE_CLIENT := tests/integration/clients/node
NPM_CI := npm ci --ignore-scripts --no-audit --no-fund --silent
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check install --constraint constraints.txt

# Of a list of command:package, the packages whose command is missing are installed.
define installed
	missing=$$(for each in $(1); do command -v $${each%:*} >/dev/null || echo $${each#*:}; done | sort -u | xargs); \
	[ -z "$$missing" ] || { \
		command -v apt-get >/dev/null || { echo "missing here: '$$missing' - install them" >&2; exit 1; }; \
		root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
		$$root apt-get -qq update; $$root apt-get -qq install -y $$missing; }
endef

.PHONY: help combinations sam demo test test-compose test-mount test-clients test-console pictures chaos flood fuzz bench check format fidelity images-offline up down clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 17

demo: $(READY) ## send a sample file the whole way, show each step, print the story
	@$(BIN)/quillgate demo

test: $(READY) ## unit tests, IAM decisions, then the integration suite on `embedded`
	@$(BIN)/pytest tests/unit -q -n auto
	@$(BIN)/pytest tests/comparison -q
	@# Two environments side by side; the tests of a file share one.
	@$(BIN)/pytest tests/integration -q -m 'not clients' -n 2 --dist loadfile

test-compose: $(READY) ## the integration suite on `compose`, then what becomes of it when parts are stopped
	@$(BIN)/pytest tests/integration -q -m 'not clients' --environment compose -n 4
	@$(BIN)/pytest tests/compose -q

test-mount: $(READY) ## our file system in the kernel, under the host's sshd; installs it; needs root and /dev/fuse
	@$(call installed,$(PEERS))
	@$(BIN)/pytest tests/mount -q

test-clients: $(READY) ## the suite's part for other people's clients; installs them first (apt, npm)
	@$(call installed,$(CLIENTS))
	@cd $(NODE_CLIENT) && $(NPM_CI) --omit=optional
	@$(BIN)/pytest tests/integration -q -m clients
	@$(BIN)/python -m tests.integration.clients.table

test-console: $(READY) ## the console in a real Chromium; installs it and axe-core first (apt, npm)
	@$(call installed,$(BROWSER))
	@cd tests/console && $(NPM_CI)
	@$(BIN)/pytest tests/console -q

pictures: $(READY) ## write docs/pictures: the console with customers and files to look at
	@$(call installed,$(BROWSER))
	@$(BIN)/python -m tests.console.pictures

chaos: ENVIRONMENT = embedded
chaos: SEED := $(shell echo $$RANDOM)
chaos: $(READY) ## everything goes wrong at once, then the balance [SEED=n] [N=uploads] [ENVIRONMENT=compose]
	@$(BIN)/pytest tests/chaos/test_chaos.py -q --environment '$(ENVIRONMENT)' --seed '$(SEED)' $(if $(N),--uploads '$(N)')

flood: N = 10000
flood: $(READY) ## N=10000 uploads at once: never more calls to Quill than it was promised
	@$(BIN)/pytest tests/chaos/test_flood.py -q --flood '$(N)'

fuzz: MINUTES = 60
fuzz: SEED := $(shell echo $$RANDOM)
fuzz: $(READY) ## broken packets, random operations, cut uploads for MINUTES=60 [SEED=n]; 2000 policies, 100,000 events
	@$(BIN)/python -m tests.fuzz --minutes '$(MINUTES)' --seed '$(SEED)' --only '$(ONLY)'
	@$(if $(ONLY),,POLICY_CASES=2000 POLICY_SEED='$(SEED)' $(BIN)/pytest -q tests/comparison)
	@$(if $(ONLY),,EVENT_CASES=100000 EVENT_SEED='$(SEED)' $(BIN)/pytest -q tests/unit/test_any_event.py)

bench: $(READY) ## speed and memory beside the peers (installs them), and of the watchdog alone; BENCH_ROUNDS=3, BENCH_HUGE=1 for 5 GB
	@$(call installed,$(PEERS))
	@$(BIN)/python -m benchmarks

check: $(READY) ## format, lint, types, import rules, template, fidelity table
	@$(BIN)/ruff format --check --quiet . || { echo "not formatted - run: make format"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo >.lint-imports.log || { cat .lint-imports.log; rm .lint-imports.log; exit 1; }; rm .lint-imports.log
	@$(BIN)/cfn-lint stack/template.yaml stack/console.yaml
	@$(BIN)/python -m tests.integration.conformance.fidelity --check
	@echo "check: format, lint, types, imports, template and fidelity table are clean"

combinations: $(READY) ## the template in every form its conditions give it: cfn-lint, then deployed on `embedded` (minutes)
	@$(BIN)/pytest tests/combinations -q -n 2

SAM := build/sam-venv/bin
sam: $(SAM)/ready ## what everyone does: sam validate --lint, sam build (SAM CLI in an environment of its own)
	@cd stack; export SAM_CLI_TELEMETRY=0 PYTHON="$(CURDIR)/$(SAM)/python"; \
	for name in template console; do \
		../$(SAM)/sam validate --lint --region us-east-1 --template $$name.yaml; \
		../$(SAM)/sam build --template $$name.yaml --build-dir ../build/sam/$$name >../build/sam.log 2>&1 \
			|| { cat ../build/sam.log; exit 1; }; \
	done
	@for each in Watchdog Sweep; do test -f build/sam/template/$$each/sftp_watchdog/handler.py; done
	@test -n "$$(ls build/sam/console/Console)"
	@echo "sam: the templates are valid, all functions are built"

$(SAM)/ready: stack/sam-constraints.txt
	@echo "setting up SAM CLI, once (a minute; fetches from PyPI)"
	@$(PYTHON) -m venv --clear build/sam-venv
	@$(SAM)/python -m pip --quiet --disable-pip-version-check install --constraint stack/sam-constraints.txt aws-sam-cli
	@touch $@

format: $(READY) ## put the code into the one format
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

fidelity: $(READY) ## write docs/fidelity.md from the rows of the conformance tests
	@$(BIN)/python -m tests.integration.conformance.fidelity

images-offline: ## base images under their usual names, for networks without an image registry
	@.ci/images-offline

up: $(READY) ## start the embedded environment on the default ports, in the foreground
	@exec $(BIN)/quillgate up

down: $(READY) ## stop it from another shell
	@$(BIN)/quillgate down

clean: ## remove what was made here: .venv, build, caches (not .quillgate)
	@rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + " - name another: make PYTHON=python3.x")'
	@echo "setting up .venv, once (half a minute to a minute; fetches from PyPI)"
	@test -x $(BIN)/python && $(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(PIP) hatchling editables
	@$(PIP) --no-build-isolation --editable '.[dev]'
	@# Built now, so that nothing has to be fetched later.
	@$(BIN)/python -m quillgate.deploy.package
	@# What the deployed console needs, for this machine's Python: its test puts the package together.
	@$(MAKE) --silent -C stack/console wheels PYTHON="$(CURDIR)/$(BIN)/python" WHEELS="$(CURDIR)/$(CONSOLE_WHEELS)" \
		LAMBDA_PYTHON="$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')" LAMBDA_MACHINE="$$(uname -m)"
	@touch $@
