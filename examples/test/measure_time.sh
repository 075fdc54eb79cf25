# measure_time.sh TASK_WAIT_N COMMAND…: what measure_time shows, against the delays task_wait_n draws from the same seed.
. "$(dirname "$0")/lib.sh"

list=$1
shift

# What it takes to run the one runs the other.
show_list() {
    words=$#
    for word; do
        shift
        words=$((words - 1))
        [ $words -eq 0 ] || set -- "$@" "$word"
    done
    succeeds "$@" "$list" --seed 1 10 "$seconds"
}

at_once() {
    show_list "$@"
    sorted_list >"$work/delays"
    succeeds "$@" --seed 1 10 "$seconds"
    awk '
        NR == FNR { longest = $1; sum += $1; next }
        /^[0-9]+\.[0-9]+ s per wait$/ { total = $1 * 10; lines++; next }
        { bad = 1 }
        END { if (bad || lines != 1 || total < longest - 0.001) { print "delays: " longest " at most, " sum " in all"; exit 1 }
              exit total >= sum ? 2 : 0 }' "$work/delays" "$work/out"
}
in_order at_once "$@"

for program; do :; done
run "$@" 0 1
complains 2 "${program##*/}"
