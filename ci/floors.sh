#!/bin/sh
# ci/floors.sh [ROOT]: an #include goes down a floor or stays in its folder. join and run know nothing of each other but the
# public header; public headers know no internal one; examples know bide.h and their own folder, and benchmarks each
# other.
set -eu
cd "${1:-$(dirname "$0")/..}"

find include src examples bench -name '*.[ch]' -exec grep -Hn '^[[:space:]]*#[[:space:]]*include' {} + | awk '
BEGIN {
    split("base wait sync run join waits", floors)
    for (i in floors)
        height[floors[i]] = i + 0
}

function allowed(file, include, quoted,    from, to) {
    split(file, from, "/")
    split(include, to, "/")
    if (!quoted)
        return !(to[1] in height) && (from[1] ~ /^(include|src)$/ || to[1] != "bide" || include == "bide/bide.h")
    if (from[1] == "bench")
        return 1
    if (from[1] != "src")
        return from[1] != "include" && include !~ /\//
    if (from[2] == "join" && to[1] == "run")
        return 0
    return to[1] in height && height[to[1]] <= height[from[2]] && include !~ /\.\./
}

{
    file = $0
    sub(/:.*/, "", file)
    include = $0
    sub(/^[^<"]*[<"]/, "", include)
    sub(/[>"].*/, "", include)
    if (!allowed(file, include, /include[[:space:]]*"/)) {
        print $0 " <- breaks the floors"
        bad = 1
    }
}

END {
    exit bad
}'
