# Builds xend and xm, runs the tests, installs. One file, not recursive; `make help` lists targets.
# Variables: V=1 (show commands)  CC=clang  SAN=address,undefined  BUILD=dir  WERROR=0
#            DESTDIR= PREFIX=/usr (install)

PREFIX  ?= /usr
DESTDIR ?=
BUILD   ?= build$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))
comma   := ,
Q       := $(if $(V),,@)

OPT     ?= -O2
CFLAGS  ?= $(OPT) -g
# the xen driver is built where Xen's headers are (Debian: libxen-dev)
XEN     := $(wildcard /usr/include/xenctrl.h)
FLAGS   := -std=gnu11 -D_GNU_SOURCE -I. $(if $(XEN),-DHAVE_XEN) \
           -Wall -Wextra $(if $(filter 0,$(WERROR)),,-Werror) -Wshadow \
           -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla -Wwrite-strings \
           -fstack-protector-strong -fPIE -pthread $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer,\
           -D_FORTIFY_SOURCE=2)
LDFLAGS += -pie -pthread $(if $(SAN),-fsanitize=$(SAN))

HOOKS   := $(wildcard scripts/hooks/*)

# The layers, lowest first (tests/check-layers.sh). xm links without the drivers.
BASE    := $(wildcard libxl/base/*.c)
CONFIG  := $(wildcard config/*.c)
SPEC    := $(filter-out libxl/driver.c,$(wildcard libxl/*.c libxl/hooks/*.c))
DRIVERS := libxl/driver.c $(wildcard libxl/dm/*.c libxl/test/*.c libxl/qemu/*.c $(if $(XEN),libxl/xen/*.c))
XEND    := $(wildcard xend/*.c)
XM      := $(wildcard xm/*.c)
UNIT    := $(wildcard tests/unit/test_*.c)
TOOLS   := $(wildcard tests/tools/*.c)

LIBS    := $(BUILD)/libspec.a $(BUILD)/libconfig.a $(BUILD)/libbase.a
LIBDRV  := $(BUILD)/libdrivers.a
# xend without its main(), for the unit tests
LIBXEND := $(BUILD)/libxend.a
EXT     := -lyajl -luuid -lm
XEN_EXT := $(if $(XEN),-lxenctrl -lxenguest -lxenstore) -lmnl -lnettle

# xm is linked statically: the dynamic linker would take half of a short command's time
XM_LINK := $(if $(SAN),,-static-pie)
XM_EXT  := $(if $(SAN),$(EXT) -lncursesw -ltinfo,-lyajl_s -luuid -lm -lncursesw -ltinfo)

PROGRAMS   := $(BUILD)/xend $(BUILD)/xm
UNIT_PROGS := $(UNIT:tests/unit/%.c=$(BUILD)/tests/%)
TOOL_PROGS := $(TOOLS:tests/tools/%.c=$(BUILD)/tests/%)

all: $(PROGRAMS) $(BUILD)/xm.cfg.5

OBJ := $(BUILD)/obj
obj = $(patsubst %.c,$(OBJ)/%.o,$(1))

$(OBJ)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(FLAGS) -MMD -MP -c -o $@ $<

# by what the stock hook scripts are known to be unchanged: libxl/hooks/stock.c
HASHES := $(BUILD)/gen/stock_hashes.h
$(HASHES): $(HOOKS)
	@mkdir -p $(@D)
	$(Q)sha256sum $^ | sed 's,^\(.*\)  .*/\(.*\)$$,{"\2"\, "\1"}\,,' >$@
$(OBJ)/libxl/hooks/stock.o: $(HASHES)
$(OBJ)/libxl/hooks/stock.o: FLAGS += -I$(BUILD)/gen

define archive
$(1): $(call obj,$(2))
	$(Q)rm -f $$@ && $(AR) rcs $$@ $$^
endef
$(eval $(call archive,$(BUILD)/libbase.a,$(BASE)))
$(eval $(call archive,$(BUILD)/libconfig.a,$(CONFIG)))
$(eval $(call archive,$(BUILD)/libspec.a,$(SPEC)))
$(eval $(call archive,$(LIBDRV),$(DRIVERS)))
$(eval $(call archive,$(LIBXEND),$(filter-out xend/main.c,$(XEND))))

# the drivers as objects, not as an archive: so a name that two of them use is an error
$(BUILD)/xend: $(OBJ)/xend/main.o $(LIBXEND) $(call obj,$(DRIVERS)) $(LIBS)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lmicrohttpd $(XEN_EXT) $(EXT)

$(BUILD)/xm: $(call obj,$(XM)) $(LIBS)
	$(Q)$(CC) $(if $(SAN),$(LDFLAGS),$(filter-out -pie,$(LDFLAGS))) $(XM_LINK) -o $@ $^ $(XM_EXT)

$(BUILD)/tests/%: $(OBJ)/tests/unit/%.o $(LIBXEND) $(LIBDRV) $(LIBS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lcunit -lmicrohttpd $(XEN_EXT) $(EXT)

$(BUILD)/tests/%: $(OBJ)/tests/tools/%.o $(LIBDRV) $(LIBS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(XEN_EXT) $(EXT)
$(BUILD)/tests/bench_static: EXT += -lmicrohttpd

# the manual page of configuration files, from the tables of the spec
$(BUILD)/tests/xmcfg_man: $(OBJ)/tests/tools/xmcfg_man.o $(LIBS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(EXT)

$(BUILD)/xm.cfg.5: $(BUILD)/tests/xmcfg_man
	$(Q)$< >$@.tmp && mv $@.tmp $@

-include $(wildcard $(OBJ)/*/*.d $(OBJ)/*/*/*.d)

# ---- tests: see tests/README.md
RUN := BUILD=$(BUILD) tests/run

guest:
	$(Q)sh scripts/mkguest

# needs nothing but the build: no root, no network, no guest
check: all $(UNIT_PROGS) $(TOOL_PROGS)
	$(Q)$(RUN) --reset
	$(Q)$(MAKE) --no-print-directory run-check; $(RUN) --sum

# of scripts, or of C code that another test runs as well: not again under the sanitizers
SAN_SKIP := $(if $(SAN),$(patsubst %,tests/system/%.sh,install-destdir qemu-autostart qemu-demo qemu-faults qemu-flood \
            qemu-net root-block-scripts root-network-bridge root-network-virtual root-vif-scripts xend-xendomains))
# the longest first, for as many tests run at once as there are processors
run-check:
	$(Q)$(RUN) $(filter-out $(SAN_SKIP),$(sort $(wildcard tests/system/xend-*.sh))) $(if $(SAN),,tests/check-lint.sh) \
	    $(filter-out $(SAN_SKIP),$(sort $(wildcard tests/system/api-*.sh tests/system/xm-*.sh tests/golden/*.sh))) \
	    $(filter-out $(LIVE_PROGS),$(UNIT_PROGS))

# real guests: root, and the guest's kernel and initramfs
LIVE_PROGS := $(patsubst %,$(BUILD)/tests/test_%,qemu_live qemu_ops qemu_dump qemu_save qemu_save_fails qemu_boot qemu_vnc \
              qemu_limits driver_contract)
check-system: all guest $(LIVE_PROGS) $(BUILD)/tests/hooks
	$(Q)$(RUN) --reset
	$(Q)$(MAKE) --no-print-directory run-check-system; $(RUN) --sum

run-check-system:
	$(Q)TEST_TIMEOUT=600 $(RUN) $(if $(SAN),,tests/system/qemu-faults.sh) $(LIVE_PROGS) $(filter-out $(SAN_SKIP) tests/system/qemu-faults.sh,\
	    $(sort $(wildcard tests/system/qemu-*.sh tests/system/root-*.sh tests/system/install-*.sh)))

# xend killed at each point of each operation: part of check and check-system, here alone
check-faults: all guest
	$(Q)$(RUN) --reset
	$(Q)TEST_TIMEOUT=600 $(RUN) $(wildcard tests/system/*-faults*.sh); $(RUN) --sum

# real Xen: the rig
XEN_PROGS := $(BUILD)/tests/test_driver_contract $(if $(XEN),$(BUILD)/tests/xen_count.so)
$(BUILD)/tests/xen_count.so: tests/rig/count.c
$(BUILD)/tests/slow_sync.so: tests/bench/slow_sync.c
$(BUILD)/tests/xen_count.so $(BUILD)/tests/slow_sync.so:
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -fPIC -shared -o $@ $<

check-xen: all guest $(XEN_PROGS)
	$(Q)$(RUN) --reset
	$(Q)$(MAKE) --no-print-directory run-check-xen; $(RUN) --sum

run-check-xen: $(XEN_PROGS)
	$(Q)TEST_TIMEOUT=1800 $(RUN) tests/rig/suite $(BESIDE)

# two of them, and guests that move from one to the other; not part of check-all
check-xen-two: all guest
	$(Q)$(RUN) --reset
	$(Q)TEST_TIMEOUT=900 $(RUN) tests/rig/two; $(RUN) --sum

# everything, and once more under the sanitizers; one sum at the end
check-all: all guest $(UNIT_PROGS) $(TOOL_PROGS)
	$(Q)$(RUN) --reset
	$(Q)$(MAKE) -k --no-print-directory run-check; \
	$(MAKE) -k --no-print-directory run-check-system; \
	$(MAKE) -k --no-print-directory check-san; \
	$(MAKE) -k --no-print-directory check-tsan; \
	$(MAKE) -k --no-print-directory BESIDE=tests/fuzz/check.sh run-check-xen; \
	$(RUN) --sum

# the quick tests and the live ones with gcc's address and undefined-behaviour sanitizers
check-san:
	$(Q)$(MAKE) -k --no-print-directory SAN=address,undefined check-san-build && \
	cat $(BUILD)/san-address-undefined/tests/totals >>$(BUILD)/tests/totals || \
	echo "0 1 0" >>$(BUILD)/tests/totals

check-san-build: all $(UNIT_PROGS) $(TOOL_PROGS)
	$(Q)$(RUN) --reset
	$(Q)$(MAKE) -k --no-print-directory run-check run-check-system; true

# where threads meet, with gcc's thread sanitizer
TSAN_TESTS := $(wildcard tests/system/api-*.sh) $(patsubst %,tests/system/%.sh,xend-autostart xend-patience xm-console \
              xm-events xm-interrupt xm-jobs xm-keys xm-life xm-managed xm-relocate xm-restart xm-save)
check-tsan:
	$(Q)$(MAKE) -k --no-print-directory SAN=thread check-tsan-build && \
	cat $(BUILD)/san-thread/tests/totals >>$(BUILD)/tests/totals || \
	echo "0 1 0" >>$(BUILD)/tests/totals

TSAN_PROGS := $(filter $(BUILD)/tests/test_driver_test%,$(UNIT_PROGS))
check-tsan-build: all $(TOOL_PROGS) $(TSAN_PROGS)
	$(Q)$(RUN) --reset
	$(Q)$(RUN) $(TSAN_PROGS) $(sort $(TSAN_TESTS)); true

# figures as ratios; see tests/bench/
bench: all $(TOOL_PROGS) $(BUILD)/tests/test_domain_json $(BUILD)/tests/slow_sync.so
	$(Q)BUILD=$(BUILD) sh tests/bench/run.sh
	$(Q)BUILD=$(BUILD) sh tests/bench/state.sh
	$(Q)BUILD=$(BUILD) sh tests/bench/config.sh

# the xen driver beside xl, in the rig
bench-xen: all guest $(XEN_PROGS)
	$(Q)BUILD=$(BUILD) tests/rig/suite -c 'RUNS=$(RUNS) sh tests/bench/xen.sh'

# libFuzzer over all parsers; FUZZ_SECONDS=60 for all together
fuzz:
	$(Q)$(MAKE) --no-print-directory CC=clang SAN=fuzzer-no-link,address,undefined \
	    BUILD=$(BUILD)/fuzz run-fuzz

FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
$(BUILD)/fuzz_%: $(OBJ)/tests/fuzz/fuzz_%.o $(LIBS)
	$(Q)$(CC) -fsanitize=fuzzer,address,undefined -pie -pthread -o $@ $^ $(EXT)

run-fuzz: $(FUZZERS)
	$(Q)tests/fuzz/run $(FUZZERS)

rig:
	$(Q)tests/rig/build

rig-shell: rig
	$(Q)tests/rig/up && tests/rig/shell; tests/rig/down

demo: all guest
	$(Q)BUILD=$(BUILD) sh scripts/demo

# ---- hygiene
CSRC := $(BASE) $(CONFIG) $(SPEC) $(DRIVERS) $(XEND) $(XM)
format:
	$(Q)clang-format -i $(shell find libxl config xend xm tests -name '*.[ch]')

lint:
	$(Q)tests/check-lint.sh

tidy:
	$(Q)clang-tidy --quiet $(CSRC) -- $(FLAGS)

# ---- installing
SBIN  := $(DESTDIR)$(PREFIX)/sbin
MAN   := $(DESTDIR)$(PREFIX)/share/man
ETC   := $(DESTDIR)/etc/xen
UNITS := $(DESTDIR)/lib/systemd/system
INITD := $(DESTDIR)/etc/init.d
DEFAULT := $(DESTDIR)/etc/default
COMPLETION := $(DESTDIR)$(PREFIX)/share/bash-completion/completions
MANPAGES := xm/xm.1 xend/xend.8 $(BUILD)/xm.cfg.5

install: all
	install -d $(SBIN) $(MAN)/man1 $(MAN)/man5 $(MAN)/man8 $(ETC)/auto $(ETC)/scripts $(UNITS) $(COMPLETION) $(INITD) $(DEFAULT)
	install -m 755 $(PROGRAMS) $(SBIN)
	install -d $(ETC)/scripts/vif-post.d
	@for h in $(notdir $(HOOKS)); do f=$(ETC)/scripts/$$h; [ ! -e $$f ] || cmp -s scripts/hooks/$$h $$f || \
	    echo "$$f was another one (edited, or of an older version): it is kept beside it as $$h.~N~"; done
	install -C --backup=numbered -m 755 $(HOOKS) $(ETC)/scripts
	for m in $(wildcard $(MANPAGES)); do install -m 644 $$m $(MAN)/man$${m##*.}/; done
	install -m 644 $(wildcard etc/xen/xmexample*) $(ETC)
	[ -e $(ETC)/xend-config.sxp ] || install -m 644 etc/xen/xend-config.sxp $(ETC)
	for u in xend xendomains; do \
	    sed 's,@SBIN@,$(PREFIX)/sbin,; s,@INITD@,/etc/init.d,' scripts/$$u.service >$(UNITS)/$$u.service; done
	install -m 755 scripts/xendomains $(INITD)/xendomains
	install -m 755 scripts/xend.init $(INITD)/xend
	sed -i 's,^PATH=$$PATH,&:$(PREFIX)/sbin,' $(INITD)/xend $(INITD)/xendomains
	[ -e $(DEFAULT)/xendomains ] || install -m 644 scripts/xendomains.default $(DEFAULT)/xendomains
	install -m 644 scripts/xm.bash-completion $(COMPLETION)/xm
	$(if $(DESTDIR),,sh scripts/make-users)

uninstall:
	rm -f $(SBIN)/xend $(SBIN)/xm $(UNITS)/xend.service $(UNITS)/xendomains.service $(COMPLETION)/xm \
	    $(INITD)/xend $(INITD)/xendomains \
	    $(foreach m,$(MANPAGES),$(MAN)/man$(subst .,,$(suffix $(m)))/$(notdir $(m)))
	@echo "left in place: $(ETC), $(DEFAULT)/xendomains, the state under /var/lib/xend, group xen and user xend-qemu"

clean:
	rm -rf build

help:
	@echo "make             build/xend and build/xm"
	@echo "make check       quick tests: no root, network, guest or Xen (SAN=address,undefined works)"
	@echo "make check-system   tests with real guests (root)"
	@echo "make check-faults   xend killed at each point of each operation (root)"
	@echo "make check-xen   tests on real Xen in the rig (root)"
	@echo "make check-xen-two   migration between two rigs (root)"
	@echo "make check-san, check-tsan   the same tests under gcc's sanitizers"
	@echo "make check-all   all of these; CI's"
	@echo "make demo        boot a guest and show what xm does; KEEP=1 leaves it running"
	@echo "make fuzz        libFuzzer over all parsers; FUZZ_SECONDS=60"
	@echo "make bench       figures, as ratios to a peer in the same run"
	@echo "make bench-xen   the same of the xen driver, beside xl, in the rig"
	@echo "make rig, rig-shell   real Xen in QEMU; a shell in its dom0"
	@echo "make format, lint, tidy   layers, sizes, shellcheck, cppcheck; clang-tidy"
	@echo "make install, uninstall   DESTDIR= PREFIX=/usr"
	@echo "variables: V=1 CC=clang SAN= WERROR=0 BUILD=dir"

.PHONY: all clean guest check run-check check-system run-check-system check-faults check-xen run-check-xen check-xen-two check-all \
    check-san check-san-build check-tsan check-tsan-build bench bench-xen fuzz run-fuzz rig rig-shell demo format lint tidy install uninstall help
.SECONDARY:
