# Builds and installs the extension with PGXS:  make && make install
# `make demo`, `make check` and `make bench` call the scripts in tools/, which need nothing installed.

ifneq (,$(filter demo check bench,$(MAKECMDGOALS)))

.PHONY: demo check bench
demo check bench:
	tools/$@

else

VERSION := $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" control/knowhow.control)
CHAPTERS := $(sort $(wildcard control/chapters/*.sql))
INSTALL_SCRIPT_SQL := control/knowhow--$(VERSION).sql

# One list of engine sources serves this build and CMakeLists.txt.
ENGINE_SOURCES := $(addprefix src/engine/,$(shell cat src/engine/SOURCES))
SERVER_SOURCES := $(sort $(wildcard src/server/*.cpp src/server/*/*.cpp))

MODULE_big = knowhow
OBJS = $(ENGINE_SOURCES:.cpp=.o) $(SERVER_SOURCES:.cpp=.o)
EXTENSION = control/knowhow
DATA = $(wildcard control/knowhow--*--*.sql)
DATA_built = $(INSTALL_SCRIPT_SQL)
EXTRA_CLEAN = $(OBJS:.o=.d)

# REGRESS lists sql/*.sql in the order of their names; ISOLATION the specs.
REGRESS = $(sort $(basename $(notdir $(wildcard sql/*.sql))))
ISOLATION = $(sort $(basename $(notdir $(wildcard test/isolation/specs/*.spec))))
ISOLATION_OPTS = --inputdir=test/isolation

PG_CONFIG ?= pg_config
# Set by the sanitizer builds of tools/check; empty otherwise.
SANITIZE ?=

# Headers only. As system headers: their warnings are not ours.
EIGEN_INCLUDE ?= /usr/include/eigen3

PG_CPPFLAGS = -Isrc -isystem $(EIGEN_INCLUDE) -isystem $(shell $(PG_CONFIG) --includedir-server)
# No fused multiply-add where a CPU has it: models are the same bit for bit on every way to a sum.
PG_CXXFLAGS = -std=c++20 -ffp-contract=off -fPIC -fvisibility=hidden -fvisibility-inlines-hidden -MMD -MP \
	-Wall -Wextra -Werror -Wno-register -Wno-missing-field-initializers $(SANITIZE)
SHLIB_LINK = $(SANITIZE) -licuuc -lstdc++ -lpthread

# Bitcode for inlining into JIT-compiled queries gains nothing across a C++ border.
override with_llvm = no
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# PGXS knows C only as a pattern rule; the flags below are its own, collected above.
%.o: %.cpp
	$(CXX) $(CXXFLAGS) $(CPPFLAGS) -c -o $@ $<

# A new name in the list relinks: with the .SECONDARY of PGXS a missing object alone does not.
knowhow$(DLSUFFIX): src/engine/SOURCES

# The install script is written in chapters, one subject each.
$(INSTALL_SCRIPT_SQL): $(CHAPTERS) control/knowhow.control
	cat $(CHAPTERS) > $@

-include $(OBJS:.o=.d)

endif
