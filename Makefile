# gzcoredump: filters that store and read core dumps.  "make help" lists the targets.

VERSION = 0.1.0

CC ?= cc
HOSTCC ?= $(CC)
CFLAGS ?= -O2 -g
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
LOCALSTATEDIR ?= /var
RUNSTATEDIR ?= /run
PKG_CONFIG ?= pkg-config
BINDIR = $(PREFIX)/bin
LIBEXECDIR ?= $(PREFIX)/libexec
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR = $(PREFIX)/share/man
DATADIR = $(PREFIX)/share/gzcoredump
BASHDIR = $(PREFIX)/share/bash-completion/completions
ZSHDIR = $(PREFIX)/share/zsh/site-functions
FISHDIR = $(PREFIX)/share/fish/vendor_completions.d
# The build directory; use another one for another set of flags.
B ?= build

WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wconversion
# The same bytes in whatever folder it is built.
OUR_CFLAGS = -std=c11 -pthread $(WARN) $(if $(CI),-Werror) -ffile-prefix-map=$(CURDIR)=. $(strip $(file <$(B)/.hardened))
OUR_CPPFLAGS = -D_POSIX_C_SOURCE=200809L -D_FILE_OFFSET_BITS=64 -DVERSION='"$(VERSION)"' -Ilib $(if $(SECCOMP),-DWITH_SECCOMP) \
	-DDUMPS_DIR='"$(LOCALSTATEDIR)/lib/gzcoredump"' -DCONF_FILE='"$(SYSCONFDIR)/gzcoredump.conf"'
# The faster engines, used if they are found; 0 leaves one out.
WITH_ISAL ?= 1
WITH_LIBDEFLATE ?= 1
# These are expanded when a recipe runs, not before: "make deps" may just have installed the libraries.
found = $(if $(filter-out 0,$(1)),$(shell $(PKG_CONFIG) --modversion $(2) 2>/dev/null))
ISAL = $(call found,$(WITH_ISAL),libisal)
LIBDEFLATE = $(call found,$(WITH_LIBDEFLATE),libdeflate)
ENGINES = $(if $(ISAL),-DWITH_ISAL='"$(ISAL)"') $(if $(LIBDEFLATE),-DWITH_LIBDEFLATE)
# The limit on system calls, likewise.
WITH_SECCOMP ?= 1
SECCOMP = $(call found,$(WITH_SECCOMP),libseccomp)
LIBS = zlib libelf libdw $(if $(ISAL),libisal) $(if $(LIBDEFLATE),libdeflate) $(if $(SECCOMP),libseccomp)
LIB_CFLAGS = $(shell $(PKG_CONFIG) --cflags $(LIBS))
LIB_LDLIBS = $(shell $(PKG_CONFIG) --libs $(LIBS)) -ldl

# The rooms of the library: each may include only rooms before it in this list (a test checks this).
ROOMS = base record system confine store engine gzip stored elf core reason proc capture dumps crash kept demangle stack trim
base = age array clock io line_of line_pipe number ordered progress search sha256 signal_names \
	syscall_names terminal
record = escape frame frame_fit keys lines record secrets text writer
system = child control_group copy_file deadline end_input memory_window open_guard owner pipe processors rooted scratch \
	sigbus_guard spawn
confine = confine executed
store = disk_part in_use job leftovers lock messages output pipeline queue room store turn
engine = engine inflate isal libdeflate zlib
gzip = deflate file header header_search inflate lost_size member members salvage sink source \
	status walk
stored = image member_index open restore unpack
elf = archive debug_file file id id_read layout loaded machine_table ranges register_names symbol \
	unwind unwind_scan
core = code core files link_map lists match modules notes order read small stored threads
reason = arm decode exception fault interrupted jump message reason runtime said text trap x86 \
	x86_operand
proc = ask cgroup errand facts identities maps mappings memory of_core page_map proc report rights task
dumps = columns conf directory loops operand page payers ranking remove retention text values
crash = answer begin change claim end kernel_words live_facts loop_record merge name places record_file \
	said
kept = budget copy debugger executable find found give hold keep list servers sources store tree
demangle = demangle helper rust rust_legacy rust_read shorten
stack = files find_files fingerprint frame inlined instead interrupted noted noted_file show text trace unwind why
capture = available batch buffer capture head holes keyed plan share
trim = frames keep modules pages plan process rules segments selection stacks stream tap unwind write
LIB = $(foreach r,$(ROOMS),$(addprefix $(r)/,$($(r))))
# The public headers, each with its installed name below gzcore/; they include only headers of this list.  Manuals of
# section 3 describe them.
PUBLIC = proc/cgroup=cgroup core/core=core core/files=core_files core/lists=core_lists \
	core/read=core_read core/small=core_small core/threads=core_threads \
	elf/debug_file=elf_debug elf/id=elf_id proc/facts=facts stack/fingerprint=fingerprint \
	stored/image=image gzip/status=inflate_status elf/machine=machines core/match=match \
	proc/ask=proc_ask_linux proc/proc=proc_linux record/record=record base/signal_names=signals \
	stack/trace=trace
PAGES = gzcore core/gzcore-core core/gzcore-match core/gzcore-threads elf/gzcore-elf_id proc/gzcore-facts \
	record/gzcore-record stack/gzcore-trace stored/gzcore-image
C_TOOLS = core-capture core-info core-keep core-list core-loop core-match core-name core-open core-prune core-record core-store core-trace core-trim \
	elf-uuid gzdeflate zdeflate zinflate
SH_TOOLS = core-forward elf-uuid-stamp
# core-forward and gzcoredump are fronts in directories of their own, beside their parts.
FRONTS = core-forward gzcoredump
TOOLS = $(C_TOOLS) $(SH_TOOLS) gzcoredump
FORWARD_READ = dumps modules objects remote
# The parts of gzcoredump: programs, and what those read.
PARTS = handle install self-test
PARTS_READ = check common conf finish give hooks keep kinds legacy log others_write record room settings stack store sysctl

LIB_O = $(LIB:%=$(B)/lib/%.o)
TOOL_O = $(C_TOOLS:%=$(B)/tools/%.o) $(B)/tools/deflating.o $(B)/tools/lesser.o $(B)/tools/removing.o \
	$(B)/tools/restoring.o
PROGRAMS = $(C_TOOLS:%=$(B)/%)
SCRIPTS = $(SH_TOOLS:%=$(B)/%) $(B)/gzcoredump
PARTS_BUILT = $(PARTS:%=$(B)/libexec/gzcoredump/%) $(PARTS_READ:%=$(B)/libexec/gzcoredump/%) \
	$(FORWARD_READ:%=$(B)/libexec/core-forward/%)

MANUALS = $(C_TOOLS:%=tools/%.1) tools/core-forward.8 tools/elf-uuid-stamp.1 tools/gzcoredump.8 tools/gzcoredump.conf.5 \
	$(B)/gzcoredump-record.5 $(PAGES:%=lib/%.3)
# Options and names of dumps for shells, from the manuals.  These programs take the name of a dump.
COMPLETED = $(filter %.1 tools/%.8,$(MANUALS))
DUMP_NAMED = core-info core-match core-open core-prune core-trace core-trim elf-uuid
COMPLETIONS = $(B)/completions/gzcoredump $(B)/completions/_gzcoredump $(B)/completions/fish/.made
HOOKS = hook-mail hook-upload hook-watchdog hook-webhook
# The JSON schemas of the -j outputs, and of the objects that core-forward sends.
SCHEMAS = $(B)/core-forward.schema.json $(B)/core-info.schema.json tools/core-trace.schema.json
# These have lists that are made from the table of keys.
KEYED = $(B)/core-forward.schema.json $(B)/core-info.schema.json $(B)/gzcoredump-record.5

Q = $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $@)

.PHONY: all clean help
all: $(PROGRAMS) $(SCRIPTS) $(PARTS_BUILT) $(KEYED) $(COMPLETIONS) $(B)/gzcore.pc.in ## build everything

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile | expand -t 17

$(PROGRAMS): $(B)/%: $(B)/tools/%.o $(B)/libgzcore.a
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(OUR_CFLAGS) $(HARDENED_LD) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) \
		-Wl,--as-needed $(LIB_LDLIBS) $(LDLIBS)

$(B)/gzdeflate $(B)/zdeflate: $(B)/tools/deflating.o
$(B)/core-open: $(B)/tools/lesser.o $(B)/tools/restoring.o
$(B)/core-prune: $(B)/tools/removing.o

FILL = sed -e 's|@bindir@|$(BINDIR)|' -e 's|@libexecdir@|$(LIBEXECDIR)|' -e 's|@sysconfdir@|$(SYSCONFDIR)|' -e 's|@localstatedir@|$(LOCALSTATEDIR)|' \
	-e 's|@runstatedir@|$(RUNSTATEDIR)|' \
	-e 's|@libdir@|$(LIBDIR)|' -e 's|@includedir@|$(INCLUDEDIR)|' -e 's|@version@|$(VERSION)|'
# The manuals in the source name the default paths; those that are installed name the paths of this build.
FILL_PAGE = sed -e 's|/usr/local/libexec/gzcoredump|$(LIBEXECDIR)/gzcoredump|g' \
	-e 's|/usr/local/share/gzcoredump|$(DATADIR)|g' -e 's|/etc/gzcoredump|$(SYSCONFDIR)/gzcoredump|g' \
	-e 's|/etc/sysctl.d/99-|$(SYSCONFDIR)/sysctl.d/99-|g' -e 's|/etc/logrotate.d/|$(SYSCONFDIR)/logrotate.d/|g' \
	-e 's|/run/gzcoredump|$(RUNSTATEDIR)/gzcoredump|g' \
	-e 's|/var/\(l[io][bg]\)/gzcoredump|$(LOCALSTATEDIR)/\1/gzcoredump|g'

$(B)/elf-uuid-stamp: tools/elf-uuid-stamp $(B)/.paths
$(B)/core-forward: tools/core-forward/core-forward $(B)/.paths
$(B)/gzcoredump: tools/gzcoredump/gzcoredump $(B)/.paths
$(PARTS_BUILT): $(B)/libexec/%: tools/% $(B)/.paths
$(SCRIPTS) $(PARTS_BUILT):
	$(call say,FILL)
	$(Q)mkdir -p $(@D)
	$(Q)$(FILL) $< >$@.new && chmod 755 $@.new && mv -f $@.new $@

$(B)/libgzcore.a: $(LIB_O)
	$(call say,AR)
	$(Q)rm -f $@ && $(AR) qcs $@ $^

# The generator runs where the build runs, so HOSTCC compiles it, whatever CC compiles for.
$(B)/fill-keys: tools/make/fill-keys.c lib/record/keys.c lib/record/keys.h
	$(call say,HOSTCC)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) -std=c11 -Ilib -o $@ $(filter %.c,$^)
$(KEYED): $(B)/%: tools/%.in $(B)/fill-keys
	$(call say,FILL)
	$(Q)$(B)/fill-keys <$< >$@.new && mv -f $@.new $@

# Names the libraries that this build needs; installing fills in the paths.
$(B)/gzcore.pc.in: lib/gzcore.pc.in $(B)/libgzcore.a $(B)/.engines
	$(call say,FILL)
	$(Q)sed 's|@requires@|$(LIBS)|' $< >$@.new && mv -f $@.new $@

# Only this room knows which engines there are: a copy of a build directory can be built with others.
$(engine:%=$(B)/lib/engine/%.o): OUR_CPPFLAGS += $(ENGINES)
$(engine:%=$(B)/lib/engine/%.o): $(B)/.engines
$(B)/%.o: %.c $(B)/.flags $(B)/.hardened
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(OUR_CPPFLAGS) $(LIB_CFLAGS) $(OUR_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# What of this the compiler knows; a sanitizer checks more itself.
HARDEN = -fstack-protector-strong -fstack-clash-protection -fcf-protection -mbranch-protection=standard
FORTIFY = $(if $(filter -O1 -O2 -O3 -Os,$(CFLAGS)),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
STATIC = $(filter -static,$(CFLAGS) $(LDFLAGS))
HARDENED_LD = $(if $(STATIC),,-pie) -Wl,-z,relro,-z,now,-z,noexecstack
$(B)/.hardened: $(B)/.flags
	$(Q)for f in $(if $(findstring -fsanitize,$(CFLAGS)),,$(HARDEN)); do \
		! $(CC) $(CFLAGS) -Werror $$f -x c -c /dev/null -o $@.new 2>/dev/null || printf '%s ' $$f; \
	done >$@.flags; \
	printf %s '$(if $(STATIC),,-fPIE) $(if $(findstring -fsanitize,$(CFLAGS)),,$(FORTIFY))' >>$@.flags; \
	rm -f $@.new; mv -f $@.flags $@

complete = mkdir -p $(B)/completions/fish && awk -v shell=$(1) -v dumps=' $(DUMP_NAMED) ' -v out=$(B)/completions/fish \
	-f tools/make/completions.awk $(COMPLETED)
$(COMPLETIONS): tools/make/completions.awk $(COMPLETED)
$(B)/completions/gzcoredump:
	$(call say,MAKE)
	$(Q)$(call complete,bash) >$@.new && mv -f $@.new $@
$(B)/completions/_gzcoredump:
	$(call say,MAKE)
	$(Q)$(call complete,zsh) >$@.new && mv -f $@.new $@
$(B)/completions/fish/.made:
	$(call say,MAKE)
	$(Q)$(call complete,fish) && touch $@

# The table of the system calls that the kernel's headers know.
$(B)/syscalls.h: $(B)/.flags
	$(call say,MAKE)
	$(Q)echo '#include <sys/syscall.h>' | $(CC) $(CPPFLAGS) $(CFLAGS) -E -dM - | sort | \
		sed -n '/__NR_syscalls/d; s/^#define __NR_\([a-z][a-z0-9_]*\) .*/{ __NR_\1, "\1" },/p' >$@.new && mv -f $@.new $@
$(B)/lib/base/syscall_names.o: $(B)/syscalls.h
$(B)/lib/base/syscall_names.o: OUR_CPPFLAGS += -I$(B)

# The paths that FILL puts into the scripts.
PATHS = $(SYSCONFDIR) $(LOCALSTATEDIR) $(RUNSTATEDIR) $(BINDIR) $(LIBEXECDIR) $(VERSION)
ifneq ($(file <$(B)/.paths),$(PATHS))
$(B)/.paths: force
endif
$(B)/.paths:
	@$(call write,$(PATHS))

# Other flags, or another compiler, rebuild everything.
FLAGS = $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(LDLIBS) $(VERSION) $(CI) $(SECCOMP) $(LOCALSTATEDIR) $(SYSCONFDIR)
.PHONY: force
# write TEXT: the target gets this text, and keeps its time if that is what it has.
write = mkdir -p $(B) && { printf '%s\n' '$(subst ','\'',$(1))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(1))' >$@; }
# With deps, the flags are compared again after it has installed the packages.
ifneq ($(file <$(B)/.flags)$(filter deps,$(MAKECMDGOALS)),$(FLAGS))
$(B)/.flags: force
endif
ifneq ($(file <$(B)/.engines)$(filter deps,$(MAKECMDGOALS)),$(ENGINES))
$(B)/.engines: force
endif
$(B)/.flags:
	@$(PKG_CONFIG) --exists --print-errors $(LIBS) || { \
		echo 'make: $(LIBS): not found by $(PKG_CONFIG): make deps installs them' >&2; exit 1; }
	@$(call write,$(FLAGS))
$(B)/.engines: | $(B)/.flags
	@$(call write,$(ENGINES))

-include $(LIB_O:.o=.d) $(TOOL_O:.o=.d)

.PHONY: install install-built uninstall
install: all ## install below DESTDIR, PREFIX, LIBDIR, LIBEXECDIR, SYSCONFDIR, LOCALSTATEDIR, RUNSTATEDIR
	$(Q)$(MAKE) --no-print-directory install-built

# fill MODE FILE TARGET, put MODE FILE TARGET and page MANUAL TARGET install by a temporary name, so that a running program
# is never cut short, and no half file is seen.  flat HEADER=NAME installs a public header that includes others by their
# public names.
INSTALLERS = put() { install -m $$1 $$2 "$(DESTDIR)$$3.new" && mv -f "$(DESTDIR)$$3.new" "$(DESTDIR)$$3"; }; \
	made() { chmod $$1 "$(DESTDIR)$$2.new" && mv -f "$(DESTDIR)$$2.new" "$(DESTDIR)$$2"; }; \
	fill() { $(FILL) $$2 >"$(DESTDIR)$$3.new" && made $$1 "$$3"; }; \
	page() { $(FILL_PAGE) $$1 >"$(DESTDIR)$$2.new" && made 644 "$$2"; }; \
	flat() { set -- "lib/$${1%=*}.h" "$(DESTDIR)$(INCLUDEDIR)/gzcore/$${1\#*=}.h"; \
		sed $(foreach h,$(PUBLIC),-e 's|"$(firstword $(subst =, ,$(h))).h"|"$(lastword $(subst =, ,$(h))).h"|') \
			$$1 >"$$2.new" && chmod 644 "$$2.new" && mv -f "$$2.new" "$$2"; }

install-built: ## install what was built, without building
	$(Q)install -d "$(DESTDIR)$(BINDIR)" "$(DESTDIR)$(LIBEXECDIR)/gzcoredump" "$(DESTDIR)$(LIBEXECDIR)/core-forward" \
		"$(DESTDIR)$(SYSCONFDIR)/logrotate.d" \
		"$(DESTDIR)$(LIBDIR)/pkgconfig" "$(DESTDIR)$(INCLUDEDIR)/gzcore" "$(DESTDIR)$(DATADIR)" \
		"$(DESTDIR)$(MANDIR)/man1" "$(DESTDIR)$(MANDIR)/man3" "$(DESTDIR)$(MANDIR)/man5" "$(DESTDIR)$(MANDIR)/man8" \
		"$(DESTDIR)$(BASHDIR)" "$(DESTDIR)$(ZSHDIR)" "$(DESTDIR)$(FISHDIR)"
	$(Q)set -e; $(INSTALLERS); \
	for p in $(C_TOOLS); do put 755 $(B)/$$p "$(BINDIR)/$$p"; done; \
	fill 755 tools/elf-uuid-stamp "$(BINDIR)/elf-uuid-stamp"; \
	for p in $(FRONTS); do fill 755 tools/$$p/$$p "$(BINDIR)/$$p"; done; \
	for p in $(FORWARD_READ); do fill 644 tools/core-forward/$$p "$(LIBEXECDIR)/core-forward/$$p"; done; \
	for p in $(PARTS_READ); do fill 644 tools/gzcoredump/$$p "$(LIBEXECDIR)/gzcoredump/$$p"; done; \
	for p in $(PARTS); do fill 755 tools/gzcoredump/$$p "$(LIBEXECDIR)/gzcoredump/$$p"; done; \
	ln -sf gzcoredump "$(DESTDIR)$(BINDIR)/gzCoredump"; \
	for m in $(MANUALS); do page $$m "$(MANDIR)/man$${m##*.}/$${m##*/}"; done; \
	put 644 $(B)/completions/gzcoredump "$(BASHDIR)/gzcoredump"; \
	for m in $(COMPLETED); do \
		p=$${m##*/} && p=$${p%.*}; \
		[ $$p = gzcoredump ] || ln -sf gzcoredump "$(DESTDIR)$(BASHDIR)/$$p"; \
		put 644 $(B)/completions/fish/$$p.fish "$(FISHDIR)/$$p.fish"; \
	done; \
	put 644 $(B)/completions/_gzcoredump "$(ZSHDIR)/_gzcoredump"; \
	for h in $(HOOKS); do put 755 examples/$$h "$(DATADIR)/$$h"; done; \
	for s in $(SCHEMAS); do put 644 $$s "$(DATADIR)/$${s##*/}"; done; \
	for h in $(PUBLIC); do flat $$h; done; \
	put 644 $(B)/libgzcore.a "$(LIBDIR)/libgzcore.a"; \
	fill 644 $(B)/gzcore.pc.in "$(LIBDIR)/pkgconfig/gzcore.pc"; \
	fill 644 tools/gzcoredump.logrotate "$(SYSCONFDIR)/logrotate.d/gzcoredump"; \
	[ -e "$(DESTDIR)$(SYSCONFDIR)/gzcoredump.conf" ] || \
		fill 644 tools/gzcoredump.conf "$(SYSCONFDIR)/gzcoredump.conf"

uninstall: ## remove the installed files, except the configuration and the stored dumps
	$(Q)[ -n "$(DESTDIR)" ] || ! grep -qs -e '^|$(LIBEXECDIR)/gzcoredump/handle ' -e '^|$(BINDIR)/gzcoredump ' \
		/proc/sys/kernel/core_pattern || \
		"$(BINDIR)/gzcoredump" -u
	$(Q)cd "$(DESTDIR)$(BINDIR)" && rm -f $(TOOLS) gzCoredump
	$(Q)for p in $(PARTS) $(PARTS_READ); do rm -f "$(DESTDIR)$(LIBEXECDIR)/gzcoredump/$$p"; done
	$(Q)for p in $(FORWARD_READ); do rm -f "$(DESTDIR)$(LIBEXECDIR)/core-forward/$$p"; done
	$(Q)for m in $(MANUALS); do rm -f "$(DESTDIR)$(MANDIR)/man$${m##*.}/$${m##*/}"; done
	$(Q)for h in $(PUBLIC); do rm -f "$(DESTDIR)$(INCLUDEDIR)/gzcore/$${h#*=}.h"; done
	$(Q)for s in $(SCHEMAS); do rm -f "$(DESTDIR)$(DATADIR)/$${s##*/}"; done
	$(Q)for m in $(COMPLETED); do \
		p=$${m##*/} && p=$${p%.*}; \
		rm -f "$(DESTDIR)$(BASHDIR)/$$p" "$(DESTDIR)$(FISHDIR)/$$p.fish"; \
	done; \
	rm -f "$(DESTDIR)$(ZSHDIR)/_gzcoredump"
	$(Q)for h in $(HOOKS); do rm -f "$(DESTDIR)$(DATADIR)/$$h"; done
	$(Q)rmdir "$(DESTDIR)$(LIBEXECDIR)/gzcoredump" "$(DESTDIR)$(LIBEXECDIR)/core-forward" "$(DESTDIR)$(DATADIR)" "$(DESTDIR)$(INCLUDEDIR)/gzcore" 2>/dev/null || :
	$(Q)rm -f "$(DESTDIR)$(LIBDIR)/libgzcore.a" "$(DESTDIR)$(LIBDIR)/pkgconfig/gzcore.pc" \
		"$(DESTDIR)$(SYSCONFDIR)/logrotate.d/gzcoredump"

# The source is packed as it lies here.  With BUILT=FOLDER nothing is compiled: what was built there is packed.
SOURCE = gzcoredump-$(VERSION)
NO_SOURCE = ./.git ./build* ./fuzz-failed*
.PHONY: deb
deb: ## build Debian packages in B/deb (debhelper)
	$(Q)rm -rf $(B)/deb && mkdir -p $(B)/deb/$(SOURCE)
	$(Q)tar -c $(NO_SOURCE:%=--exclude='%') . | tar -xC $(B)/deb/$(SOURCE)
	$(Q)tar -czf $(B)/deb/gzcoredump_$(VERSION).orig.tar.gz -C $(B)/deb $(SOURCE)
	$(Q)cp -R dist/debian $(B)/deb/$(SOURCE)/debian
	$(Q)cd $(B)/deb/$(SOURCE) && env -u MAKEFLAGS -u MFLAGS -u B -u CC -u CFLAGS $(if $(BUILT),BUILT=1 B=$(abspath $(BUILT))) \
		dpkg-buildpackage -us -uc $(DEB_FLAGS)
	$(Q)ls $(B)/deb/*.deb

# "make deps" installs what the goals beside it need: only the packages for building, or also those of the demo, or
# everything for the tests, including other programs that check our formats.
DEB_BUILD = gcc libc6-dev make pkg-config zlib1g-dev libelf-dev libdw-dev libisal-dev libdeflate-dev libseccomp-dev
# If core_pattern cannot be set here, gdb makes the demo's core.
DEB_DEMO = binutils elfutils $(shell [ -w /proc/sys/kernel/core_pattern ] && [ /proc/2/root/. -ef /. ] || echo gdb)
DEB_CHECK = bats python3 python3-jsonschema gdb gdb-multiarch libc6-dbg libc6-dev-i386 clang libclang-rt-dev lld llvm qemu-user shellcheck mandoc man-db \
	dash busybox jq procps util-linux moreutils age gzip pigz isal zstd lz4 xz-utils bzip2 7zip libarchive-tools perl \
	qpdf cmake meson ninja-build dosfstools strace openssh-client openssh-server curl mbuffer rclone e2fsprogs fuse3 \
	python3-fusepy git patchelf debuginfod cppcheck valgrind $(DEB_PACKAGE) lintian zsh fish
APK_BUILD = gcc musl-dev make pkgconf zlib-dev elfutils-dev isa-l-dev libdeflate-dev libseccomp-dev
APK_DEMO = binutils elfutils gdb
APK_CHECK = bats python3 py3-jsonschema gdb-multiarch clang compiler-rt lld llvm qemu-aarch64 qemu-arm qemu-i386 qemu-m68k qemu-mips \
	qemu-ppc qemu-ppc64 qemu-ppc64le qemu-s390x qemu-x86_64 shellcheck mandoc dash busybox jq procps util-linux \
	moreutils age gzip pigz isa-l zstd lz4 xz bzip2 7zip libarchive-tools perl qpdf cmake meson dosfstools strace openssh \
	curl mbuffer rclone e2fsprogs fuse3 git patchelf cppcheck valgrind zsh fish
DNF_BUILD = gcc make pkgconf-pkg-config zlib-devel elfutils-libelf-devel elfutils-devel isa-l-devel libdeflate-devel libseccomp-devel
DNF_DEMO = binutils elfutils gdb
DNF_CHECK = bats python3 python3-jsonschema clang compiler-rt lld llvm qemu-user ShellCheck mandoc man-db dash busybox jq procps-ng \
	util-linux moreutils age gzip pigz isa-l-tools zstd lz4 xz bzip2 p7zip-plugins bsdtar perl qpdf cmake meson \
	dosfstools strace openssh-clients openssh-server curl mbuffer rclone e2fsprogs fuse3 python3-fusepy git patchelf elfutils-debuginfod-client cppcheck valgrind zsh fish
DEB_PACKAGE = debhelper
ASKED = $(filter-out deps all install install-built uninstall deb clean help,$(MAKECMDGOALS))
packages = $($(1)_BUILD) $(if $(filter deb,$(MAKECMDGOALS)),$($(1)_PACKAGE)) $(if $(ASKED),$($(1)_DEMO)) $(if $(filter-out demo,$(ASKED)),$($(1)_CHECK))

.PHONY: deps analyze check coverage check-sanitized check-valgrind check-threads demo bench captured compare faults trimmed reasons symbols \
	endure fuzz fuzz-built fuzz-programs fuzz-targets fuzz-targets-built
deps: ## install what building and the other goals (demo, check) need (Debian and its derivatives, root)
	@if ! command -v apt-get >/dev/null; then \
		echo 'make deps: no apt-get here. What is needed, by its names elsewhere:' >&2; \
		echo 'apk add $(call packages,APK)' >&2; echo 'dnf install $(call packages,DNF)' >&2; exit 2; \
	elif [ "$$(id -u)" != 0 ]; then \
		echo 'make deps: installing packages takes root: sudo make deps' >&2; exit 2; \
	fi
	@missing=; for p in $(call packages,DEB); do \
		dpkg -s $$p 2>/dev/null | grep -q '^Status: install ok' || missing="$$missing $$p"; \
	done; rm -f build/lacking; [ -n "$$missing" ] || exit 0; \
	apt-get -q update || exit; \
	there=$$(apt-cache policy $$missing | awk '/^[^ ]/ { p = $$1 } /Candidate: [0-9]/ { sub(":$$", "", p); print p }'); \
	lacking=$$(printf '%s\n' $$missing | grep -vxF "$$there"); \
	[ -z "$$lacking" ] || { mkdir -p build; echo $$lacking >build/lacking; \
		echo "make deps: not in this release and left out; tests that need it skip:" $$lacking >&2; }; \
	[ -z "$$there" ] || DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $$there

# In one call with deps, as in "make -j deps check", everything else waits for the packages.
ifneq ($(filter deps,$(MAKECMDGOALS)),)
$(B)/.flags: | deps
endif

# Options of bats; --tap is for machines.  EVERY=1 tries all of very many damaged inputs, not every fifth.
BATS_FLAGS ?=
TESTS ?= t/*.bats t/kernel/*.bats
# The number of test files that run at once, the largest first.  Those that set the kernel's core_pattern count as one,
# and mostly wait, so this is one more than two processors.
JOBS ?= 3
check: $(filter deps,$(MAKECMDGOALS)) ## run the tests, JOBS files at once
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@$(MAKE) --no-print-directory -k -j$(JOBS) $(if $(word 2,$(RUNS)),-O) $(or $(strip $(RUNS)),$(error no tests))
THERE = $(wildcard $(TESTS))
FILES = $(filter-out /dev/null,$(shell ls -S /dev/null $(THERE))) $(foreach t,$(TESTS),$(if $(wildcard $(t)),,$(t)))
RUNS = $(if $(filter t/kernel/%,$(FILES)),run/kernel) $(patsubst %,run/%,$(filter-out t/kernel/%,$(FILES)))
# Tests run make themselves, so they must not get our flags.
run/kernel:
	env -u MAKEFLAGS BUILD=$(abspath $(B)) bats $(BATS_FLAGS) $(filter t/kernel/%,$(FILES))
# With a core limit of 1 byte, the kernel does not call a handler: a program that dies here is no crash for the tests of
# the kernel that run at the same time.
run/%:
	env -u MAKEFLAGS BUILD=$(abspath $(B)) prlimit --core=1: bats $(BATS_FLAGS) $*

check-sanitized: ## run the tests with the address and undefined behaviour sanitizers
	$(MAKE) check B=build-sanitized CFLAGS='-O1 -g -fno-omit-frame-pointer $(SANITIZE)' \
		LDFLAGS='$(SANITIZE)'
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all

# setarch: the sanitizer of some compilers does not support every randomized address layout of Linux.
check-threads: ## run the tests of the threaded programs with the thread sanitizer
	setarch -R $(MAKE) check B=build-threads CFLAGS='-O1 -g -fsanitize=thread' \
		LDFLAGS=-fsanitize=thread TESTS='$(THREADED)'
THREADED = t/[gz]?*flate.bats

# All C files of ours; t/analyze/exceptions has what is no mistake, and why.
ANALYZED = $(LIB:%=lib/%.c) $(TOOL_O:$(B)/%.o=%.c)
analyze: $(B)/syscalls.h ## look for mistakes with gcc -fanalyzer and cppcheck
	@echo python3 t/analyze/analyze.py -f FLAGS FILE ...
	@python3 t/analyze/analyze.py -f "$(CPPFLAGS) $(subst ",\",$(OUR_CPPFLAGS) $(ENGINES)) $(LIB_CFLAGS) -I$(B) -std=c11 -pthread" $(ANALYZED)

# Rows are in t/valgrind/valgrind.py; ROWS selects some.
check-valgrind: all ## run the programs on small and on damaged inputs under valgrind (a minute)
	python3 t/valgrind/valgrind.py $(B) $(ROWS)

# Tests may fail that need confinement, or count system calls: counters are written.  All users may write these.
coverage: ## run the tests, and tell for each file which lines none of them reaches
	@mkdir -p build-coverage
	$(CC) -c -o build-coverage/ends.o t/coverage/ends.c
	@$(MAKE) --no-print-directory all $(COVERAGE)
	@find build-coverage -name '*.gcda' -delete
	@for p in $(C_TOOLS); do build-coverage/$$p -V >/dev/null || exit; done
	@find build-coverage -name '*.gcda' -exec chmod a+w {} +
	-GCOV_ERROR_FILE=$(CURDIR)/build-coverage/gcov-errors $(MAKE) check $(COVERAGE)
	python3 t/coverage/coverage.py build-coverage >build-coverage/report
	@cat build-coverage/report
COVERAGE = B=build-coverage CFLAGS='-O0 -g --coverage -DUNCONFINED' \
	LDFLAGS='--coverage -Wl,--wrap=_exit,--wrap=execvp $(CURDIR)/build-coverage/ends.o'

demo: all ## crash a real process and show what is stored, step by step
	@BUILD=$(abspath $(B)) sh t/demo.sh

bench: all ## time handlers, filters and other programs on real crashes (root, 25 minutes)
	python3 t/bench/bench.py $(if $(QUICK),-q) -n $(ROUNDS) $(B) $(B)/bench $(VICTIMS)
ROUNDS ?= $(if $(QUICK),0,5)
# VICTIMS selects from: python node hole zeros touched threads sleep files; QUICK=1 runs each once, in two minutes.
VICTIMS ?=
QUICK ?=

# Some rows also need node, openjdk-17-jre-headless and libc6-i386, which "make deps" does not install.
compare: all ## compare the programs with elfutils, binutils and gdb on real crashes (root, two minutes)
	python3 t/compare/compare.py $(B) $(TABLES)
# TABLES selects from: modules frames hidden names ids cost bounds segments; or given, for the cores in the directory CORES, such as
# the decompressed ones of elfutils' tests.
TABLES ?=

# Some rows also need those, and go, rustc, musl-tools, gdb-multiarch, and gcc and libc6-dev for arm64 and armhf.
trimmed: all ## compare small cores with the full ones, for crashes of many kinds (root, five minutes)
	python3 t/trimmed/trimmed.py $(B) $(ROWS)

# Some ways also need those, and clang, musl-tools, python3-dev and a JDK.
reasons: all $(B)/decode ## judge what core-trace says of why programs died, over hundreds of crashes (root, two minutes)
	python3 t/reasons/reasons.py $(B) $(ROWS)
	$(if $(ROWS),,python3 t/reasons/decode.py $(B))
$(B)/decode: t/reasons/decode.c $(B)/libgzcore.a $(B)/.flags
	$(call say,LINK)
	$(Q)$(CC) $(CPPFLAGS) $(OUR_CPPFLAGS) $(LIB_CFLAGS) $(OUR_CFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(B)/libgzcore.a \
		-Wl,--as-needed $(LIB_LDLIBS) $(LDLIBS)

# Some rows also need musl-tools, lib32gcc-12-dev and zram that is not in use.
captured: all ## compare captured cores with the kernel's own, for processes of many kinds (root, five minutes)
	python3 t/captured/captured.py $(B) $(ROWS)

# One server's rows also need s3rver: npm install --prefix build/npm s3rver.
symbols: all ## open a container's crash from what core-forward has sent, with several servers and clients (root)
	python3 t/symbols/symbols.py $(B)

endure: all ## kill the programs, cut their power, fill the disk, crash in masses, and check the rest (root, half an hour)
	python3 t/endure/endure.py $(TURNS:%=-n %) $(B) $(ROWS)
# For endure, ROWS selects from: power kernel small image full burst storm release list users; TURNS replaces each row's
# number of turns.  For captured, trimmed and reasons, ROWS has words in the names of the rows.
ROWS ?=
TURNS ?=

# Two halves.  TIME is for how many seconds libFuzzer makes up inputs for each of TARGETS (t/fuzz/NAME.c), COUNT how many
# mutated inputs each of the programs FUZZED gets.  With one of them given, that half runs alone; with neither, both do.
# An input that fails is in fuzz-failed/, and a line says how to run it again.  SEED is for both: with the same one, a
# target that starts from the same inputs makes the same ones, and COUNT=100000 FUZZED=zinflate is a fixed set of damaged
# files.
fuzz: $(if $(TIME)$(COUNT),,fuzz-targets fuzz-programs) $(if $(TIME),fuzz-targets) $(if $(COUNT),fuzz-programs) ## make up inputs for parsers and programs, with the sanitizers: none may crash, or be read wrongly
TIME ?=
COUNT ?=
SEED ?= 1
TARGETS ?= conf core demangle elf_id gzip members name record trim unwind
FUZZED ?= core-info core-trace core-trim elf-uuid zinflate
COVER = -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
fuzz-targets: # clang alone has libFuzzer
	@$(MAKE) --no-print-directory fuzz-targets-built B=build-fuzz CC=clang CFLAGS='-O1 -g -fno-omit-frame-pointer $(COVER)' \
		LDFLAGS='$(COVER)'
	python3 t/fuzz/targets.py -t $(or $(TIME),60) -s $(SEED) build-fuzz $(TARGETS)
fuzz-programs:
	@$(MAKE) --no-print-directory fuzz-built B=build-sanitized CFLAGS='-O1 -g -fno-omit-frame-pointer $(SANITIZE)' \
		LDFLAGS='$(SANITIZE)'
	python3 t/fuzz/fuzz.py -n $(or $(COUNT),2000) -s $(SEED) build-sanitized $(FUZZED)
# ROWS selects some; MOST is how many occurrences of each call fail.
faults: all ## make each system call of the programs fail in turn: none may lie, hang or leave half a file (strace, a minute)
	python3 t/faults/faults.py -m $(MOST) $(B) $(ROWS)
MOST ?= 24
fuzz-targets-built: $(TARGETS:%=$(B)/targets/%) $(B)/seeds/.made
$(TARGETS:%=$(B)/targets/%): $(B)/targets/%: $(B)/t/fuzz/%.o $(B)/t/fuzz/target.o $(B)/libgzcore.a
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(OUR_CFLAGS) $(HARDENED_LD) $(LDFLAGS) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(filter %.a,$^) \
		-Wl,--as-needed $(LIB_LDLIBS) $(LDLIBS)
$(B)/targets/gzip $(B)/targets/members: $(B)/t/fuzz/reference.o $(B)/t/fuzz/sound.o
-include $(wildcard $(B)/t/fuzz/*.d)
$(B)/seeds/.made: t/fuzz/corpus.py t/fuzz/seeds.py t/lib/cores.py $(B)/core-trim $(B)/gzdeflate $(B)/zdeflate
	$(call say,MAKE)
	$(Q)rm -rf $(@D) && python3 $< $(B) $(@D) && touch $@
fuzz-built: all $(FUZZED:%=$(B)/fuzz/%)
$(B)/fuzz/%: tools/%.c t/fuzz/serve.c $(B)/libgzcore.a $(B)/.flags
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(OUR_CPPFLAGS) $(LIB_CFLAGS) $(OUR_CFLAGS) -Wno-missing-prototypes $(CFLAGS) -Dmain=fuzzed_main \
		-c -o $@.o $<
	$(Q)$(CC) $(CFLAGS) $(OUR_CFLAGS) $(HARDENED_LD) $(LDFLAGS) -o $@ t/fuzz/serve.c $@.o $(B)/libgzcore.a \
		-Wl,--as-needed $(LIB_LDLIBS) $(LDLIBS)

clean: ## remove what was built
	rm -rf build build-* $(B)
