# What task_wait_n shows.
. "$(dirname "$0")/lib.sh"

# Ten delays with at least 20 ms from each to the next.
seed=4393
ends_in_order() {
    succeeds "$@" --seed $seed 10 "$seconds"
    awk -v longest="$seconds" '
        function near(a, b) { return a - b < 0.02 && b - a < 0.02 }
        /^\[[0-9., ]*\]$/ {
            gsub(/[][]/, ""); n = split($0, list, ", ")
            for (i = 1; i <= n; i++) {
                sum += list[i]
                if (list[i] > last) last = list[i]
                if (i > 1 && list[i] < list[i - 1]) disorder = 2
                if (i > 1 && near(list[i], list[i - 1])) { print "too close, choose another seed"; bad = 1 }
            }
            next }
        /^total [0-9.]+ s$/ { total = $2; next }
        { bad = 1 }
        END { bad = bad || n != 10 || NR != 2 || last > longest || total < last - 0.001
              if (total >= sum) disorder = 2
              exit bad ? 1 : disorder }' "$work/out"
}
in_order ends_in_order "$@"

succeeds "$@" --seed $seed 10 0.1
sorted_list >"$work/many"
succeeds "$@" --seed $seed --workers 3 10 0.1
sorted_list >"$work/three"
same "$work/many" "$work/three" "the number of workers changed the delays"
[ "$(wc -l <"$work/three")" -eq 10 ] || fail "not ten delays"
succeeds "$@" --seed 1$seed 10 0.1
sorted_list >"$work/other"
! cmp -s "$work/many" "$work/other" || fail "two seeds, the same delays"

succeeds "$@" 0 1
grep -qx '\[\]' "$work/out" || fail "no empty list"
