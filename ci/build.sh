#!/bin/sh
# ci/build.sh PRESET [OPTION]...: configure and build, warnings being errors.
set -eu
preset=$1
shift

cmake --preset "$preset" -D BIDE_WERROR=ON "$@" >/dev/null
cmake --build --preset "$preset" -j "$(nproc)" >/dev/null
