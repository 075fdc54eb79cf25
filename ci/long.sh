#!/bin/bash
# ci/long.sh: the stress programs, long and with fresh seeds, optimised and under ThreadSanitizer: some ten minutes.
set -eu
cd "$(dirname "$0")/.."

sh ci/install-deps.sh cmake gcc libc6-dev libcmocka-dev make
for preset in release tsan-gcc; do
    echo "--- $preset"
    sh ci/build.sh $preset -D BIDE_TEST_TIMEOUT_FACTOR=5
    BIDE_TEST_SCALE=10 ctest --preset $preset -L stress -j 2
done
