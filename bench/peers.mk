# make -f bench/peers.mk build/bench/WORKLOAD/IMPLEMENTATION...: each from bench/WORKLOAD/IMPLEMENTATION.*
out := build/bench
headers := $(wildcard bench/*.h bench/*/*.h)

# What each is compiled and linked with beyond the rest.
libraries = $(shell pkg-config --cflags --libs $(1))
with_bide_clang = -Iinclude build/release/libbide.a
with_apr = $(call libraries,apr-util-1 apr-1)
with_glib = $(call libraries,glib-2.0)
with_libuv = $(call libraries,libuv)
with_openmp = -fopenmp
with_openmp_clang = -fopenmp
with_tbb = $(call libraries,tbb)
options = -O3 -pthread -D_GNU_SOURCE -Wall -Wextra $< -o $@ $(with_$(@F))

.DELETE_ON_ERROR:

$(out)/%: bench/%.c $(headers)
	@mkdir -p $(@D)
	gcc -std=c11 $(options) -lm

$(out)/%_clang: bench/%.c $(headers)
	@mkdir -p $(@D)
	clang -std=c11 $(options) -lm

$(out)/%: bench/%.cpp $(headers)
	@mkdir -p $(@D)
	g++ -std=c++20 $(options)

$(out)/%_clang: bench/%.cpp $(headers)
	@mkdir -p $(@D)
	clang++ -std=c++20 $(options)

$(out)/%: bench/%.go
	@mkdir -p $(@D)
	GOCACHE=$(CURDIR)/$(out)/go GOPROXY=off go build -o $@ $<

$(out)/%: bench/%.java
	javac -d $@.classes $<
	touch $@

# All binaries of the manifest WORKLOAD_IMPLEMENTATION; the crates are those that Debian has installed.
$(out)/%: bench/%.rs bench/rust/Cargo.toml $(wildcard bench/rust/src/*.rs)
	@mkdir -p $(@D)
	cd bench/rust && cargo build -q --release --offline --target-dir $(CURDIR)/$(out)/rust --bin $(subst /,_,$*)
	cp $(out)/rust/release/$(subst /,_,$*) $@
