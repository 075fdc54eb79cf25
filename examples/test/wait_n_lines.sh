# wait_n shows each line as soon as its wait is over, also in a pipe.
. "$(dirname "$0")/lib.sh"

# Of these two waits one is short, and the other takes more than 1.8 seconds: nothing comes between.
mkfifo "$work/pipe"
"$@" --seed 33 2 2 >"$work/pipe" 2>"$work/errors" &
pid=$!
exec 3<"$work/pipe"
read -r line <&3 || fail "nothing shown"
echo "$line" | grep -qx 'wait 1: 0\.0[0-9]* s' || fail "the first line is '$line'"
status=0
timeout 0.3 cat <&3 >"$work/out" || status=$?
[ "$status" -eq 124 ] || fail "the first line came with the others"
cat <&3 >"$work/out"
wait "$pid" || fail "status $?"
grep -qx 'wait 0: 1\.[0-9]* s' "$work/out" || fail "no second line"
