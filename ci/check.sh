#!/bin/bash
# ci/check.sh: what can be seen without running anything: format, floors, static analysis, documentation.
set -eu
cd "$(dirname "$0")/.."

sh ci/install-deps.sh clang-format clang-tidy cmake cppcheck doxygen gcc libc6-dev libcmocka-dev make pkg-config \
    libcurl4-openssl-dev libhiredis-dev libmodbus-dev

status=0
step()
{
    echo "--- $1"
    shift
    "$@" || status=1
}

files()
{
    git ls-files -z --cached --others --exclude-standard "$@"
}

format()
{
    files '*.c' '*.h' '*.cpp' | xargs -0 clang-format --dry-run -Werror
}

tidy()
{
    files 'src/*.c' 'tests/*.c' 'examples/*.c' 'bench/*/bide*.c' | grep -zv '^tests/consumers/' |
        xargs -0 -P 2 -n 4 clang-tidy -p build/debug --quiet
}

analyse()
{
    cppcheck --project=build/debug/compile_commands.json --enable=warning,performance,portability --std=c11 \
        --error-exitcode=1 --quiet -j 2
}

document()
{
    mkdir -p build/doc
    doxygen docs/Doxyfile
}

cmake --preset debug >/dev/null
step clang-format format
step floors sh ci/floors.sh
step clang-tidy tidy
step cppcheck analyse
step doxygen document
exit $status
