# gzcoredump: filters that store and read core dumps.  "make help" lists the targets.

VERSION = 0.1.0

CC ?= cc
CFLAGS ?= -O2 -g
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
LOCALSTATEDIR ?= /var
PKG_CONFIG ?= pkg-config
# Where everything is built; another folder for another set of flags.
B ?= build

WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wconversion
OUR_CFLAGS = -std=c11 -pthread $(WARN) $(if $(CI),-Werror)
OUR_CPPFLAGS = -D_POSIX_C_SOURCE=200809L -D_FILE_OFFSET_BITS=64 -DVERSION='"$(VERSION)"' -Ilib
# Asked when a recipe runs, not before: "make deps" may just have installed them.
LIB_CFLAGS = $(shell $(PKG_CONFIG) --cflags zlib libelf)
LIB_LDLIBS = $(shell $(PKG_CONFIG) --libs zlib libelf)

LIB = deflate elf_id engine gz inflate io number pipe_linux progress record salvage sink source stages store_linux
C_TOOLS = core-name core-store elf-uuid gzdeflate zdeflate zinflate
SH_TOOLS =
TOOLS = $(C_TOOLS) $(SH_TOOLS)

LIB_O = $(LIB:%=$(B)/lib/%.o)
TOOL_O = $(C_TOOLS:%=$(B)/tools/%.o)
PROGRAMS = $(C_TOOLS:%=$(B)/%)

Q = $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $@)

.PHONY: all clean help
all: $(PROGRAMS)

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile | expand -t 12

$(PROGRAMS): $(B)/%: $(B)/tools/%.o $(B)/libgzcore.a
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(OUR_CFLAGS) $(LDFLAGS) -o $@ $^ -Wl,--as-needed $(LIB_LDLIBS) $(LDLIBS)

$(B)/libgzcore.a: $(LIB_O)
	$(call say,AR)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/%.o: %.c $(B)/.flags
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(OUR_CPPFLAGS) $(LIB_CFLAGS) $(OUR_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Other flags or another compiler build everything anew.
FLAGS = $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(LDLIBS) $(VERSION) $(CI)
.PHONY: force
$(B)/.flags: force
	@mkdir -p $(B)
	@printf '%s\n' '$(subst ','\'',$(FLAGS))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(FLAGS))' >$@

-include $(LIB_O:.o=.d) $(TOOL_O:.o=.d)

clean: ## remove what was built
	rm -rf $(B)
