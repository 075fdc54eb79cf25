# timed_lines.sh LATE PATTERNS COMMAND…: the same of a command that can be slower. LATE matches what a line may be where something
# came too late.
. "$(dirname "$0")/lib.sh"

late=$1 patterns=$2
shift 2

lines_in_time() {
    succeeds "$@" --slower "$seconds"
    compare_lines "$patterns" "$late"
}
in_order lines_in_time "$@"
