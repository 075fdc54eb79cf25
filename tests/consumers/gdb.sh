#!/bin/sh
# gdb.sh PREFIX LIBDIR: a backtrace ends where it should at every instruction of a switch, and in a task. 77: nothing to see.
set -eu
prefix=$1 libdir=$2

command -v gdb >/dev/null || exit 77
gdb -nx -batch -ex starti /bin/true 2>/dev/null | grep -q 'Program stopped' || exit 77

# shellcheck disable=SC2086
$CC $CFLAGS -g -std=c11 -I "$prefix/include" "$(dirname "$0")/consumer.c" -o gdb_consumer \
    -L "$prefix/$libdir" -lbide -pthread -lm
nm gdb_consumer "$prefix/$libdir"/libbide* 2>/dev/null | grep -q ' bide_context_jump$' || exit 77

# From a worker's own stack to its first task.
cat >gdb_commands <<'END'
set breakpoint pending on
break bide_context_jump
run
delete
set scheduler-locking on
set $steps = 0
while $steps < 50
    backtrace -1
    stepi
    set $steps = $steps + 1
end
set scheduler-locking off
break twice
continue
backtrace
END
LD_LIBRARY_PATH=$prefix/$libdir gdb -nx -batch -x gdb_commands gdb_consumer >gdb_output 2>&1 </dev/null || true
cat gdb_output
grep -q '^#0  twice ' gdb_output
tail -n 1 gdb_output | grep -q ' bide_context_land '
! grep -qE 'Backtrace stopped|^#[0-9]+ +0x0+ in ' gdb_output
