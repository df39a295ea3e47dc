# Everything needs nothing but Swift 6.3 on Debian 12, Ubuntu or macOS: the first step installs what is missing.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
COMMAND := .build/release/immerse-stats

.PHONY: demo test build setup lint consumer coverage adapters release-check clean
.PHONY: fuzz bench bench-build bench-scaling bench-peers bench-compare bench-gate bench-stream

demo: build ## run the bundled study and print its headline figures
	$(COMMAND) demo --force --out out/demo

test: setup ## run all tests
	swift test

build: setup
	swift build -c release --product immerse-stats

setup:
	scripts/setup

lint: ## check the form of the sources
	swift format lint --strict --recursive Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Sources \
	  Adapters/c/Package.swift Adapters/c/Sources Fuzzing/Package.swift Fuzzing/Sources

consumer: setup ## build and run programs that link the library
	cd Tests/Consumer && for mode in debug release; do \
	  swift build -c $$mode; \
	  for program in Consumer OnlySurvey OnlyModels OnlyIndicators; do .build/$$mode/$$program; done; \
	done

coverage: setup ## whether intervals cover the truth in 2,000 simulated studies
	IMMERSE_COVERAGE=2000 swift test -c release --filter CoverageTests

adapters: setup ## build the libraries for C, Python and R, and test them
	scripts/adapters c python r

fuzz: setup ## try the readers of files, texts and parts with made-up inputs, SECONDS for each (0: only those that are kept)
	scripts/fuzz $(or $(SECONDS),60)

release-check: test lint consumer demo coverage ## everything, including the slow checks
	scripts/adapters c spark r-check

bench-build: setup
	cd Benchmarks && swift build -c release

bench: bench-build ## measure all suites at the sizes up to 612,004 rows
	cd Benchmarks && .build/release/immerse-bench suites

bench-scaling: bench-build ## time against rows, schools, indicators and threads, and the picture of it
	cd Benchmarks && .build/release/immerse-bench scaling --svg scaling.svg

bench-peers: bench-build ## run other programs on the same files, and write Benchmarks/RESULTS.md
	Benchmarks/scripts/peers.py

bench-stream: build ## estimates and fits on 50,000,000 rows, and the anonymous memory they take
	Benchmarks/scripts/stream.py
	Benchmarks/scripts/stream.py --scattered

bench-compare: bench-build ## is this slower than another revision? make bench-compare BASE=main
	python3 Benchmarks/scripts/test_comparator.py
	Benchmarks/scripts/compare.py --base "$(BASE)"

bench-gate: bench-build ## hold instruction counts to their baselines; UPDATE=1 writes new ones
	python3 Benchmarks/scripts/test_comparator.py
	Benchmarks/scripts/gate.py $(if $(UPDATE),--update)

clean:
	rm -rf .build out
