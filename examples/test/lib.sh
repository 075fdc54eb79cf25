# Sourced by the checks. A check is called with the command to check; a launcher such as valgrind may stand before it.
set -eu

: "${EXAMPLE_SECONDS:=1}" # the longest delay where the order of the ends is looked at
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

fail() {
    echo "FAILED: $*"
    [ ! -f "$work/out" ] || sed 's/^/  stdout: /' "$work/out"
    [ ! -f "$work/errors" ] || sed 's/^/  stderr: /' "$work/errors"
    exit 1
}

# Run a command; leave its exit status in $status, its output in $work/out and its errors in $work/err, without what
# valgrind says about itself.
run() {
    status=0
    "$@" >"$work/out" 2>"$work/errors" || status=$?
    without_valgrind
}

without_valgrind() {
    sed '/^==[0-9]*==/d' "$work/errors" >"$work/err"
}

succeeds() {
    run "$@"
    [ "$status" -eq 0 ] || fail "status $status of: $*"
    [ ! -s "$work/err" ] || fail "errors from: $*"
}

# in_order CHECK…: call a check that returns 2 where all is right but what came too late, each time with twice the $seconds,
# until it does not. Whoever else wants the processors may hold up a wait by more than what lies between two ends.
in_order() {
    seconds=$EXAMPLE_SECONDS
    while :; do
        order=0
        "$@" || order=$?
        [ "$order" -ne 0 ] || return 0
        [ "$order" -eq 2 ] || fail "see above"
        echo "not in order within $seconds s"
        seconds=$((2 * seconds))
    done
}

# compare_lines PATTERNS LATE: each line of the output matches the pattern in the same line of the file. 2: or LATE, where that is
# given.
compare_lines() {
    awk -v patterns="$1" -v late="$2" '
        { if ((getline pattern <patterns) <= 0) pattern = "no more lines"
          if ($0 !~ "^(" pattern ")$") {
              print "line " NR " should be: " pattern
              if (late != "" && $0 ~ "^(" late ")$") disorder = 2
              else bad = 1 } }
        END { if ((getline pattern <patterns) > 0) { print "missing: " pattern; bad = 1 }
              exit bad ? 1 : disorder }' "$work/out"
}

# One line on stderr that begins with the name of the program, and the exit status given.
complains() {
    [ "$status" -eq "$1" ] || fail "status $status instead of $1"
    [ "$(wc -l <"$work/err")" -eq 1 ] || fail "not one line of errors"
    grep -q "^$2: " "$work/err" || fail "the error line does not begin with '$2: '"
}

# The list a program showed in brackets, one delay in a line, sorted.
sorted_list() {
    sed -n 's/^\[\(.*\)\]$/\1/p' "$work/out" | tr -d ' ' | tr ',' '\n' | sort -n
}

same() {
    cmp -s "$1" "$2" || fail "$3: $(tr '\n' ' ' <"$1") and $(tr '\n' ' ' <"$2")"
}
