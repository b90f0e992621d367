# SPDX-License-Identifier: Apache-2.0
# Verbs only. What they do stands in tools/ and cmake/.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run build test test-all test-sanitize test-kill bench fuzz tidy format clean bootstrap program

BUILD   ?= build
DATA    ?= data
# More flags for the server of `make run`.
ARGS    ?=
ROUNDS  ?= 200
SECONDS ?= 120
# A compiler process takes up to 2 GB; more of them than memory holds is slower, not faster.
JOBS    ?= $(shell cpus=$$(nproc); fit=$$(awk '/MemTotal/ {print int($$2 / 2000000)}' /proc/meminfo); \
             echo $$((fit < 1 ? 1 : fit < cpus ? fit : cpus)))
# Where CI runs, nothing is skipped that can be fetched.
CHECKS  ?= $(if $(CI),--checks)
STEP    := tools/step.sh
NINJA   := ninja -j $(JOBS)
CONFIGURE = cmake -S . -G Ninja

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile
	@echo "  variables: ARGS='--http-addr 0.0.0.0:8086' (run), ROUNDS=200 (test-kill), SECONDS=120 (fuzz), JOBS=$(JOBS)"

run: program ## build the server and start it on 127.0.0.1:8086; data in ./data
	@exec $(BUILD)/varve serve --data-dir $(DATA) --collect-host --welcome $(ARGS)

build: $(BUILD)/build.ninja ## fetch what is needed, compile the server and all tests
	@$(STEP) --live "compile" $(NINJA) -C $(BUILD)

program: $(BUILD)/build.ninja
	@$(STEP) --live "compile varve" $(NINJA) -C $(BUILD) varve

bootstrap:
	@$(STEP) --live "bootstrap" tools/bootstrap.sh $(CHECKS)

$(BUILD)/build.ninja: | bootstrap
	@$(STEP) "configure" $(CONFIGURE) -B $(BUILD) -DCMAKE_BUILD_TYPE=RelWithDebInfo

test: build ## unit tests, style, and short tests of the built server; about a minute
	@tools/run_tests.py --build $(BUILD) --jobs $(JOBS)

test-all: build ## the same with the long ones
	@tools/bootstrap.sh --checks
	@tools/run_tests.py --build $(BUILD) --jobs $(JOBS) --long

test-sanitize: bootstrap ## unit tests under ASan and UBSan, and under TSan where Arrow is not linked
	@$(STEP) "configure ASan" $(CONFIGURE) -B build-asan -DVARVE_SANITIZE=address
	@$(STEP) "configure TSan" $(CONFIGURE) -B build-tsan -DVARVE_SANITIZE=thread
	@tools/run_tests.py --build build-asan --jobs $(JOBS) --unit-only --compile
	@tools/run_tests.py --build build-tsan --jobs $(JOBS) --unit-only --compile \
	  --rooms base io model codec store catalog ingest auth query

test-kill: program ## kill -9 the server under load ROUNDS times and check every acknowledged row
	@python3 tests/crash/kill.py $(ROUNDS)

bench: bootstrap ## every benchmark beside the code, a whole year against its model, the server from outside
	@$(STEP) "configure" $(CONFIGURE) -B build-bench -DCMAKE_BUILD_TYPE=Release
	@tools/run_benches.sh build-bench $(JOBS)
	@$(STEP) --live "compile varve" $(NINJA) -C build-bench varve varve_test
	@VARVE_YEAR_PARTS=1 build-bench/varve_test --gtest_filter='Year.*'
	@VARVE_BUILD=build-bench python3 bench/end_to_end.py
	@VARVE_BUILD=build-bench python3 bench/curves.py --most 2000000 --out build-bench/curves

fuzz: ## every fuzz target for SECONDS each, with clang 19 and ASan
	@$(STEP) --live "bootstrap" tools/bootstrap.sh --sanitizers
	@$(STEP) "configure" $(CONFIGURE) -B build-fuzz -DCMAKE_C_COMPILER=clang-19 \
	  -DCMAKE_CXX_COMPILER=clang++-19 -DVARVE_FUZZ=ON -DVARVE_SANITIZE=address
	@tools/run_fuzzers.sh build-fuzz $(JOBS) $(SECONDS)

tidy: ## the rules of style and of the rooms, as a test
	@tools/tidy.py

format: ## rewrite changed sources with clang-format
	@git diff --name-only --diff-filter=d HEAD -- 'src/*.h' 'src/*.cc' | xargs -r clang-format -i

clean: ## remove what was built; data and .deps stay
	rm -rf build build-asan build-tsan build-bench build-fuzz
