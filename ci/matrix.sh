#!/bin/bash
# ci/matrix.sh [TOOL]...: the tests under every tool that finds races, leaks and undefined behaviour. What the tools write is
# kept in files and counted: a report counts even where the test has passed.
set -eu
cd "$(dirname "$0")/.."

sh ci/install-deps.sh clang cmake g++ gcc libc6-dev libclang-rt-dev libcmocka-dev make pkg-config valgrind \
    libcurl4-openssl-dev libhiredis-dev libmodbus-dev nginx-light redis-server

# The runtimes of older compilers do not start where the kernel spreads addresses too far.
calm=()
if [ "$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 0)" -gt 28 ]; then
    calm=(setarch -R)
fi

# Files for the tools, and functions hidden from them: our own, not what the tools bring.
suppressions=$(grep -rlE 'no_sanitize|disable_sanitizer' include src tests examples | wc -l)
suppressions=$((suppressions + $(find ci tests -name '*.supp' | wc -l)))

table=$(printf '%-11s %6s %9s %8s %13s' tool tests failures reports suppressions)
status=0

# What a child made by fork() has lost are the stacks of its parent's threads and what these held: not a leak.
reports_in()
{
    find "$1" -type f -exec awk '
        FNR == 1 { pid = FILENAME; sub(/.*\./, "", pid); seen[pid] = 1 }
        /Parent PID: / { parent[pid] = $NF }
        / lost in loss record / { leaks[pid]++ }
        /ERROR SUMMARY: / { n += $4 }
        /(ERROR|WARNING): [A-Za-z]+Sanitizer: |runtime error: / { n++ }
        END {
            for (pid in leaks)
                n += parent[pid] in seen ? 0 : leaks[pid]
            print n + 0
        }' {} +
}

# run_tests TOOL PRESET [OPTION OF CTEST]...: its build is there.
run_tests()
{
    local tool=$1 preset=$2 logs=$PWD/build/$2/logs-$1 failures=- tests=0 reports
    shift 2
    echo "--- $tool"
    rm -rf "$logs"
    mkdir -p "$logs"
    export ASAN_OPTIONS=log_path=$logs/log:detect_stack_use_after_return=1
    export UBSAN_OPTIONS=log_path=$logs/log:print_stacktrace=1
    export TSAN_OPTIONS=log_path=$logs/log:second_deadlock_stack=1
    "${calm[@]}" ctest --preset "$preset" -j 2 "$@" | tee "build/$preset/ctest.out"
    read -r failures tests < <(sed -n 's/.*, \([0-9]*\) tests failed out of \([0-9]*\)$/\1 \2/p' "build/$preset/ctest.out") || true
    # gcc's UBSan writes to the test's own output, whatever it is told.
    cp "build/$preset/Testing/Temporary/LastTest.log" "$logs/output"
    reports=$(reports_in "$logs")
    [ "$failures" = 0 ] && [ "$reports" = 0 ] || status=1
    table+=$(printf '\n%-11s %6s %9s %8s %13s' "$tool" "$tests" "$failures" "$reports" "$suppressions")
}

sanitizer()
{
    sh ci/build.sh "$1"
    run_tests "$1" "$1"
}

# valgrind_tool TOOL SCALE OPTIONS [OPTION OF CTEST]...: rounds by SCALE.
valgrind_tool()
{
    local tool=$1 launcher="env;BIDE_TEST_SCALE=$2;valgrind;--tool=$1;--fair-sched=try;--error-exitcode=9"
    launcher+=";--log-file=$PWD/build/valgrind/logs-$1/log.%p$3"
    shift 3
    sh ci/build.sh valgrind -D BIDE_TEST_LAUNCHER="$launcher"
    run_tests "$tool" valgrind "$@"
}

# What a program says about its arguments it says without a second thread: nothing for helgrind and drd. The cost of drd grows
# with the square of what is alive.
for tool in ${*:-asan tsan-gcc tsan-clang memcheck helgrind drd}; do
    case $tool in
    asan | tsan-*) sanitizer "$tool" ;;
    memcheck) valgrind_tool memcheck 0.02 ';--leak-check=full;--show-leak-kinds=definite,indirect,possible;--errors-for-leak-kinds=none' ;;
    helgrind) valgrind_tool helgrind 0.02 '' -E '\.arguments$' ;;
    drd) valgrind_tool drd 0.005 '' -E '\.arguments$' ;;
    *) echo "ci/matrix.sh: no such tool: $tool" >&2 && exit 2 ;;
    esac
done

printf '\n%s\n' "$table"
exit $status
