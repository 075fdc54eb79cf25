# What factory shows: the delays of two kinds of task, in the order of their ends.
. "$(dirname "$0")/lib.sh"

# Ten delays of the first kind with at least 20 ms from each to the next; those of the second are drawn by the workers.
seed=4393
ends_in_order() {
    succeeds "$@" --seed $seed 10 "$seconds"
    awk -v longest="$seconds" '
        { if (NF != 11) { print "not ten delays: " $0; bad = 1 }
          for (i = 2; i <= NF; i++)
              if ($i !~ /^[0-9]+\.[0-9]+$/ || $i > longest) { print "not from 0 to " longest ": " $i; bad = 1 } }
        $1 == "once:" {
          once++
          for (i = 3; i <= NF; i++)
              if ($i < $(i - 1)) disorder = 2 }
        $1 == "twice:" { twice++ }
        END { exit bad || once != 1 || twice != 1 || NR != 2 ? 1 : disorder }' "$work/out"
}
in_order ends_in_order "$@"
