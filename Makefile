# kyc-import. `make` builds the two programs, `make test` runs the unit tests, `make test T=cli/run` one test.
# Neither installs packages; `make demo`, `make deb`, `make check` and the other long ones install missing ones first.
# `make install` and `make uninstall` take PREFIX, DESTDIR, sysconfdir and localstatedir; `make deb` builds a package.
# V=1 prints whole commands. BUILD, CC, CXX and SANITIZE choose a variant: make BUILD=build/tsan SANITIZE=thread

# No built-in rules: looking for them takes make four times as long as all of this.
MAKEFLAGS += -r
.DEFAULT_GOAL := all
BUILD ?= build
CC = gcc
CXX = g++
PREFIX ?= /usr/local
sysconfdir ?= /etc
localstatedir ?= /var
VERSION := 0.1.0

SANITIZE ?=
STEPS ?=
COVER ?=

PACKAGES := zlib libpcre2-8 libcurl libcrypto sqlite3 libpq libfyaml libutf8proc libidn2 libxxhash simdjson icu-i18n
WARNINGS := -Wall -Wextra -Wformat=2 -Wconversion -Wshadow -Wvla -Wwrite-strings -Werror
HARDEN := -fstack-protector-strong -fstack-clash-protection -fPIE
# Control flow: CET on x86, its like on ARM.
HARDEN += $(if $(filter x86_64,$(shell uname -m)),-fcf-protection=full,$(if $(filter aarch64,$(shell uname -m)),-mbranch-protection=standard))
OPTIMIZE := -O2 -g
LINK := -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed
# The many unit tests are linked with lld, where it is: five times as fast. Programs that are shipped are not.
comma := ,
UNIT_LINK := $(if $(shell command -v ld.lld),-fuse-ld=lld -Wl$(comma)--threads=1)

ifneq ($(SANITIZE),)
# Of debugging information only lines: what a report shows.
OPTIMIZE := -O1 -g1 -fno-omit-frame-pointer -fsanitize=$(SANITIZE) -fno-sanitize-recover=all
LINK := -pie -fsanitize=$(SANITIZE)
else
HARDEN += -D_FORTIFY_SOURCE=3 -D_GLIBCXX_ASSERTIONS
endif
ifneq ($(COVER),)
OPTIMIZE := -O0 -g --coverage
LINK += --coverage
HARDEN := -fPIE
endif
# Unit tests are compiled for each variant: so in a third of the time. But not those that compute much themselves.
TEST_CFLAGS := -O0 -U_FORTIFY_SOURCE
$(BUILD)/obj/tests/unit/delivery/test_%_proof.o: TEST_CFLAGS :=

# One line a step: `CC src/core/text.c`. None with `make -s`.
V ?=
step = $(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),,$(info $(1) $(2)))$(if $(V),,@)
# As many jobs as processors, unless make was told how many.
PARALLEL = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

CPPFLAGS := -D_GNU_SOURCE -Isrc -DKYC_VERSION='"$(VERSION)"' $(if $(STEPS),-DKYC_STEPS)
CPPFLAGS += $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
CFLAGS := -std=c11 $(WARNINGS) -Wstrict-prototypes -Wmissing-prototypes $(OPTIMIZE) $(HARDEN)
CXXFLAGS := -std=c++17 -Wall -Wextra -Wshadow -Werror $(OPTIMIZE) $(HARDEN)
LIBRARIES := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null)
LIBS := $(LIBRARIES) -lcsv -lphonenumber -lstdc++ -lpthread -lm
SANDBOX_LIBS = $(shell pkg-config --libs libmicrohttpd)
TEST_LIBS = $(shell pkg-config --libs cmocka)

# What a compiler would not find is named before one starts, by the packages that hold it.
HEADERS := csv.h microhttpd.h phonenumbers/phonenumberutil.h
HEADERS_FOUND := $(shell printf '\043if !__has_include(<%s>)\n\043error\n\043endif\n' $(HEADERS) | \
	$(CC) -E - >/dev/null 2>&1 && echo yes)
.PHONY: ready ready-for-unit-tests
ready:
	$(if $(and $(LIBRARIES),$(HEADERS_FOUND)),,@CC=$(CC) scripts/install-deps --check build)
ready-for-unit-tests: ready
	@scripts/install-deps --check test libcmocka-dev

AREAS := core model job input rules provider delivery ledger report dispatch pipeline cmd
sources = $(wildcard src/$(1)/*.c) $(wildcard src/$(1)/*/*.c) $(wildcard src/$(1)/*.cc)
objects = $(patsubst src/%,$(BUILD)/obj/%.o,$(call sources,$(1)))
OBJECTS := $(foreach area,$(AREAS),$(call objects,$(area)))
SANDBOX_OBJECTS := $(call objects,core) $(call objects,model) $(call objects,sandbox)

# A unit test is linked with the archives of what its area may include, the including one first, and takes from them
# only what it uses: half the time of linking whole areas.
BASE := model core
needs_core := core
needs_model := $(BASE)
needs_job := job $(BASE)
needs_input := input $(BASE)
needs_rules := rules $(BASE)
needs_provider := provider job $(BASE)
needs_delivery := delivery provider $(BASE)
needs_ledger := ledger $(BASE)
needs_report := report $(BASE)
needs_pipeline := pipeline dispatch report ledger delivery provider rules input job $(BASE)
# Its tests make their situations with pipeline/decide.
needs_dispatch := dispatch $(needs_pipeline)
needs_cmd := cmd $(needs_pipeline)
# The only one of its area that is built with TSan: less than the area needs.
needs_dispatch/test_coordinator_queue := dispatch delivery provider ledger job $(BASE)
UNIT_SOURCES := $(wildcard tests/unit/*/test_*.c)
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(UNIT_SOURCES))

PROGRAMS := $(BUILD)/kyc-import $(BUILD)/kyc-sandbox

.PHONY: all steps unit-tests deps deps-build lint check proof demo bench asan tsan valgrind cover clean install uninstall deb format
all: $(PROGRAMS) man completion
	@:

$(BUILD)/kyc-import: $(OBJECTS) $(BUILD)/obj/main.c.o
	$(call step,LD,$@)$(CXX) $(LINK) -o $@ $^ $(LIBS)

$(BUILD)/kyc-sandbox: $(SANDBOX_OBJECTS)
	$(call step,LD,$@)$(CXX) $(LINK) -o $@ $^ $(LIBS) $(SANDBOX_LIBS)

$(BUILD)/obj/%.c.o: src/%.c Makefile | ready
	@mkdir -p $(@D)
	$(call step,CC,$<)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/obj/%.cc.o: src/%.cc Makefile | ready
	@mkdir -p $(@D)
	$(call step,CXX,$<)$(CXX) $(CPPFLAGS) $(CXXFLAGS) -MMD -MP -c -o $@ $<

# With failpoints (core/failpoint.h), at each of which a run can be stopped. Only sources that have one are compiled again.
STEPS_OBJECTS := $(patsubst src/%,$(BUILD)/steps/obj/%.o,$(shell grep -l '"core/failpoint.h"' /dev/null $(wildcard src/*/*.c src/*/*/*.c)))
steps: $(BUILD)/steps/kyc-import $(BUILD)/steps/kyc-sandbox

$(BUILD)/steps/obj/%.c.o: src/%.c Makefile | ready
	@mkdir -p $(@D)
	$(call step,CC,$<)$(CC) $(CPPFLAGS) -DKYC_STEPS $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/steps/kyc-import: $(STEPS_OBJECTS) \
		$(filter-out $(patsubst $(BUILD)/steps/%,$(BUILD)/%,$(STEPS_OBJECTS)),$(OBJECTS)) $(BUILD)/obj/main.c.o
	$(call step,LD,$@)$(CXX) $(LINK) -o $@ $^ $(LIBS)

$(BUILD)/steps/kyc-sandbox: $(BUILD)/kyc-sandbox
	@mkdir -p $(@D)
	$(call step,LN,$@)ln -f $< $@

$(BUILD)/obj/tests/%.o: tests/%.c Makefile | ready-for-unit-tests
	@mkdir -p $(@D)
	$(call step,CC,$<)$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(TEST_CFLAGS) -MMD -MP -c -o $@ $<

.SECONDEXPANSION:
$(BUILD)/obj/%.a: $$(call objects,$$*)
	$(call step,AR,$@)rm -f $@ && $(AR) rc $@ $^

folder = $(firstword $(subst /, ,$(1)))
$(BUILD)/tests/unit/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/obj/tests/unit/chosen.o \
		$$(foreach area,$$(or $$(needs_$$*),$$(needs_$$(call folder,$$*))),$(BUILD)/obj/$$(area).a)
	@mkdir -p $(@D)
	$(call step,LD,$@)$(CXX) $(LINK) $(UNIT_LINK) -o $@ $^ $(LIBS) $(TEST_LIBS)

unit-tests: $(UNIT_TESTS)
# Kept: make would delete them as mere intermediates and compile each test again for every link.
.SECONDARY: $(AREAS:%=$(BUILD)/obj/%.a) $(patsubst %,$(BUILD)/obj/%.o,$(basename tests/unit/chosen.c $(UNIT_SOURCES) $(wildcard tests/fuzz/fuzz_*.c)))

# kyc-import with an invented provider, from a list of providers of its own, for tests/cli/fifth_provider.t.
.PHONY: fifth-provider
fifth-provider: $(BUILD)/tests/fifth-provider
$(BUILD)/tests/fifth-provider: $(filter-out %/provider_list.c.o,$(OBJECTS)) $(BUILD)/obj/main.c.o $(BUILD)/obj/tests/lib/fifth_provider.o
	@mkdir -p $(@D)
	$(call step,LD,$@)$(CXX) $(LINK) -o $@ $^ $(LIBS)

# Makes system calls fail on demand, for tests/fault. Preloaded, so it is built without sanitizers.
.PHONY: fault-shim
fault-shim: $(BUILD)/fault-shim.so
$(BUILD)/fault-shim.so: tests/fault/shim.c Makefile
	@mkdir -p $(@D)
	$(call step,CC,$<)$(CC) -D_GNU_SOURCE -std=c11 $(WARNINGS) -O2 -g -fPIC -shared -o $@ $<

# Fuzzers use libFuzzer, so they need clang: the areas below the pipeline, with sanitizers, in the variant build/asan.
needs_fuzz := provider rules input job $(BASE)
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 600

$(BUILD)/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $$(foreach area,$$(needs_fuzz),$$(call objects,$$(area)))
	$(call step,LD,$@)$(CXX) -pie $(UNIT_LINK) -fsanitize=fuzzer,address,undefined -o $@ $^ $(LIBS) $(TEST_LIBS)

.PHONY: fuzzers fuzz
fuzzers: $(FUZZERS)

# The table of phone numbers that need no look-up, made anew from the installed libphonenumber: after its update.
.PHONY: phone-plan
phone-plan: $(BUILD)/make-phone-plan
	$< "$$(dpkg-query -W -f '$${Version}' libphonenumber-dev 2>/dev/null || echo unknown)" >src/rules/phone_plan.c.new
	mv src/rules/phone_plan.c.new src/rules/phone_plan.c
$(BUILD)/make-phone-plan: scripts/make-phone-plan.cc Makefile
	@mkdir -p $(@D)
	$(call step,CXX,$<)$(CXX) $(CXXFLAGS) -o $@ $< -lphonenumber -lprotobuf-lite

# The tables of countries and languages, made anew from the installed iso-codes and ICU.
.PHONY: countries languages
countries languages: $(BUILD)/list-icu-names
	scripts/make-$@ $<
$(BUILD)/list-icu-names: scripts/list-icu-names.c Makefile
	@mkdir -p $(@D)
	$(call step,CC,$<)$(CC) $(CFLAGS) -o $@ $< $(shell pkg-config --libs icu-uc)

# The manual pages and the completions of shells, made from the pages of `kyc-import help` (src/man/README.md).
PAGES := $(patsubst src/man/%.md,$(BUILD)/man/%,$(wildcard src/man/*.[1-8].md))
COMPLETIONS := $(addprefix $(BUILD)/completion/,kyc-import _kyc-import kyc-import.fish)
.PHONY: man completion
man: $(PAGES)
completion: $(COMPLETIONS)
$(BUILD)/list-help: $(OBJECTS) $(BUILD)/obj/scripts/list-help.o
	$(call step,LD,$@)$(CXX) $(LINK) $(UNIT_LINK) -o $@ $^ $(LIBS)
$(BUILD)/obj/scripts/%.o: scripts/%.c Makefile | ready
	@mkdir -p $(@D)
	$(call step,CC,$<)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/man/%: src/man/%.md scripts/make-manual $(BUILD)/list-help $(BUILD)/kyc-sandbox
	@mkdir -p $(@D)
	$(call step,MAN,$@)scripts/make-manual $(BUILD) $(VERSION) $< >$@.new && mv $@.new $@
$(BUILD)/completion/%: scripts/make-completion $(BUILD)/list-help
	@mkdir -p $(@D)
	$(call step,GEN,$@)scripts/make-completion $(BUILD) $* >$@.new && mv $@.new $@

# The tools of `make bench`.
$(BUILD)/generate-rows: tests/bench/generate.c Makefile
	@mkdir -p $(@D)
	$(call step,CC,$<)$(CC) $(CFLAGS) -D_GNU_SOURCE -o $@ $<
$(BUILD)/bare-curl: tests/bench/bare_curl.c Makefile
	@mkdir -p $(@D)
	$(call step,CC,$<)$(CC) $(CFLAGS) $(CPPFLAGS) -o $@ $< $(shell pkg-config --libs libcurl 2>/dev/null)
$(BUILD)/delay-proxy: tests/bench/delay_proxy.c Makefile
	@mkdir -p $(@D)
	$(call step,CC,$<)$(CC) $(CFLAGS) -D_GNU_SOURCE -o $@ $<
$(BUILD)/fill-ledger $(BUILD)/ledger-commits $(BUILD)/ledger-scan: $(BUILD)/%: $(BUILD)/obj/tests/bench/$$(subst -,_,$$*).o \
		$$(foreach area,$$(needs_pipeline),$$(call objects,$$(area)))
	$(call step,LD,$@)$(CXX) $(LINK) -o $@ $^ $(LIBS)

.PHONY: bench-tools
bench-tools: $(addprefix $(BUILD)/,generate-rows bare-curl delay-proxy fill-ledger ledger-commits ledger-scan)

-include $(wildcard $(BUILD)/obj/*.d $(BUILD)/obj/*/*.d $(BUILD)/obj/*/*/*.d $(BUILD)/obj/tests/unit/*/*.d \
	$(BUILD)/steps/obj/*/*.d $(BUILD)/steps/obj/*/*/*.d)

# These install missing packages first and then call make again, so that pkg-config is asked once it is installed.

deps-build:
	@scripts/install-deps build
deps:
	@scripts/install-deps

# Shows the demo; of the compiler only what a failed build printed, or with V=1 everything.
demo: deps-build
	@$(MAKE) --no-print-directory -q $(PROGRAMS) >/dev/null 2>&1 || echo 'building (2 to 3 minutes the first time)'
	+@$(MAKE) --no-print-directory $(if $(V),,-s) $(PARALLEL) $(PROGRAMS)
	@BUILD=$(BUILD) scripts/demo

# The variants. build: gcc, as it is shipped. build/asan: clang with ASan, UBSan and the coverage that fuzzers need.
# build/tsan: TSan; `check` builds only the unit tests that start threads.
variant = $(MAKE) --no-print-directory -s BUILD=$(BUILD)/$(1)
CLANG := CC=clang CXX=clang++
.PHONY: plain asan-all asan-check asan-programs asan-fuzz tsan-all tsan-check
plain:
	@$(MAKE) --no-print-directory -s all steps unit-tests fault-shim fifth-provider
asan-all:
	+@$(call variant,asan) $(CLANG) SANITIZE=fuzzer-no-link,address,undefined all steps unit-tests fault-shim fifth-provider fuzzers
asan-check:
	+@$(call variant,asan) $(CLANG) SANITIZE=fuzzer-no-link,address,undefined all unit-tests fuzzers
asan-programs:
	+@$(call variant,asan) $(CLANG) SANITIZE=fuzzer-no-link,address,undefined all
asan-fuzz:
	+@$(call variant,asan) $(CLANG) SANITIZE=fuzzer-no-link,address,undefined fuzzers
tsan-all:
	+@$(call variant,tsan) SANITIZE=thread all steps unit-tests fault-shim fifth-provider
tsan-check:
	+@$(call variant,tsan) SANITIZE=thread $(patsubst %,$(BUILD)/tsan/tests/unit/%,$(TSAN_UNITS))

# Unit tests that start threads.
TSAN_UNITS := core/test_queue core/test_log dispatch/test_coordinator_queue delivery/test_sender delivery/test_sender_flow \
	delivery/test_sender_lease delivery/test_sender_login delivery/test_sender_retry_after delivery/test_sender_share ledger/test_ledger_verify \
	ledger/test_store_checkpoint
UNITS_OF = $(patsubst $(BUILD)/%,$(BUILD)/$(1)/%,$(UNIT_TESTS))
SCRIPTS := $(wildcard tests/cli/*.t tests/crash/*.t tests/fault/*.t tests/system/*.t \
	tests/postgres/*.t tests/scale/*.t)
# For a variant with sanitizers: without the fuzzers, which have one of their own, and without tests of the build itself
# and of its packages.
SANITIZED_SCRIPTS := $(filter-out tests/fault/fuzz.t tests/cli/hardening.t tests/cli/make.t tests/cli/install.t tests/system/% \
	tests/scale/container.t,$(SCRIPTS))

# make test [T='NAME...'] [ARGS='...']. NAME is a unit test (core/test_text or core/text), a script (cli/run), a folder
# of either (core, cli), or a path; without T every unit test. ARGS goes to each test: to a unit test, which of its
# functions to run (tests/unit/chosen.c); to a script, what its first lines explain. Builds only what these tests need.
ifneq ($(filter test test-programs,$(MAKECMDGOALS)),)
# Those of delivery and ledger come first: they wait for time and for the disk, and the others run beside them.
UNIT_NAMES := $(sort $(patsubst tests/unit/%.c,%,$(UNIT_SOURCES)))
UNIT_NAMES := $(filter delivery/%,$(UNIT_NAMES)) $(filter ledger/%,$(UNIT_NAMES)) \
	$(filter-out delivery/% ledger/%,$(UNIT_NAMES))
TESTS := $(UNIT_NAMES) $(patsubst tests/%.t,%,$(SCRIPTS))
bare = $(patsubst %/,%,$(patsubst unit/%,%,$(patsubst tests/%,%,$(basename $(1)))))
named = $(filter $(1) $(1)/% $(dir $(1))test_$(notdir $(1)),$(TESTS))
alike = $(strip $(foreach test,$(TESTS),$(if $(findstring $(patsubst test_%,%,$(notdir $(1))),$(test)),$(test))))
near = $(or $(call alike,$(1)),$(filter $(dir $(1))%,$(TESTS)),$(sort $(foreach test,$(TESTS),$(call folder,$(test)))))
define unknown_test
there is no test $(1)
hint: make test T=NAME, and near it are: $(call near,$(call bare,$(1)))

endef
WANTED := $(if $(T),$(foreach name,$(T),$(or $(call named,$(call bare,$(name))),$(error $(call unknown_test,$(name))))),$(UNIT_NAMES))
WANTED_UNITS := $(patsubst %,$(BUILD)/tests/unit/%,$(filter $(UNIT_NAMES),$(WANTED)))
WANTED_SCRIPTS := $(patsubst %,tests/%.t,$(filter-out $(UNIT_NAMES),$(WANTED)))
# What a script needs beside the programs shows in its text.
uses = $(if $(shell grep -lE $(1) $(WANTED_SCRIPTS)),$(2))
ifneq ($(WANTED_SCRIPTS),)
SCRIPT_NEEDS := $(PROGRAMS) $(call uses,'use KycMachine',fault-shim) $(call uses,/steps,steps) $(call uses,tests/fifth-provider,fifth-provider) \
	$(call uses,'make asan-programs',asan-programs) $(call uses,asan/fuzz,asan-fuzz) \
	$(call uses,'make unit-tests',unit-tests)
endif
endif
# Unit tests are run three per processor, scripts, which work with several processes each, one.
TEST_JOBS = $(shell expr $$(nproc) $(if $(WANTED_SCRIPTS),,\* 3))
.PHONY: test test-programs
test-programs: $(WANTED_UNITS) $(SCRIPT_NEEDS)
	@:
test:
	@$(MAKE) --no-print-directory $(PARALLEL) test-programs
	@KYC_BUILD=$(BUILD) scripts/run-tests -j $(TEST_JOBS) -a '$(ARGS)' $(WANTED_UNITS) $(WANTED_SCRIPTS)

# Many tests wait most of their time, for a window of the rate or for a time, so that check runs one test more than there
# are processors, and up to twice as many while these are idle. Those that take longest come first, so that all jobs end
# together; those that wait most (limits, adopt, session, system) are among those that compute.
CHECK_JOBS = $(shell expr $$(nproc) + 1) -i $(shell expr 2 \* $$(nproc) + 1)
LONGEST := $(foreach name,fault/matrix crash/steps fault/limits postgres/steps fault/matrix_onboarding postgres/crash postgres/units fault/leaks system/% \
	postgres/cli postgres/takeover scale/shared fault/mutations cli/adopt scale/slurm postgres/failure fault/fuzz fault/session cli/contract \
	fault/damage cli/install scale/container,$(filter tests/$(name).t,$(SCRIPTS)))
ORDERED_SCRIPTS = $(LONGEST) $(filter-out $(LONGEST),$(SCRIPTS))

check: deps
	@$(MAKE) --no-print-directory -s $(PARALLEL) plain asan-check tsan-check
	@KYC_BUILD=$(BUILD) scripts/run-tests -m -j $(CHECK_JOBS) $(ORDERED_SCRIPTS) scripts/check-laws scripts/check-format \
		$(UNIT_TESTS) $(call UNITS_OF,asan) $(patsubst %,$(BUILD)/tsan/tests/unit/%,$(TSAN_UNITS))

lint: deps
	@$(MAKE) --no-print-directory -s all
	@KYC_BUILD=$(BUILD) scripts/check-laws
	@scripts/check-format
	@scripts/lint

asan: deps
	@$(MAKE) --no-print-directory -s $(PARALLEL) asan-all
	@KYC_BUILD=$(BUILD)/asan scripts/run-tests -j 2 -t 1800 $(call UNITS_OF,asan) $(SANITIZED_SCRIPTS)

tsan: deps
	@$(MAKE) --no-print-directory -s $(PARALLEL) tsan-all
	@KYC_BUILD=$(BUILD)/tsan scripts/run-tests -j 2 -t 1800 $(call UNITS_OF,tsan) $(SANITIZED_SCRIPTS)

# Under valgrind, as shipped: every unit test, and scripts that cover all commands, a run with changes and faults.
# Without those that open documents: valgrind 3.19 does not support openat2.
VALGRIND_SCRIPTS := tests/cli/nightly.t tests/cli/explain.t tests/cli/settle.t tests/cli/results.t tests/crash/exists.t
valgrind: deps
	@$(MAKE) --no-print-directory -s $(PARALLEL) plain
	@scripts/valgrind-programs $(BUILD) $(BUILD)/valgrind
	@KYC_BUILD=$(BUILD)/valgrind scripts/run-tests -j 2 -t 1800 $(filter-out %/test_safe_open %/test_document,$(call UNITS_OF,valgrind)) \
		$(VALGRIND_SCRIPTS)

cover: deps
	@$(MAKE) --no-print-directory -s $(PARALLEL) BUILD=$(BUILD)/cover COVER=1 all steps unit-tests fault-shim fifth-provider
	@KYC_BUILD=$(BUILD)/cover scripts/run-tests -j 2 $(call UNITS_OF,cover) $(SANITIZED_SCRIPTS)
	@scripts/cover $(BUILD)/cover

fuzz: deps
	@$(MAKE) --no-print-directory -s $(PARALLEL) asan-fuzz
	@KYC_BUILD=$(BUILD) KYC_FUZZ_SECONDS=$(FUZZ_SECONDS) scripts/run-tests -t 86400 tests/fault/fuzz.t

proof: deps
	@$(MAKE) --no-print-directory -s $(PARALLEL) plain asan-fuzz
	@$(MAKE) --no-print-directory -s $(PARALLEL) asan-programs
	@KYC_BUILD=$(BUILD) FUZZ_SECONDS=$(FUZZ_SECONDS) scripts/proof $(PROOF)

bench: deps
	@$(MAKE) --no-print-directory -s $(PARALLEL) all bench-tools
	@KYC_BUILD=$(BUILD) scripts/bench

# Quiet after what it depends on was built: one line for each file.
INSTALL_FILES = @BUILD='$(BUILD)' DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' sysconfdir='$(sysconfdir)' \
	localstatedir='$(localstatedir)' scripts/install-files
install: all
	$(INSTALL_FILES) install
uninstall:
	$(INSTALL_FILES) uninstall

# build/kyc-import_VERSION_ARCH.deb; DEB_VERSION for a rebuild of the same version.
DEB_VERSION ?= $(VERSION)
deb: deps-build
	@$(MAKE) --no-print-directory $(PARALLEL) all
	@BUILD='$(BUILD)' scripts/make-deb '$(DEB_VERSION)'

format:
	clang-format -i $(wildcard src/*.c src/*/*.[ch] src/*/*/*.[ch] src/*/*.cc tests/*/*.[ch] tests/*/*/*.[ch])

clean:
	rm -rf $(BUILD)
