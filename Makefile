# Every way to run, test and measure Holdout. `make run` is all that a user needs.

CARGO ?= cargo
export SQLX_OFFLINE ?= true

.PHONY: run test bench gpu-figures sqlx sqlx-check openapi catalogue fmt doctor build dist

run: ## Build and start everything on this machine; EMPTY=1 leaves the demonstrations out
	scripts/install-needs run
	$(CARGO) build --release --locked --bins
	scripts/up $(if $(filter 1,$(EMPTY)),--empty)

build:
	$(CARGO) build --release --locked --bins

dist: build ## One archive for machines that cannot compile
	scripts/dist

test: ## Every test, as on CI
	scripts/install-needs test
	scripts/test

bench: ## The measurements; see bench/
	scripts/install-needs bench
	$(CARGO) build --release --locked --workspace --bins
	bench/run

gpu-figures: ## What this machine's GPU is worth, held against its processor; see bench/
	test -n "$(HOLDOUT_SCORER)" || $(CARGO) build --release --locked --bin holdout-scorer
	bench/gpu --into .bench/gpu

sqlx: ## Write the descriptions of all SQL statements again
	scripts/sqlx write

sqlx-check: ## Fail when they are not those of the code
	scripts/sqlx check

openapi: ## Write docs/openapi.json again
	$(CARGO) run --quiet --locked --bin holdout -- openapi > docs/openapi.json.new
	mv docs/openapi.json.new docs/openapi.json

catalogue: ## Write the metrics that other programs compile in again
	$(CARGO) run --quiet --locked --bin holdout-scorer -- metrics --bare > scorer/contract/src/catalogue.json.new
	mv scorer/contract/src/catalogue.json.new scorer/contract/src/catalogue.json

fmt:
	$(CARGO) fmt --all

doctor:
	target/release/holdout doctor
