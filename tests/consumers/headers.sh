#!/bin/sh
# headers.sh INCLUDE: every public header compiles alone, in C and in C++, without warnings.
set -eu
include=$1

warnings="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Werror"
check()
{
    # shellcheck disable=SC2086
    echo "#include <bide/${header##*/}>" | "$@" $warnings -I "$include" -fsyntax-only -
}

for header in "$include"/bide/*.h; do
    check "$CC" -x c -std=c11 -Wstrict-prototypes -Wmissing-prototypes
    [ -z "$CXX" ] || check "$CXX" -x c++ -std=c++11 -Wold-style-cast -Wzero-as-null-pointer-constant
done
