#!/bin/bash
# bench/waiting.sh [--quick] [N]...: what waiting costs, in bide and elsewhere, as Markdown tables. N are numbers of tasks,
# $ROUNDS (5) is how often each is measured; all programs take turns. The raw figures stay in build/bench.
set -eu
cd "$(dirname "$0")/.."

rounds=${ROUNDS:-5} max_delay=1 sleepers=10000 spread=5 parked='10000 1000000' watched=5
if [ "${1-}" = --quick ]; then
    shift
    rounds=1 max_delay=0.2 sleepers=1000 spread=0.3 parked=1000 watched=0.3
    [ $# -gt 0 ] || set -- 1000 10000
fi
[ $# -gt 0 ] || set -- 1000 10000 100000 1000000

bench=build/release/bench
out=build/bench

build()
{
    sh ci/install-deps.sh cmake g++ gcc golang-go libboost-dev libc6-dev make python3
    sh ci/build.sh release -D BIDE_BUILD_TESTS=OFF -D BIDE_BUILD_EXAMPLES=OFF
    mkdir -p $out
    if [ bench/peers/sleepers.cpp -nt $out/asio ]; then
        g++ -std=c++17 -O2 -pthread bench/peers/sleepers.cpp -o $out/asio
    fi
    GOCACHE=$PWD/$out/go-cache GOPROXY=off go build -o $out/go bench/peers/sleepers.go
}

# run COMMAND...: what it prints, comma-separated; and as it is, for who waits.
run()
{
    local lines
    lines=$(timeout 600 "$@")
    echo "$lines" >&2
    echo "${lines// /,}"
}

# More than a million stacks, of whatever kind, is more memory than most machines have.
sleep_everywhere()
{
    run $bench/bench_waits task_wait_n "$1" 2 $max_delay
    run $bench/bench_sleepers scheduled "$1" 2 $max_delay
    run $out/asio "$1" $max_delay
    [ "$1" -le 1000000 ] || return 0
    run $bench/bench_waits wait_n "$1" 2 $max_delay
    run $bench/bench_sleepers stack "$1" 2 $max_delay
    run $out/go "$1" $max_delay
    run python3 bench/peers/sleepers.py "$1" $max_delay
}

measure_sleepers()
{
    echo what,n,over_ms,cpu_s,peak_mb,delay_inversions,end_inversions
    for _ in $(seq "$rounds"); do
        for n in "$@"; do
            sleep_everywhere "$n"
        done
    done
}

measure_lateness()
{
    echo what,n,median_us,p99_us,worst_us
    run $bench/bench_lateness $sleepers $spread
}

measure_idle()
{
    echo what,n,peak_mb,cpu_ms,switches,cancel_ms
    for n in $parked; do
        run $bench/bench_idle stack "$n" $watched
        run $bench/bench_idle scheduled "$n" $watched
    done
}

# table NAME HEADINGS
table()
{
    echo
    awk -v headings="$2" -f bench/table.awk $out/"$1".csv
}

build
measure_sleepers "$@" >$out/sleepers.csv
measure_lateness >$out/lateness.csv
measure_idle >$out/idle.csv

echo "On $(nproc) processors, 2 workers or threads (asyncio: 1). Rounds: $rounds."
echo
echo "Tasks that wait 0 to $max_delay s at random: the time beyond the longest delay; neighbours, in the order in which the ends"
echo "were collected, whose delays stand in the other order; and those who were to end in the other order:"
table sleepers 'over, ms | CPU, s | peak, MB | delays swapped | ends swapped'
echo
echo "How late sleepers wake, at random times within $spread s:"
table lateness 'median, µs | 99th percentile, µs | worst, µs'
echo
echo "Tasks that wait for an hour, watched for $watched s (one switch is the watcher's), then cancelled:"
table idle 'peak, MB | CPU, ms | switches | cancelling all, ms'
