# SPDX-License-Identifier: Apache-2.0
# make [FLAVOR=release|debug|asan|cover]: cinit, cbuild and cbox in build/FLAVOR/.
# make demo | check | lint | fuzz | bench | install | clean

FLAVOR  ?= release
VERSION := 0.1
B       := build/$(FLAVOR)
PREFIX  ?= /usr/local
DESTDIR ?=

# musl-gcc knows no kernel headers: they come last, behind musl's own.
MUSL_CC ?= musl-gcc
KERNEL_HEADERS := -idirafter /usr/include -idirafter /usr/include/$(shell uname -m)-linux-gnu

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wcast-qual -Wformat=2 -Wundef -Wvla \
	-Wwrite-strings -Wpointer-arith -Wswitch-enum -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wimplicit-fallthrough -Wnull-dereference -Werror
STD  := -std=c17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DVERSION='"$(VERSION)"' -I.
HARD := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE

FLAGS_release := -O2 $(HARD)
FLAGS_debug   := -O0 -g
FLAGS_asan    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
FLAGS_cover   := -O0 -g --coverage
FLAGS_fuzz    := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all
LINK_release  := -pie -Wl,-z,relro,-z,now
LINK_asan     := -fsanitize=address,undefined
LINK_cover    := --coverage
LINK_fuzz     := -fsanitize=fuzzer,address,undefined
ifeq ($(FLAGS_$(FLAVOR)),)
$(error FLAVOR is one of release, debug, asan, cover, fuzz)
endif

# pkg-config names of what the host tools link with. ISA-L reads gzip; without it zlib does, too.
LIBS    := libarchive libcap jansson libcrypto libzstd zlib ext2fs com_err
ISAL    ?= $(shell pkg-config --exists libisal && echo yes)
ifeq ($(ISAL),yes)
LIBS    += libisal
STD     += -DHAVE_ISAL
endif
CFLAGS  += $(STD) $(WARN) $(FLAGS_$(FLAVOR)) -pthread $(shell pkg-config --cflags $(LIBS) 2>/dev/null)
LDFLAGS += $(LINK_$(FLAVOR)) -pthread
LDLIBS  += $(shell pkg-config --libs $(LIBS) 2>/dev/null)

# Process 1: static musl, or, where the sanitizers want their libc, its twin with glibc.
INIT_CC     := $(MUSL_CC) $(KERNEL_HEADERS)
INIT_CFLAGS := $(STD) $(WARN) -Os -fno-stack-protector -ffunction-sections -fdata-sections \
	-fno-asynchronous-unwind-tables -fno-pie
INIT_LDFLAGS := -static -no-pie -s -Wl,--gc-sections -Wl,-z,noseparate-code,-z,norelro \
	-Wl,--build-id=none,-T,init/hot.ld
ifeq ($(FLAVOR),debug)
INIT_CFLAGS := $(STD) $(WARN) -O0 -g
INIT_LDFLAGS := -static
endif
# A root has no sanitizer's libc: there the same sources make a twin, for tests on the host.
ifneq ($(filter asan cover,$(FLAVOR)),)
TWIN := $(B)/cinit-twin
endif

# Folders of the host tools, lowest layer first; a program's main is the file of its name.
FOLDERS := lib boot builder builder/tell builder/verb builder/image builder/tree builder/merge builder/output store launch qemu cbox
SOURCES := $(foreach d,$(FOLDERS),$(wildcard $(d)/*.c))
MAINS   := builder/cbuild.c cbox/cbox.c
COMMON  := $(patsubst %.c,$(B)/obj/%.o,$(filter-out $(MAINS),$(SOURCES)))
INIT    := $(patsubst %.c,$(B)/guest/%.o,$(wildcard init/*.c) $(wildcard boot/*.c))
UNITS   := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
HELPERS := $(patsubst tests/helpers/%.c,$(B)/tests/helpers/%,$(wildcard tests/helpers/*.c))
PAGES   := $(patsubst man/%.in,$(B)/man/%,$(wildcard man/*.in))

.PHONY: all check demo lint fuzz units helpers pages completions install clean packages
.DELETE_ON_ERROR:
.SECONDARY:
all: $(B)/cinit $(TWIN) $(B)/cbuild $(B)/cbox pages

$(B)/cinit: $(INIT) init/hot.ld
	$(INIT_CC) $(INIT_LDFLAGS) -o $@ $(INIT)
$(B)/cinit-twin: $(patsubst %.c,$(B)/obj/%.o,$(wildcard init/*.c) $(wildcard boot/*.c))
	$(CC) $(LINK_$(FLAVOR)) -o $@ $^
$(B)/cbuild: $(B)/obj/builder/cbuild.o $(B)/common.a
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(B)/cbox: $(B)/obj/cbox/cbox.o $(B)/common.a
	rm -rf $@
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(B)/common.a: $(COMMON)
	rm -f $@ && ar qcs $@ $^

# Objects have a folder of their own: cbox is the name of a folder and of a program.
$(B)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<
$(B)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<
$(B)/guest/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(INIT_CC) $(INIT_CFLAGS) -MMD -MP -c -o $@ $<

# Manual pages and completions come from the tables that parse the options.
$(B)/man/mkdoc: $(B)/man/mkdoc.o $(B)/common.a
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(B)/man/%: man/%.in $(B)/man/mkdoc
	$(B)/man/mkdoc page < $< > $@
pages: $(PAGES)
completions: $(B)/man/mkdoc
	for p in cbuild cbox; do $(B)/man/mkdoc completion $$p > $(B)/$$p.bash; done

units: $(UNITS)
$(B)/tests/unit/%: $(B)/tests/unit/%.o $(B)/common.a
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
helpers: $(HELPERS)
$(B)/tests/helpers/%: tests/helpers/%.c Makefile
	@mkdir -p $(@D)
	$(MUSL_CC) $(KERNEL_HEADERS) $(STD) $(WARN) -O1 -static -o $@ $<
$(B)/tests/replay_%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/replay.o $(B)/common.a
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# FLAVOR=fuzz and CC=clang, which tests/fuzz/fuzz.sh knows.
$(B)/fuzz_%: $(B)/tests/fuzz/fuzz_%.o $(B)/common.a
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Tests take what they need as FLAVOR, so that the asan build is tested by the same files.
check:
	@sh packages.sh check
	+@FLAVOR=$(FLAVOR) sh tests/run.sh

demo:
	@sh packages.sh demo
	+@sh demo/demo.sh

lint:
	@sh packages.sh lint
	+@sh tests/lint.sh

fuzz:
	@sh packages.sh lint
	+@sh tests/fuzz/fuzz.sh $(FUZZERS)

bench-%:
	@sh packages.sh bench
	+@sh bench/$*.sh

packages:
	@sh packages.sh build

install: all completions
	install -Dm755 -t $(DESTDIR)$(PREFIX)/bin $(B)/cbuild $(B)/cbox
	install -Dm755 -t $(DESTDIR)$(PREFIX)/lib/cinit $(B)/cinit
	mkdir -p $(DESTDIR)$(PREFIX)/share/cinit && cp -r rootfs-skel $(DESTDIR)$(PREFIX)/share/cinit/
	for p in $(PAGES); do install -Dm644 -t $(DESTDIR)$(PREFIX)/share/man/man$${p##*.} $$p; done
	for p in cbuild cbox; do install -Dm644 $(B)/$$p.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$p; done

clean:
	rm -rf build

-include $(patsubst %.o,%.d,$(COMMON) $(INIT)) $(wildcard $(B)/*/*.d $(B)/obj/*/*.d $(B)/tests/*/*.d)
