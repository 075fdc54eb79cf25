# What wait_random shows.
. "$(dirname "$0")/lib.sh"

delay_of() {
    succeeds "$@"
    delay=$(sed -n 's/^waited \([0-9]*\.[0-9]*\) s$/\1/p' "$work/out")
    [ "$(wc -l <"$work/out")" -eq 1 ] || fail "not one line"
    [ -n "$delay" ] || fail "not a delay"
    awk -v delay="$delay" 'BEGIN { exit !(delay >= 0 && delay <= 0.3) }' || fail "not from 0 to 0.3"
}

delay_of "$@" --seed 1 0.3
first=$delay
delay_of "$@" 0.3 --seed 1
[ "$first" = "$delay" ] || fail "one seed, two delays: $first, $delay"
delay_of "$@" --seed 2 0.3
[ "$first" != "$delay" ] || fail "two seeds, one delay: $delay"
delay_of "$@" 0
[ "$delay" = 0.000 ] || fail "waited $delay for 0"
