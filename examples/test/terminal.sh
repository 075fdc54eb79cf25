# What wait_n shows on a terminal: bars that grow, and then what it shows in a pipe. 77: there is nothing to make one with.
. "$(dirname "$0")/lib.sh"
here=$(dirname "$0")

script --version 2>/dev/null | grep -q util-linux || exit 77
command -v stty >/dev/null || exit 77

# The bars are drawn from what tasks publish in C11 atomics, which these do not know.
case " $* " in *--tool=helgrind* | *--tool=drd*) exit 77 ;; esac

quoted=
for word; do
    quoted="$quoted '$(printf '%s' "$word" | sed "s/'/'\\\\''/g")'"
done

# on_terminal ROWS COLUMNS ARGUMENTS…: leaves all that was shown in $work/shown, one line each, without the controls.
on_terminal() {
    rows=$1 columns=$2
    shift 2
    status=0
    TERM=xterm SHELL=/bin/sh script -qec "stty rows $rows cols $columns; exec $quoted $*" "$work/typescript" \
        </dev/null >"$work/raw" 2>"$work/errors" || status=$?
    escape=$(printf '\033')
    tr -d '\r' <"$work/raw" | sed "s/$escape\[[0-9]*[AJ]//g; /^==[0-9]*==/d" >"$work/shown"
    cp "$work/shown" "$work/out"
    [ "$status" -eq 0 ] || fail "status $status"
}

# What is left on the screen, and above it, in the end: what a pipe would have shown, checked as there.
check_screen() {
    tr -d '\r' <"$work/raw" | awk '
        BEGIN { row = 0 }
        { while (match($0, /^\033\[[0-9]*[AJ]/)) {
              control = substr($0, 3, RLENGTH - 2)
              $0 = substr($0, RLENGTH + 1)
              if (control == "J")
                  while (rows > row) delete screen[--rows]
              else row -= control + 0
          }
          screen[row] = $0 substr(screen[row], length($0) + 1)
          row++
          if (row > rows) rows = row }
        END { for (row = 0; row < rows; row++) print screen[row] }' | sed '/^==[0-9]*==/d' >"$work/out"
    awk -f "$here/waits.awk" -v "$@" "$work/out"
}

# No line longer than the terminal is wide, or the next frame would not begin where this one did.
check_width() {
    awk -v columns="$1" '/^wait .*\[|^\[[#.]+\]/ && length($0) >= columns { exit 1 }' "$work/shown" ||
        fail "a line wider than the terminal"
}

seed=2259
bars_grow() {
    on_terminal 24 80 --seed $seed 10 "$seconds"
    check_width 80
    longest=$(sed -n 's/^wait \([0-9]*\): .*/\1/p' "$work/shown" | tail -n 1)
    check_screen n=10 -v max_delay="$seconds" -v ascending=1 -v gap=0.02 || return
    grep -q '\[#' "$work/shown" || return 2
    [ "$(grep "^wait *$longest \[" "$work/shown" | sort -u | wc -l)" -ge 3 ] || return 2
}
in_order bars_grow

# More waits than rows: one bar for all, and one for each when enough have ended.
on_terminal 8 40 --seed $seed 20 0.5
check_width 40
grep -q '\] [0-9]* of 20 wait$' "$work/shown" || fail "no bar for all"
grep -q '^wait .*\[' "$work/shown" || fail "no bars for the last ones"
escape=$(printf '\033')
sed -n "s/.*$escape\[\([0-9]*\)A.*/\1/p" "$work/raw" | awk '$1 >= 8 { exit 1 }' || fail "a frame higher than the terminal"
check_screen n=20 -v max_delay=0.5 || fail "see above"

# Too narrow, or too simple, for bars: the same as in a pipe.
on_terminal 24 20 --seed $seed 3 0.1
! grep -q '\[[#.]' "$work/shown" || fail "bars on a narrow terminal"
check_screen n=3 -v max_delay=0.1 || fail "see above"
