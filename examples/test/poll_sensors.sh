# poll_sensors.sh SENSORS COMMAND…: what poll_sensors shows of the sensors that the program SENSORS makes.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server.sh"

sensors=$1
shift

# start_sensors KIND…: leaves $addresses.
start_sensors() {
    addresses=
    mkfifo "$work/pipe"
    "$sensors" "$@" >"$work/pipe" 2>"$work/server" &
    started="$started $!"
    while read -r address; do
        addresses="$addresses $address"
    done <"$work/pipe"
    rm "$work/pipe"
    # shellcheck disable=SC2086
    [ "$(printf '%s\n' $addresses | wc -l)" -eq $# ] || fail "no sensors: $(cat "$work/server")"
}

# Time between the replies, and more until those end that never come.
fastest_first() {
    # shellcheck disable=SC2046
    start_sensors $(awk -v s="$seconds" 'BEGIN { print "silent", 0.2 * s, 0.4 * s, "0 wrong refusing half" }')
    # shellcheck disable=SC2086
    succeeds "$@" --patience "$seconds" $addresses
    awk -v addresses="$addresses" -v patience="$seconds" '
        BEGIN {
            split(addresses, address, " ")
            split("0.4 degrees;0.2 degrees;0.3 degrees", in_time, ";")
            split(";0.2 degrees;0.3 degrees;0.4 degrees;Illegal data address;Connection refused;", text, ";")
            text[1] = text[7] = "Connection timed out"
            for (i in address) sensor[address[i] ":"] = i }
        { what = $2 " " $3 ($4 == "after" ? "" : " " $4)
          late = what == "Connection timed out"
          if (!late && what != text[sensor[$1]] || seen[$1]++ || $NF != "s") { print "what is this: " $0; bad = 1 }
          if (late && $(NF - 1) < patience) { print "too early: " $0; bad = 1 }
          if (what ~ /timed out|degrees/) ends = ends " " what }
        END {
            if (NR != 7) { print "not seven lines"; bad = 1 }
            if (ends != " 0.4 degrees 0.2 degrees 0.3 degrees Connection timed out Connection timed out") disorder = 2
            exit bad ? 1 : disorder }' "$work/out"
}
in_order fastest_first "$@"

# On one thread, many that reply and some that do not: these keep nobody waiting, and each other neither. Less of them under a
# slow tool.
groups=20
[ "$EXAMPLE_SECONDS" = 1 ] || groups=5
dead_ones_are_alone() {
    # shellcheck disable=SC2086
    succeeds "$@" --workers 1 --patience "$seconds" $addresses
    awk -v groups="$groups" -v patience="$seconds" '
        / degrees after / { replies++; if (late) disorder = 2 }
        /: Connection timed out after / { late++; last = $(NF - 1) }
        END {
            if (replies + late != 7 * groups || NR != 7 * groups) { print "some are missing"; exit 1 }
            if (late < 2 * groups) { print late " late, not " 2 * groups; exit 1 }
            exit late > 2 * groups || last > groups * patience ? 2 : disorder }' "$work/out"
}
# shellcheck disable=SC2046
start_sensors $(awk -v groups=$groups 'BEGIN { for (i = 0; i < groups; i++) print "silent 0 0 0 0 0 half" }')
in_order dead_ones_are_alone "$@"

for program; do :; done
succeeds "$program" nonsense 127.0.0.1 127.0.0.1:65536 127.0.0.1:x 1:1:1
[ "$(grep -c ': Invalid argument after ' "$work/out")" -eq 5 ] || fail "what is no address?"
