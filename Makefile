# Debug build, shared by check and test: the same flags, so that nothing is built twice.
debug := --build-tests --explicit-target-dependency-import-check error
sources := Services Shared Tests Package.swift
python := .venv/bin/python
tmp := scripts/with_tmp.sh

.DEFAULT_GOAL := help
.PHONY: help setup build demo catalog test test-containers fuzz check bench format registries clean

help:  ## says what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

setup:  ## installs what is missing: Debian packages, Python tools
	@scripts/setup.sh
	@echo "setup: everything is there"

build:  ## builds the services and the nightjar command, optimised, in .build/release
	@scripts/setup.sh packages swift
	$(tmp) swift build -c release --quiet

demo: build  ## a simulated night through all services on this machine
	.build/release/nightjar demo

catalog: build  ## the million brightest stars of the whole sky, for solving and calibrating; in .catalogs/tycho-1
	@scripts/setup.sh catalog
	$(tmp) scripts/catalog.sh

test:  ## builds and runs all tests
	@scripts/setup.sh
	$(tmp) swift build $(debug) --quiet
	$(tmp) scripts/test.sh

test-containers:  ## runs a night in containers, where an engine can run; else says why not
	@scripts/setup.sh packages swift tools containers
	$(tmp) swift build $(debug) --quiet
	$(tmp) scripts/tests/containers.sh

fuzz:  ## reads ten thousand broken FITS files under the address sanitizer (NIGHTJAR_FUZZ says how many)
	@scripts/setup.sh packages swift
	ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=0 NIGHTJAR_FUZZ=$${NIGHTJAR_FUZZ:-10000} \
		$(tmp) swift test --scratch-path .build/fuzz --sanitize=address \
		--disable-xctest --filter 'MutatedFilesTests|PackedTilesTests'

check:  ## format, style, arrows, schemas, documents, compose files; then builds with warnings as errors
	@scripts/setup.sh
	$(tmp) swift format lint --strict --recursive --parallel $(sources)
	$(python) scripts/test_checks.py
	$(python) scripts/check_style.py
	$(python) scripts/check_rooms.py
	$(python) scripts/check_schemas.py
	$(python) scripts/check_registries.py
	$(python) scripts/check_dependencies.py
	$(python) scripts/check_coverage.py
	scripts/check_compose.sh
	$(tmp) swift build $(debug) --quiet

bench:  ## measures speed and accuracy beside the peers; writes Benchmarks/RESULTS.md (BENCH="--only PART --quick")
	@scripts/setup.sh packages swift bench
	$(tmp) swift build -c release --quiet
	$(tmp) .venv-bench/bin/python Benchmarks/run.py $(BENCH)

format:  ## formats the Swift sources and wraps their comments
	swift format --in-place --recursive --parallel $(sources)
	scripts/wrap_comments.py

registries:  ## writes docs/registries.md from the code
	$(python) scripts/check_registries.py --write

clean:  ## removes what was built and installed here
	rm -rf .build .venv .venv-bench .venv-catalog .catalogs
