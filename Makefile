# Everything needs nothing but Swift 6.3 on Debian 12, Ubuntu or macOS: the first step installs what is missing.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
COMMAND := .build/release/immerse-stats

.PHONY: demo test build setup lint consumer coverage release-check clean

demo: build ## run the bundled study and print its headline figures
	mkdir -p out
	$(COMMAND) demo --force --out out/demo

test: setup ## run all tests
	swift test

build: setup
	swift build -c release --product immerse-stats

setup:
	scripts/setup

lint: ## check the form of the sources
	swift format lint --strict --recursive Package.swift Sources Tests

consumer: setup ## build and run programs that link the library
	cd Tests/Consumer && for mode in debug release; do \
	  swift build -c $$mode; \
	  for program in Consumer OnlySurvey OnlyModels OnlyIndicators; do .build/$$mode/$$program; done; \
	done

coverage: setup ## whether intervals cover the truth in 2,000 simulated studies
	IMMERSE_COVERAGE=2000 swift test -c release --filter CoverageTests

release-check: test lint consumer demo coverage ## everything, including the slow checks

clean:
	rm -rf .build out
