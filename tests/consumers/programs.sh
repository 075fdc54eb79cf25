#!/bin/sh
# programs.sh PAGE PREFIX LIBDIR: every C program of a page compiles without warnings, runs, and prints the text behind it.
set -eu
page=$1 prefix=$2 libdir=$3

directory=$(basename "$page" .md)_programs
rm -rf "$directory"
mkdir "$directory"
cd "$directory"
awk '
    /^```c$/ { out = ++n ".c"; next }
    /^```text$/ { out = n ".expected"; next }
    /^```/ { out = ""; next }
    out { print > out }' "$page"

for source in *.c; do
    program=${source%.c}
    # shellcheck disable=SC2086
    $CC $CFLAGS -std=c11 -Wall -Wextra -Wpedantic -Werror -I "$prefix/include" "$source" -o "$program" \
        -L "$prefix/$libdir" -lbide -pthread -lm
    LD_LIBRARY_PATH=$prefix/$libdir "./$program" </dev/null >"$program.printed"
    [ ! -e "$program.expected" ] || diff "$program.expected" "$program.printed"
done
