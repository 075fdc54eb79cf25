#!/bin/bash
# bench/run.sh [--quick] [WORKLOAD]...: what bide costs beside its peers, in every workload or in those named.
#
# Each program bench/WORKLOAD/IMPLEMENTATION.* is built, and run $ROUNDS (5) times with $WORKERS (2) workers, all of a workload
# by turns, with the sizes in workloads.txt or with $SIZES. results.csv in build/bench has every figure, results.md the tables,
# WORKLOAD.svg the bars. A peer whose packages cannot be had is left out. --quick: small sizes, once, only what compiles in
# seconds, and all into build/bench/quick: it tells whether the programs work.
set -u
cd "$(dirname "$0")/.." || exit

rounds=${ROUNDS:-5} workers=${WORKERS:-2} out=build/bench results=build/bench quick='' status=0
if [ "${1-}" = --quick ]; then
    shift
    rounds=1 results=$out/quick quick=yes
fi

packages()
{
    case $1 in
    apr) echo gcc libapr1-dev libaprutil1-dev pkg-config ;;
    asio) echo g++ libboost-dev ;;
    glib) echo gcc libglib2.0-dev pkg-config ;;
    go) echo golang-go ;;
    java) echo default-jdk-headless ;;
    libuv) echo gcc libuv1-dev pkg-config ;;
    bide_clang) echo clang ;;
    openmp_clang) echo clang libomp-dev ;;
    rayon | tokio) echo cargo librust-libc-dev librust-rayon-dev librust-tokio-dev ;; # one manifest
    tbb) echo g++ libtbb-dev pkg-config ;;
    esac
}

say()
{
    echo "bench/run.sh: $1" >&2
}

fail()
{
    say "$1"
    status=1
}

# list [WORKLOAD]...: lines `workload implementation extension` of what is there.
list()
{
    local path workload implementation
    for path in bench/*/*.{c,cpp,go,java,py,rs}; do
        [ -e "$path" ] || continue
        workload=$(basename "${path%/*}") implementation=$(basename "${path%.*}")
        [[ $# = 0 || " $* " = *" $workload "* ]] || continue
        [[ $quick && $path = *.@(go|java|rs) ]] && continue
        echo "$workload $implementation ${path##*.}"
        [[ $implementation = openmp && ! $quick ]] && echo "$workload openmp_clang ${path##*.}"
        # What a compiler makes of the work is another matter than the pool.
        [[ $implementation = bide && $workload = @(loop|matmul|nqueens) && ! $quick ]] && echo "$workload bide_clang ${path##*.}"
    done
}

# One call for all is quicker; where it fails, one for each tells which cannot be had.
install()
{
    local implementation all
    all=$(for implementation in "$@"; do packages "$implementation"; done)
    # shellcheck disable=SC2046,SC2086
    sh ci/install-deps.sh cmake g++ gcc libc6-dev make python3 $all >/dev/null 2>&1 && return
    sh ci/install-deps.sh cmake g++ gcc libc6-dev make python3 || exit
    for implementation in "$@"; do
        # shellcheck disable=SC2046
        sh ci/install-deps.sh $(packages "$implementation") >/dev/null 2>&1 && continue
        say "$implementation is left out: its packages cannot be had"
        programs=$(grep -v " $implementation " <<<"$programs")
    done
}

build()
{
    sh ci/build.sh release -D BIDE_BUILD_TESTS=OFF -D BIDE_BUILD_EXAMPLES=OFF || exit
    # shellcheck disable=SC2046
    make -s -k -j "$(nproc)" -f bench/peers.mk $(awk -v out=$out '($2 !~ /^bide/ || $2 ~ /_clang$/) && $3 != "py" { print out "/" $1 "/" $2 }' \
        <<<"$programs") >&2 || fail 'not everything could be built'
}

# command_of WORKLOAD IMPLEMENTATION EXTENSION
command_of()
{
    case $2.$3 in
    *_clang.*) echo "$out/$1/$2" ;;
    bide*) echo "build/release/bench/$1/$2" ;;
    *.py) echo "python3 -I bench/$1/$2.py" ;; # -I: asyncio.py must not be found as asyncio
    *.java) echo "java -cp $out/$1/$2.classes Main" ;;
    *) echo "$out/$1/$2" ;;
    esac
}

# measure NAME ROUND COMMAND...: lines name,round,metric,figure.
measure()
{
    local head=$1,$2 figures
    shift 2
    if ! figures=$(timeout 600 "$@" </dev/null); then
        say "$head failed"
        return 1
    fi
    echo "$head: ${figures//$'\n'/, }" >&2
    awk -v head="$head" '{ print head "," $1 "," $2 }' <<<"$figures"
}

# measure_all NAME WORKLOAD [SIZE]: in turn; with --quick, which asks only whether they work, all at once.
measure_all()
{
    local name=$1 workload=$2 round implementation extension each started=()
    for round in $(seq "$rounds"); do
        while read -r _ implementation extension; do
            # shellcheck disable=SC2046,SC2086
            measure "$name,$implementation" "$round" $(command_of "$workload" "$implementation" "$extension") "$workers" ${3-} &
            started+=($!)
            [ $quick ] || wait $! || status=1
        done < <(grep "^$workload " <<<"$programs")
    done
    for each in ${quick:+"${started[@]}"}; do
        wait "$each" || status=1
    done
}

# sizes WORKLOAD: a line for each; an empty one where each program has its own.
sizes()
{
    awk -F ' *[|] *' -v workload="$1" -v column="${quick:+2}" -v given="${SIZES-}" '
        $1 == workload { n = split(given ? given : $(column ? column : 3), size, " ") }
        END { for (i = 1; i <= (n ? n : 1); i++) print size[i] }' bench/workloads.txt
}

programs=$(list "$@")
[ -n "$programs" ] || { say "no such workload: $*"; exit 2; }
# shellcheck disable=SC2046
install $(cut -d ' ' -f 2 <<<"$programs" | sort -u)
build
mkdir -p $results
rm -f $results/*.{csv,md,svg}
echo workload,implementation,round,metric,figure >$results/results.csv
while read -r workload _; do
    mapfile -t each_size < <(sizes "$workload")
    for size in "${each_size[@]}"; do
        name=$workload
        [ ${#each_size[@]} = 1 ] || name+=-$size
        measure_all "$name" "$workload" "$size" >>$results/results.csv
    done
done <bench/workloads.txt
python3 -I bench/report.py $results "On $(nproc) processors, $workers workers or threads, $rounds rounds."
exit $status
