# lines.sh PATTERNS COMMAND…: each line of the output matches the pattern in the same line of the file.
. "$(dirname "$0")/lib.sh"

patterns=$1
shift
succeeds "$@"
compare_lines "$patterns" '' || fail "output of: $*"
