# Needs git, make, Go, Node 20 and Python 3.11. All else is pinned, and installed inside this folder.

PYTHON        ?= $(shell command -v python3.11 || command -v python3)
STAGE         ?= dev
PORT          ?= 4566
GOLANGCI      := .tools/golangci-lint-2.15.0
OSLS          := NODE_NO_WARNINGS=1 node node_modules/osls/bin/serverless.js

# Packages whose tests start the emulator; all others are quick.
EMULATED      := /internal/(local|dynamo|bus|e2e|sagatest)(/|$$)

# Packages whose tests package templates, which takes seconds each time.
PACKAGED      := /internal/(templatetest|contract/gate/seeds)$$

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test check vet lint unit template fuzz oracles docs build package deploy named deps format pin freeze clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Start it all on this machine, place an order and stay up (PORT=4566)
	@$(MAKE) --no-print-directory -j3 deps build
	@build/orderflow local --port $(PORT)

# The end-to-end tests mostly wait, so that packaging beside them costs no time.
test: vet lint unit build ## Run every test: those of check, and what needs the emulator and a real deploy
	@go test -race -count=1 -p 2 -timeout 20m $$(go list ./... | grep -E '$(EMULATED)|$(PACKAGED)')

check: vet lint unit template ## Run the fast part: vet, linters, unit and template tests

vet:
	@go vet ./...

lint: $(GOLANGCI)
	@$(GOLANGCI) run

unit: deps .venv/.test-stamp
	@go test -race -timeout 5m $$(go list ./... | grep -v -E '$(EMULATED)|$(PACKAGED)')

template: deps
	@go test -count=1 -timeout 15m -p 1 $$(go list ./... | grep -E '$(PACKAGED)')

# What is fuzzed: a package and a target of it, for the go command takes one at a time.
FUZZED        := events/FuzzEnvelopeAgreesWithItsSchema events/FuzzDataAgreesWithTheSchema events/FuzzDataNearTheSchema \
  functions/recordorder/FuzzDecodeAgreesWithTheSchema functions/recordorder/FuzzBodyNearTheSchema functions/recordorder/FuzzPost
FUZZTIME      ?= 20s

fuzz: ## Hold the readers against the full validator for longer, FUZZTIME=20s for each of six targets
	@set -e; for f in $(FUZZED); do go test -run '^$$' -fuzz "^$${f##*/}$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./$${f%/*}; done

oracles: deps ## Ask AWS's event-ruler which events each rule matches (needs a JDK)
	@go run ./internal/oracles/ruler

docs: ## Write the documents under docs/ that are made from the contract
	@go run ./internal/contract/describe/generate

# The command is compiled as the functions are, so that what they share is compiled once.
build: ## Build the functions and the command, build/orderflow, for this machine
	@echo "building the functions and the command"
	@go run ./internal/lambdazip/build local
	@CGO_ENABLED=0 go build -trimpath -buildvcs=false -o build/orderflow ./cmd/orderflow

package: deps ## Build the zips for AWS and the CloudFormation template (STAGE=dev)
	@go run ./internal/lambdazip/build aws
	@$(OSLS) package --stage $(STAGE) --package build/package/$(STAGE)

deploy: named package ## Deploy to AWS with your own credentials (STAGE=dev MAIL_SENDER=orders@your.domain)
	@$(OSLS) deploy --stage $(STAGE) --package build/package/$(STAGE)

named:
	@test "$(STAGE)" != local || { echo "the local stage is started by: make run"; exit 2; }
	@test -n "$$MAIL_SENDER" || { echo "name the sender of the mails: make deploy STAGE=$(STAGE) MAIL_SENDER=orders@your.domain"; exit 2; }

deps: .venv/.stamp node_modules/.stamp ## Install what is pinned
	@:

format: $(GOLANGCI) ## Format the Go code
	@$(GOLANGCI) fmt

pin: ## Write requirements.txt and requirements-test.txt from what ends in .in
	@$(PYTHON) -m venv build/pin
	@build/pin/bin/pip install -q pip-tools==7.6.2
	@for name in requirements requirements-test; do CUSTOM_COMPILE_COMMAND="make pin" build/pin/bin/pip-compile -q --upgrade --generate-hashes \
	  --allow-unsafe --strip-extras --no-annotate --no-emit-index-url --no-emit-trusted-host --no-emit-find-links -o $$name.txt $$name.in || exit 1; done

freeze: ## Release the schemas' new versions: a frozen copy of each in schemas/released
	@go run ./internal/contract/release/freeze

clean: ## Remove what was built; what was installed stays
	@rm -rf build .serverless

.venv/.stamp: requirements.txt
	@echo "installing the emulator and the template linter"
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
	@.venv/bin/pip install -q --disable-pip-version-check --no-compile --no-deps --require-hashes --only-binary :all: -r requirements.txt
	@touch $@

.venv/.test-stamp: requirements-test.txt .venv/.stamp
	@echo "installing the testers of the API"
	@.venv/bin/pip install -q --disable-pip-version-check --no-compile --no-deps --require-hashes --only-binary :all: -r requirements-test.txt
	@touch $@

node_modules/.stamp: package-lock.json package.json .npmrc
	@echo "installing the deploy tool"
	@npm ci --ignore-scripts --no-progress --loglevel=error
	@touch $@

$(GOLANGCI):
	@echo "building the Go linter"
	@GOBIN="$(CURDIR)/.tools" GOFLAGS= go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v$(subst .tools/golangci-lint-,,$@)
	@mv .tools/golangci-lint $@
