#!/bin/sh
# cmake.sh NAME [OPTION]...: configure, build and run the project of that name.
set -eu
name=$1
shift

source=$(dirname "$0")/$name
rm -rf "build-$name"
cmake -S "$source" -B "build-$name" "$@"
cmake --build "build-$name"
"build-$name/consumer"
