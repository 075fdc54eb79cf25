#!/bin/bash
# ci/platforms.sh [PLATFORM]...: the tests with what is portable only, with musl, and on AArch64 in emulation.
set -eu
cd "$(dirname "$0")/.."

table=$(printf '%-14s %6s %9s %8s' platform tests failures seconds)
status=0

# run_tests PRESET "TARGET..." [OPTION OF CTEST]...: only those targets are built; none: all.
run_tests()
{
    local preset=$1 targets=$2 out=build/$1/ctest.out failures=- tests=0 start=$SECONDS
    shift 2
    echo "--- $preset"
    cmake --preset "$preset" -D BIDE_WERROR=ON -D BIDE_BUILD_BENCH=OFF >/dev/null
    # shellcheck disable=SC2086
    cmake --build --preset "$preset" -j "$(nproc)" ${targets:+--target $targets} >/dev/null
    ctest --preset "$preset" -j 2 "$@" | tee "$out"
    read -r failures tests < <(sed -n 's/.*, \([0-9]*\) tests failed out of \([0-9]*\)$/\1 \2/p' "$out") || true
    [ "$failures" = 0 ] || status=1
    table+=$(printf '\n%-14s %6s %9s %8s' "$preset" "$tests" "$failures" $((SECONDS - start)))
}

portable()
{
    sh ci/install-deps.sh cmake gcc libc6-dev libcmocka-dev make
    run_tests portable ''
    run_tests portable-asan 'unit_context unit_stack unit_future stress_switch stress_nested' \
        -R '^(unit\.(context|stack|future)|stress\.(switch|nested))$'
}

musl()
{
    sh ci/install-deps.sh cmake gcc make musl-tools
    run_tests musl ''
    run_tests musl-static '' -L stress
}

# qemu dies where a child of a process with threads makes threads, as unit.process_fork does.
aarch64()
{
    sh ci/install-deps.sh cmake g++-aarch64-linux-gnu gcc-aarch64-linux-gnu libc6-dev-arm64-cross make qemu-user
    sh ci/unpack-deps.sh arm64 build/arm64 libcmocka-dev libcmocka0
    run_tests aarch64 '' -E '^unit\.process_fork'
    run_tests aarch64-bti 'unit_context unit_stack stress_switch' -R '^(unit\.(context|stack)|stress\.switch)$'
}

for platform in ${*:-portable musl aarch64}; do
    case $platform in
    portable | musl | aarch64) "$platform" ;;
    *) echo "ci/platforms.sh: no such platform: $platform" >&2 && exit 2 ;;
    esac
done

printf '\n%s\n' "$table"
exit $status
