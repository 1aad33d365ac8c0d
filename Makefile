# snowglobe: every action is a target, every prerequisite runs by itself. `make help` lists them.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules

# The runtime comes from npm (package `node`), whatever the machine's own is.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

SOURCES := $(shell find ops tui test/simulator terraform/auto-stop -name '*.ts' -o -name '*.tsx') esbuild.config.mjs tsconfig.json

.PHONY: help tui demo simulator status login lint format typecheck unit test bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-zA-Z0-9_.-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

node_modules/.installed: package.json package-lock.json
	@npm ci --no-fund --no-audit --loglevel=error
	@touch $@

dist/.built: node_modules/.installed $(SOURCES)
	@node esbuild.config.mjs
	@touch $@

tui: dist/.built ## the cockpit, on the real account
	@exec node dist/cockpit.js

demo: dist/.built ## the cockpit on a simulated account, no AWS and no network
	@exec node dist/demo.js

simulator: dist/.built ## the simulated account by itself; prints the environment lines for any client
	@exec node dist/simulator.js

status: dist/.built ## the three machines as a plain table
	@exec node dist/cli.js status

login: dist/.built ## sign in by device code
	@exec node dist/cli.js login

format: node_modules/.installed ## format the sources
	@biome check --write .

lint: node_modules/.installed ## check formatting and lint rules
	@biome check .

typecheck: node_modules/.installed ## check the types
	@tsc

test: node_modules/.installed dist/.built lint typecheck ## every test
	@vitest run

bench: dist/.built ## speed against named alternatives, as ratios
	@node test/bench/main.ts

clean: ## remove what was built
	@rm -rf dist node_modules/.installed .container-built
