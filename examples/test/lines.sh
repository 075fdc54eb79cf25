# lines.sh PATTERNS COMMAND…: each line of the output matches the pattern in the same line of the file.
. "$(dirname "$0")/lib.sh"

patterns=$1
shift
succeeds "$@"
awk -v patterns="$patterns" '
    { if ((getline pattern <patterns) <= 0) pattern = "no more lines"
      if ($0 !~ "^(" pattern ")$") { print "line " NR " should be: " pattern; bad = 1 } }
    END { if ((getline pattern <patterns) > 0) { print "missing: " pattern; bad = 1 }
          exit bad }' "$work/out" || fail "output of: $*"
