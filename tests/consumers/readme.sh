#!/bin/sh
# readme.sh README PREFIX LIBDIR: the first program of the README compiles without warnings, and runs.
set -eu
readme=$1 prefix=$2 libdir=$3

awk '/^```c$/ { found = 1; next } found && /^```$/ { exit } found' "$readme" > readme.c
if ! [ -s readme.c ]; then
    echo "no C program in $readme" >&2
    exit 1
fi
# shellcheck disable=SC2086
$CC $CFLAGS -std=c11 -Wall -Wextra -Wpedantic -Werror -I "$prefix/include" readme.c -o readme \
    -L "$prefix/$libdir" -lbide -pthread -lm
LD_LIBRARY_PATH=$prefix/$libdir ./readme
