# kyc-import. `make` builds; `make demo`, `make check` and `make bench` install what is missing first.
# BUILD, CC, CXX, SANITIZE and STEPS choose a variant: make BUILD=build/asan SANITIZE=address,undefined

BUILD ?= build
CC = gcc
CXX = g++
PREFIX ?= /usr/local
VERSION := 0.1.0

SANITIZE ?=
STEPS ?=

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

.PHONY: all unit-tests deps check demo bench asan clean install format
all: $(BUILD)/kyc-import $(BUILD)/kyc-sandbox

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

-include $(wildcard $(BUILD)/obj/*.d $(BUILD)/obj/*/*.d $(BUILD)/obj/tests/unit/*/*.d)
