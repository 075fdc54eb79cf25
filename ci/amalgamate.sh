#!/bin/sh
# ci/amalgamate.sh OUTDIR: all of bide as one bide.h and one bide.c, to drop into a project.
# Compile bide.c as C11 or later with gcc or clang, and link with -pthread.
set -eu
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."

# Each file is printed once, where it is first included. Prototypes in internal headers become static, and so the functions
# do: bide.c leaves nothing but bide_* for others to see.
awk -v out="$out" '
function ours(line) {
    return line ~ /^#include (<bide\/|"[a-z]+\/)/
}
function path(line) {
    gsub(/^#include [<"]|[>"].*$/, "", line)
    return (line ~ /^bide\// ? "include/" : "src/") line
}
function is_prototype(line) {
    return line ~ /^[a-z][a-z0-9_ *]*[ *][a-z0-9_]+\(/ && line !~ /^(static|extern|typedef) /
}
function put(file, into, line) {
    if (seen[file]++)
        return
    while ((getline line < file) > 0)
        if (ours(line))
            put(path(line), into)
        else
            print (file ~ /^src\/.*\.h$/ && is_prototype(line) ? "static " : "") line > into
    close(file)
}
BEGIN {
    put("include/bide/bide.h", out "/bide.h")
    print "#ifndef _GNU_SOURCE\n#define _GNU_SOURCE\n#endif\n#include \"bide.h\"\n" > (out "/bide.c")
    for (i = 1; i < ARGC; i++)
        put(ARGV[i], out "/bide.c")
}' src/base/*.c src/wait/*.c src/sync/*.c src/run/*.c src/join/*.c src/waits/*.c
