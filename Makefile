# Needs git, make, Go, Node 20 and Python 3.11. All else is pinned, and installed inside this folder.

PYTHON        ?= $(shell command -v python3.11 || command -v python3)
STAGE         ?= dev
PORT          ?= 4566
GOLANGCI      := .tools/golangci-lint-2.15.0
OSLS          := NODE_NO_WARNINGS=1 node node_modules/osls/bin/serverless.js

# Packages whose tests start the emulator; all others are quick.
EMULATED      := /internal/(local|dynamo|bus|e2e|sagatest)(/|$$)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test check vet lint unit template build package deploy named deps format pin clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Start it all on this machine, place an order and stay up (PORT=4566)
	@$(MAKE) --no-print-directory -j3 deps build
	@build/orderflow local --port $(PORT)

test: check build ## Run every test: check, then what needs the emulator and a real deploy
	@go test -race -count=1 -timeout 20m $$(go list ./... | grep -E '$(EMULATED)')

check: vet lint unit template ## Run the fast part: vet, linters, unit and template tests

vet:
	@go vet ./...

lint: $(GOLANGCI)
	@$(GOLANGCI) run

unit: deps
	@go test -race -timeout 5m $$(go list ./... | grep -v -E '$(EMULATED)|/internal/templatetest$$')

template: deps
	@go test -count=1 -timeout 5m ./internal/templatetest

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

pin: ## Write requirements.txt from requirements.in
	@$(PYTHON) -m venv build/pin
	@build/pin/bin/pip install -q pip-tools==7.6.2
	@CUSTOM_COMPILE_COMMAND="make pin" build/pin/bin/pip-compile -q --upgrade --generate-hashes --allow-unsafe \
	  --strip-extras --no-annotate --no-emit-index-url --no-emit-trusted-host --no-emit-find-links -o requirements.txt requirements.in

clean: ## Remove what was built; what was installed stays
	@rm -rf build .serverless

.venv/.stamp: requirements.txt
	@echo "installing the emulator and the template linter"
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
	@.venv/bin/pip install -q --disable-pip-version-check --no-compile --no-deps --require-hashes --only-binary :all: -r requirements.txt
	@touch $@

node_modules/.stamp: package-lock.json package.json .npmrc
	@echo "installing the deploy tool"
	@npm ci --ignore-scripts --no-progress --loglevel=error
	@touch $@

$(GOLANGCI):
	@echo "building the Go linter"
	@GOBIN="$(CURDIR)/.tools" GOFLAGS= go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v$(subst .tools/golangci-lint-,,$@)
	@mv .tools/golangci-lint $@
