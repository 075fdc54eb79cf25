# What background_workers does with jobs in a stream of redis-server: each once, whatever becomes of those who took it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server.sh"
needs redis-server redis-cli

start_redis() {
    exec redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --dir "$work" --pidfile "$work/pid"
}
serve start_redis

redis() {
    redis-cli -p "$port" "$@"
}

# add FIRST LAST SECONDS: jobs with these numbers for names.
add() {
    redis eval "for i = ARGV[1], ARGV[2] do redis.call('XADD', 'jobs', '*', 'name', i, 'seconds', ARGV[3]) end" \
        0 "$1" "$2" "$3" >"$work/added"
}

# until_done N: so many at least.
until_done() {
    while [ "$(redis llen 'done')" -lt "$1" ]; do
        kill -0 "$workers" 2>"$work/killed" || fail "it ended"
        sleep 0.05
    done
}

# each_done_once N: the jobs from 1 to N.
each_done_once() {
    redis lrange 'done' 0 -1 | sort -n >"$work/done"
    awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++) print i }' >"$work/expected"
    same "$work/done" "$work/expected" "not each job once"
    [ "$(redis xlen jobs)" -eq 0 ] || fail "jobs are left"
}

# start COMMAND…: in the background, as $workers.
patience=60
start() {
    : >"$work/out"
    "$@" --consumers 4 --patience $patience --stale 1 --beat 0.2 "$port" >"$work/out" 2>"$work/errors" &
    workers=$!
    started="$started $workers"
}

# add_more: twice as many as the last time.
jobs=0 more=30
add_more() {
    more=$((2 * more))
    add $((jobs + 1)) $((jobs + more)) 0.05
    jobs=$((jobs + more))
}

# How many were begun and not done.
pending() {
    redis xpending jobs consumers - + 100 | grep -c -e - || :
}

# ends_with N: it has ended, with that status.
ends_with() {
    status=0
    wait "$workers" || status=$?
    without_valgrind
    [ "$status" -eq "$1" ] || fail "status $status instead of $1"
}

# Not before it has news of its health: then it knows the signal.
stop() {
    until grep -q '^healthy: [0-9]* to do, reply after [0-9.]* ms$' "$work/out"; do
        kill -0 "$workers" 2>"$work/killed" || fail "no news of its health"
        sleep 0.05
    done
    kill -TERM "$workers"
    ends_with 0
    [ ! -s "$work/err" ] || fail "errors"
    grep -q '^stopped, [0-9]* jobs done$' "$work/out" || fail "it does not say that it stopped"
}

# The first job is taken by one that will never be heard of again.
redis xgroup create jobs consumers 0 mkstream >"$work/added"
add_more
redis xreadgroup group consumers dead count 1 streams jobs '>' >"$work/added"

# Asked to stop in the midst of it: what was taken is done, and the rest left. Is none left, it was too late for that.
while :; do
    start "$@"
    until_done $((jobs - more + 10))
    stop
    [ $(($(redis xlen jobs) + $(redis llen 'done'))) -eq $jobs ] || fail "some are lost"
    begun=$(pending)
    [ "$begun" -le 1 ] || fail "$begun were begun and not done"
    [ "$(redis xlen jobs)" -eq "$begun" ] || break
    add_more
done

# The next does the rest, and what comes later.
start "$@"
until_done $jobs
add $((jobs + 1)) $((jobs + 10)) 0
jobs=$((jobs + 10))
until_done $jobs
stop
each_done_once $jobs

# Killed in the midst of it: others take over what was begun. Was all done, it was too late for that.
more=10
while :; do
    add_more
    start "$@"
    until_done $((jobs - more + 5))
    kill -KILL "$workers"
    ends_with 137
    [ "$(pending)" -eq 0 ] || break
done
start "$@"
until_done $jobs
stop
each_done_once $jobs

# Redis does not reply, and then is gone.
patience=0.5
start "$@"
while [ ! -s "$work/out" ]; do sleep 0.05; done
kill -STOP "$server"
ends_with 1
complains 1 background_workers
grep -q 'timed out' "$work/err" || fail "another error"
kill -KILL "$server"
wait "$server" || :
start "$@"
ends_with 1
complains 1 background_workers
grep -q 'refused' "$work/err" || fail "another error"
