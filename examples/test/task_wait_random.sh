# What task_wait_random shows: two waits at once.
. "$(dirname "$0")/lib.sh"

check() {
    for longest; do :; done
    succeeds "$@"
    awk -v longest="$longest" '
        /^scheduled after [0-9.]+ s$/ { scheduled = $3; next }
        /^waited [0-9.]+ s and [0-9.]+ s$/ { first = $2; second = $5; next }
        /^total [0-9.]+ s$/ { total = $2; next }
        { bad = 1 }
        END { longer = first > second ? first : second
              exit bad || NR != 3 || longer > longest || total < longer - 0.001 || total < scheduled }' "$work/out" ||
        fail "output of: $*"
    waited=$(sed -n 2p "$work/out")
}

at_once() {
    check "$@" --seed 1 "$seconds"
    awk '/^waited/ { sum = $2 + $5 } /^total/ { exit $2 >= sum ? 2 : 0 }' "$work/out"
}
in_order at_once "$@"

check "$@" --seed 1 0.5
one=$waited
check "$@" --seed 1 --workers 1 0.5
[ "$one" = "$waited" ] || fail "one seed, other delays: $one, $waited"
check "$@" --seed 2 0.5
[ "$one" != "$waited" ] || fail "two seeds, the same delays"
