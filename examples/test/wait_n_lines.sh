# wait_n shows each line as soon as its wait is over, also in a pipe.
. "$(dirname "$0")/lib.sh"

# Of these two waits one is short, and the other takes 42 minutes: what is shown comes before its end.
mkfifo "$work/pipe"
"$@" --seed 15151 2 3600 >"$work/pipe" 2>"$work/errors" &
pid=$! status=0
read -r line <"$work/pipe" || fail "nothing shown"
kill -KILL "$pid"
wait "$pid" || status=$?
[ "$status" -eq 137 ] || fail "status $status"
[ "$line" = 'wait 1: 0.093 s' ] || fail "the first line is '$line'"
