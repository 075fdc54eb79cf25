# What sleepers shows: each sleeper once, in the order of their ends.
. "$(dirname "$0")/lib.sh"

# Ten delays with at least 20 ms from each to the next.
seed=2259
ends_in_order() {
    succeeds "$@" --seed $seed 10 "$seconds"
    awk -v longest="$seconds" '
        !/^sleeper [0-9]: [0-9]+\.[0-9]+ s$/ || seen[$2]++ || $3 > longest { print "what is this: " $0; bad = 1 }
        $3 < last { disorder = 2 }
        { last = $3 }
        END { exit bad || NR != 10 ? 1 : disorder }' "$work/out"
}
in_order ends_in_order "$@"

succeeds "$@" --seed $seed 10 0.1
sort "$work/out" >"$work/many"
succeeds "$@" --seed $seed --workers 4 10 0.1
sort "$work/out" >"$work/four"
same "$work/many" "$work/four" "the number of workers changed the delays"
