#!/bin/sh
# pkg_config.sh PREFIX LIBDIR: build and run a program with nothing but a compiler and pkg-config.
set -eu
prefix=$1 libdir=$2

here=$(dirname "$0")
export PKG_CONFIG_PATH="$prefix/$libdir/pkgconfig"
# shellcheck disable=SC2046,SC2086
$CC $CFLAGS -std=c11 -Wall -Wextra -Wpedantic -Werror "$here/consumer.c" -o pkg_config $(pkg-config --cflags --libs --static bide)
LD_LIBRARY_PATH=$prefix/$libdir ./pkg_config
