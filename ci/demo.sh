#!/bin/sh
# ci/demo.sh: from a fresh clone to ten random waits, in the order in which they finish.
set -eu
cd "$(dirname "$0")/.."

sh ci/install-deps.sh cmake gcc libc6-dev make
sh ci/build.sh release -D BIDE_BUILD_TESTS=OFF -D BIDE_BUILD_BENCH=OFF
build/release/examples/wait_n 10 1
