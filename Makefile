# kyc-import. `make` builds; `make demo`, `make check` and `make bench` install what is missing first.
# BUILD, CC, CXX, SANITIZE and STEPS choose a variant: make BUILD=build/asan SANITIZE=address,undefined

BUILD ?= build
CC = gcc
CXX = g++
PREFIX ?= /usr/local
VERSION := 0.1.0

SANITIZE ?=
STEPS ?=
COVER ?=

PACKAGES := zlib libpcre2-8 libcurl libcrypto sqlite3 libfyaml libutf8proc libidn2 libxxhash simdjson
WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wvla -Wwrite-strings -Werror
HARDEN := -fstack-protector-strong -fPIE -fcf-protection=full
OPTIMIZE := -O2 -g
LINK := -pie -Wl,-z,relro,-z,now -Wl,--as-needed

ifneq ($(SANITIZE),)
OPTIMIZE := -O1 -g -fno-omit-frame-pointer -fsanitize=$(SANITIZE) -fno-sanitize-recover=all
LINK := -pie -fsanitize=$(SANITIZE)
else
HARDEN += -D_FORTIFY_SOURCE=2
endif
ifneq ($(COVER),)
OPTIMIZE := -O0 -g --coverage
LINK += --coverage
HARDEN := -fPIE
endif

CPPFLAGS := -D_GNU_SOURCE -Isrc -DKYC_VERSION='"$(VERSION)"' $(if $(STEPS),-DKYC_STEPS)
CPPFLAGS += $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
CFLAGS := -std=c11 $(WARNINGS) -Wstrict-prototypes -Wmissing-prototypes $(OPTIMIZE) $(HARDEN)
CXXFLAGS := -std=c++17 -Wall -Wextra -Wshadow -Werror $(OPTIMIZE) $(HARDEN)
LIBS := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lcsv -lphonenumber -lstdc++ -lpthread -lm
SANDBOX_LIBS := $(shell pkg-config --libs libmicrohttpd 2>/dev/null)
TEST_LIBS := $(shell pkg-config --libs cmocka 2>/dev/null)

AREAS := core model job input rules provider delivery ledger report pipeline cmd
sources = $(wildcard src/$(1)/*.c) $(wildcard src/$(1)/*.cc)
objects = $(patsubst src/%,$(BUILD)/obj/%.o,$(call sources,$(1)))
OBJECTS := $(foreach area,$(AREAS),$(call objects,$(area)))
SANDBOX_OBJECTS := $(call objects,core) $(call objects,model) $(call objects,sandbox)

# A unit test is linked with what its area may include, and nothing else: the first law holds there too.
BASE := core model
needs_core := core
needs_model := $(BASE)
needs_job := $(BASE) job
needs_input := $(BASE) input
needs_rules := $(BASE) rules
needs_provider := $(BASE) provider
needs_delivery := $(BASE) provider delivery
needs_ledger := $(BASE) ledger
needs_report := $(BASE) report
needs_pipeline := $(BASE) job input rules provider delivery ledger report pipeline
needs_cmd := $(needs_pipeline) cmd
UNIT_SOURCES := $(wildcard tests/unit/*/test_*.c)
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(UNIT_SOURCES))

PROGRAMS := $(BUILD)/kyc-import $(BUILD)/kyc-sandbox

.PHONY: all unit-tests deps deps-build lint check proof demo bench asan tsan cover clean install format
all: $(PROGRAMS)

$(BUILD)/kyc-import: $(OBJECTS) $(BUILD)/obj/main.c.o
	$(CXX) $(LINK) -o $@ $^ $(LIBS)

$(BUILD)/kyc-sandbox: $(SANDBOX_OBJECTS)
	$(CXX) $(LINK) -o $@ $^ $(LIBS) $(SANDBOX_LIBS)

$(BUILD)/obj/%.c.o: src/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/obj/%.cc.o: src/%.cc Makefile
	@mkdir -p $(@D)
	$(CXX) $(CPPFLAGS) $(CXXFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/obj/tests/%.o: tests/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests $(CFLAGS) -MMD -MP -c -o $@ $<

unit_area = $(word 1,$(subst /, ,$(1)))
.SECONDEXPANSION:
$(BUILD)/tests/unit/%: $(BUILD)/obj/tests/unit/%.o \
		$$(foreach area,$$(needs_$$(call unit_area,$$*)),$$(call objects,$$(area)))
	@mkdir -p $(@D)
	$(CXX) $(LINK) -o $@ $^ $(LIBS) $(TEST_LIBS)

unit-tests: $(UNIT_TESTS)

# A machine that fails on demand, for tests/fault: preloaded, so without sanitizers.
.PHONY: fault-shim
fault-shim: $(BUILD)/fault-shim.so
$(BUILD)/fault-shim.so: tests/fault/shim.c Makefile
	@mkdir -p $(@D)
	$(CC) -D_GNU_SOURCE -std=c11 $(WARNINGS) -O2 -g -fPIC -shared -o $@ $<

# Fuzzers: libFuzzer, so clang alone; every area below the pipeline, with sanitizers. `make fuzz` builds them.
needs_fuzz := $(BASE) job input rules provider
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 600
FUZZ_VARIANT := BUILD=$(BUILD)/fuzz CC=clang CXX=clang++ SANITIZE=fuzzer-no-link,address,undefined fuzzers

$(BUILD)/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $$(foreach area,$$(needs_fuzz),$$(call objects,$$(area)))
	$(CXX) -pie -fsanitize=fuzzer,address,undefined -o $@ $^ $(LIBS) $(TEST_LIBS)

.PHONY: fuzzers fuzz
fuzzers: $(FUZZERS)

$(BUILD)/generate-rows: tests/bench/generate.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -D_GNU_SOURCE -o $@ $<

-include $(wildcard $(BUILD)/obj/*.d $(BUILD)/obj/*/*.d $(BUILD)/obj/tests/unit/*/*.d $(BUILD)/obj/tests/fuzz/*.d)

# Everything below installs what is missing first, then calls make again: pkg-config is asked only once it is there.

deps-build:
	@scripts/install-deps build
deps:
	@scripts/install-deps

demo: deps-build
	@$(MAKE) --no-print-directory -j2 all
	@scripts/demo

# The variants that the tests need: gcc as it is shipped, one that can be stopped at every step, sanitizers, clang.
CHECK_VARIANTS := \
	'BUILD=$(BUILD) all unit-tests generate-rows fault-shim' \
	'BUILD=$(BUILD)/steps STEPS=1 all' \
	'BUILD=$(BUILD)/asan SANITIZE=address,undefined all unit-tests' \
	'BUILD=$(BUILD)/clang CC=clang CXX=clang++ all unit-tests' \
	'$(FUZZ_VARIANT)'
TEST_FILES = $(UNIT_TESTS) $(wildcard tests/cli/*.t tests/crash/*.t tests/fault/*.t)

.PHONY: generate-rows
generate-rows: $(BUILD)/generate-rows

check: deps
	@for variant in $(CHECK_VARIANTS); do \
		$(MAKE) --no-print-directory -s -j2 $$variant || exit 1; \
	done
	@KYC_BUILD=$(BUILD) scripts/run-tests -j 2 scripts/check-laws scripts/check-format $(TEST_FILES) $(patsubst $(BUILD)/%,$(BUILD)/asan/%,$(UNIT_TESTS))

lint: deps
	@scripts/check-laws
	@scripts/check-format

asan: deps
	@$(MAKE) --no-print-directory -s -j2 BUILD=$(BUILD)/asan SANITIZE=address,undefined all unit-tests
	@KYC_BUILD=$(BUILD)/asan scripts/run-tests $(patsubst $(BUILD)/%,$(BUILD)/asan/%,$(UNIT_TESTS)) $(wildcard tests/cli/*.t)

tsan: deps
	@$(MAKE) --no-print-directory -s -j2 BUILD=$(BUILD)/tsan SANITIZE=thread all unit-tests
	@KYC_BUILD=$(BUILD)/tsan scripts/run-tests $(patsubst $(BUILD)/%,$(BUILD)/tsan/%,$(UNIT_TESTS)) tests/cli/nightly.t tests/cli/input.t

cover: deps
	@$(MAKE) --no-print-directory -s -j2 BUILD=$(BUILD)/cover COVER=1 all unit-tests
	@KYC_BUILD=$(BUILD)/cover scripts/run-tests $(patsubst $(BUILD)/%,$(BUILD)/cover/%,$(UNIT_TESTS)) $(wildcard tests/cli/*.t)
	@scripts/cover $(BUILD)/cover

fuzz: deps
	@$(MAKE) --no-print-directory -s -j2 $(FUZZ_VARIANT)
	@KYC_BUILD=$(BUILD) KYC_FUZZ_SECONDS=$(FUZZ_SECONDS) scripts/run-tests -t 86400 tests/fault/fuzz.t

proof: deps
	@$(MAKE) --no-print-directory -s -j2 BUILD=$(BUILD) all generate-rows fault-shim
	@$(MAKE) --no-print-directory -s -j2 BUILD=$(BUILD)/steps STEPS=1 all
	@$(MAKE) --no-print-directory -s -j2 $(FUZZ_VARIANT)
	@KYC_BUILD=$(BUILD) FUZZ_SECONDS=$(FUZZ_SECONDS) scripts/proof $(PROOF)

bench: deps
	@$(MAKE) --no-print-directory -s -j2 all generate-rows
	@KYC_BUILD=$(BUILD) scripts/bench

install: all
	install -D -m 755 $(BUILD)/kyc-import $(DESTDIR)$(PREFIX)/bin/kyc-import
	install -D -m 755 $(BUILD)/kyc-sandbox $(DESTDIR)$(PREFIX)/bin/kyc-sandbox

format:
	clang-format -i $(wildcard src/*.c src/*/*.[ch] src/*/*.cc tests/*/*.[ch] tests/*/*/*.[ch])

clean:
	rm -rf $(BUILD)
