# Sourced after lib.sh by the checks that need a server: what they start is stopped with them, whatever happens.
PATH=$PATH:/usr/sbin:/sbin
started=

stop_all() {
    # shellcheck disable=SC2086
    [ -z "$started" ] || kill -9 $started 2>"$work/killed" || :
    wait
    rm -rf "$work"
}
trap stop_all EXIT

needs() {
    for program; do
        command -v "$program" >"$work/needed" || {
            echo "no $program"
            exit 77
        }
    done
}

# serve FUNCTION: it becomes a server at $port of 127.0.0.1, and writes $work/pid when it listens. A port that is taken is
# left to whoever has it.
serve() {
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
        port=$((10000 + ($$ * 10 + attempt) % 20000))
        "$1" >"$work/server" 2>&1 &
        server=$!
        started="$started $server"
        while kill -0 $server 2>"$work/killed"; do
            [ ! -s "$work/pid" ] || return 0
            sleep 0.05
        done
    done
    cat "$work/server"
    fail "no server"
}
