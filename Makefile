# snowglobe: every action is a target, every prerequisite runs by itself. `make help` lists them.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
# One after the other and straight to the terminal, whatever -j and --output-sync say: what runs here asks questions.
MAKEFLAGS += --no-builtin-rules -Onone
.NOTPARALLEL:

# The runtime comes from npm, by the hash in the lock file, whatever the machine's own is.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

# Small young generation and one malloc arena: the cockpit stays under 120 MB, at no cost that can be measured.
export MALLOC_ARENA_MAX := 1
NODE := node --max-semi-space-size=4

SOURCES := $(shell find ops tui test/simulator test/kernel terraform/auto-stop -name '*.ts' -o -name '*.tsx' -o -name 'held-*.py') esbuild.config.mjs tsconfig.json

.PHONY: help tui demo simulator status status-json login lint format typecheck unit test test-kernel test-kernel-guest test-kernel-nested test-kernel-x86 test-kernel-install test-endurance test-fresh bench picture outdated clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-zA-Z0-9_. -]+:.*## / { sub(/:.*/, "", $$1); printf "  make %-38s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "Status 0: done, or nothing to do. 2: not done, also where the answer was no; standard error says why."
	@echo "Standard output has results alone: what is on the way goes to standard error."

node_modules/.installed: package.json package-lock.json
	@echo "Installing packages, about a minute." >&2
	@npm ci --no-fund --no-audit --loglevel=error >&2
# npm 9 takes the link away again with the runtimes of other platforms, so it is made here.
	@runtime=(node_modules/node-*/bin/node); \
	[ -x "$${runtime[0]}" ] || { echo "npm fetched no Node runtime that package-lock.json knows for this computer. Look to the network, then run it again." >&2; exit 1; }; \
	ln -sf "../../$${runtime[0]}" node_modules/.bin/node
	@touch $@

dist/.built: node_modules/.installed $(SOURCES)
	@node esbuild.config.mjs
	@touch $@

tui: dist/.built ## the cockpit, on the real account
	@exec $(NODE) dist/cockpit.js

demo: dist/.built ## the cockpit on a simulated account, no AWS and no network
	@exec $(NODE) dist/demo.js

simulator: dist/.built ## the simulated account by itself; prints the environment lines for any client
	@exec $(NODE) dist/simulator.js

status: dist/.built ## the three machines as a plain table
	@exec $(NODE) dist/cli.js status

status-json: dist/.built ## the same for a script, as JSON
	@exec $(NODE) dist/cli.js status-json

login: dist/.built ## sign in by device code
	@exec $(NODE) dist/cli.js login

# One target a machine: ssh-arm, start-x86, stop-jumpbox, …
ssh-jumpbox ssh-arm ssh-x86: ssh-%: dist/.built ## a shell on the machine, whatever has to happen first
	@exec $(NODE) dist/cli.js ssh $*

# What ssh calls for arm-up (make ssh-config): it speaks on the terminal alone, and hands its own streams over.
pipe-jumpbox pipe-arm pipe-x86: pipe-%: dist/.built
	@exec $(NODE) dist/cli.js pipe $*

ssh-config: dist/.built ## let plain ssh, scp, rsync, git and editors know the machines: ssh arm, ssh arm-up
	@exec $(NODE) dist/cli.js ssh-config

clean-ssh: dist/.built ## take that out of ~/.ssh again
	@exec $(NODE) dist/cli.js clean-ssh

start-jumpbox start-arm start-x86: start-%: dist/.built ## start the machine
	@exec $(NODE) dist/cli.js start $*

stop-jumpbox stop-arm stop-x86: stop-%: dist/.built ## stop the machine
	@exec $(NODE) dist/cli.js stop $*

swap-arm swap-x86: swap-%: dist/.built ## put your disk back in, after AWS recreated the machine
	@exec $(NODE) dist/cli.js swap $*

kernel-arm kernel-x86: kernel-%: dist/.built ## build the guest kernel on the machine
	@exec $(NODE) dist/cli.js kernel-guest $*

kernel-host-arm: kernel-host-%: dist/.built ## build the machine's own kernel, and try it by one boot
	@exec $(NODE) dist/cli.js kernel-host $*

.PHONY: kernel-arm kernel-x86 kernel-host-arm pipe-jumpbox pipe-arm pipe-x86 ssh-config clean-ssh ssh-jumpbox ssh-arm ssh-x86 start-jumpbox start-arm start-x86 stop-jumpbox stop-arm stop-x86 swap-arm swap-x86

# Terraform runs in a container. The image follows the Dockerfile alone; the sign-in is looked at every time.
.container-built: Dockerfile | dist/.built
	@node dist/cli.js image
	@touch $@

.PHONY: .aws-login
.aws-login: dist/.built
	@node dist/cli.js login

# terraform.tfvars is made where it is missing by whatever needs it, and by no rule: make -B would copy over the owner's.
TERRAFORM := .container-built .aws-login

.PHONY: init plan apply destroy output validate shell connect fmt

init: $(TERRAFORM) ## prepare Terraform: state bucket, backend, providers
	@exec $(NODE) dist/cli.js init

plan: $(TERRAFORM) ## show what apply would change
	@exec $(NODE) dist/cli.js plan

apply: $(TERRAFORM) ## plan, ask, apply: all of it from a cold start
	@exec $(NODE) dist/cli.js apply

destroy: $(TERRAFORM) ## take the machines away; data and addresses stay
	@exec $(NODE) dist/cli.js destroy

output: $(TERRAFORM) ## what Terraform's outputs say
	@exec $(NODE) dist/cli.js output

validate: $(TERRAFORM) ## check terraform/ for errors
	@exec $(NODE) dist/cli.js validate

shell: $(TERRAFORM) ## a shell in the container, signed in
	@exec $(NODE) dist/cli.js shell

connect: $(TERRAFORM) ## the database client, signed in by IAM
	@exec $(NODE) dist/cli.js connect

fmt: .container-built ## format terraform/
	@exec $(NODE) dist/cli.js fmt

format: node_modules/.installed ## format the sources
	@biome check --write .

lint: node_modules/.installed ## check formatting and lint rules
	@biome check .

typecheck: node_modules/.installed ## check the types
	@tsc

test: node_modules/.installed dist/.built lint typecheck ## every test
	@vitest run

test-kernel: ## the real kernels built, booted, nested, tried by GRUB (parts: test-kernel-guest, -nested, -x86, -install); an hour or two
	@test/kernel/real/run.sh guest nested x86 install

# What was built is kept for the next run, and a build that was interrupted goes on.
test-kernel-guest test-kernel-nested test-kernel-x86 test-kernel-install: test-kernel-%:
	@test/kernel/real/run.sh $*

test-endurance: node_modules/.installed ## eight simulated hours of the cockpit, looking for anything that grows; some minutes
	@vitest run --config vitest.long.config.ts test/endurance

test-fresh: node_modules/.installed ## a fresh clone in a bare Debian with make, npm, git and ssh; needs root and debootstrap
	@vitest run --config vitest.long.config.ts test/fresh

bench: dist/.built ## speed against named alternatives, as ratios
	@$(NODE) test/bench/main.ts

picture: dist/.built ## the README's picture, taken from the running demo
	@$(NODE) test/picture/main.ts

outdated: node_modules/.installed ## what of the lock file is behind, and what is known against it, where a registry says
	@npm outdated || [ $$? = 1 ]
	@said=$$(npm audit 2>&1) || true; if grep -q 'audit endpoint' <<<"$$said"; \
	  then echo "This registry does not say what is known against its packages." >&2; else echo "$$said"; fi

clean: ## remove what was built
	@rm -rf dist terraform/auto-stop/dist node_modules/.installed .container-built
