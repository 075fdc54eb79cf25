# What wait_n shows in a pipe.
. "$(dirname "$0")/lib.sh"
here=$(dirname "$0")

check() {
    awk -f "$here/waits.awk" -v "$@" "$work/out" || fail "see above"
}

# Ten delays with at least 20 ms from each to the next.
seed=2259
ends_in_order() {
    succeeds "$@" --seed $seed 10 "$seconds"
    awk -f "$here/waits.awk" -v n=10 -v max_delay="$seconds" -v ascending=1 -v gap=0.02 "$work/out"
}
in_order ends_in_order "$@"

# The same seed, the same delays, with any number of workers and without concurrency; less of them to be quick.
succeeds "$@" --seed $seed 10 0.1
check n=10 -v max_delay=0.1
sorted_list >"$work/many"
succeeds "$@" --seed $seed --workers 3 10 0.1
check n=10 -v max_delay=0.1
sorted_list >"$work/three"
same "$work/many" "$work/three" "the number of workers changed the delays"
succeeds "$@" --sequential --seed $seed 10 0.1
check n=10 -v max_delay=0.1 -v sequential=1
sorted_list >"$work/sequential"
same "$work/many" "$work/sequential" "--sequential changed the delays"
[ "$(sed -n 's/^wait \([0-9]*\):.*/\1/p' "$work/out" | tr '\n' ' ')" = "0 1 2 3 4 5 6 7 8 9 " ] || fail "not in sequence"

# Another seed, other delays; no seed, other delays each time.
succeeds "$@" --seed 1$seed 10 0.1
sorted_list >"$work/other"
! cmp -s "$work/many" "$work/other" || fail "two seeds, the same delays"
succeeds "$@" 10 0.1
sorted_list >"$work/first"
succeeds "$@" 10 0.1
sorted_list >"$work/second"
! cmp -s "$work/first" "$work/second" || fail "no seed, the same delays"

succeeds "$@" 3 0
check n=3 -v max_delay=0
succeeds "$@" 0 1
grep -qx '\[\]' "$work/out" || fail "no empty list"

# Output that cannot be written is an error.
if [ -w /dev/full ]; then
    for program; do :; done
    status=0
    "$@" 2 0 >/dev/full 2>"$work/errors" || status=$?
    without_valgrind
    complains 1 "${program##*/}"
fi
