#!/bin/sh
# ci/test.sh: every test, optimised, with assertions, and on the shared library.
set -eu
cd "$(dirname "$0")/.."

sh ci/install-deps.sh cmake g++ gcc gdb libc6-dev libcmocka-dev make pkg-config \
    libcurl4-openssl-dev libhiredis-dev libmodbus-dev nginx-light redis-server
status=0
for preset in release debug shared; do
    echo "--- $preset"
    sh ci/build.sh $preset && ctest --preset $preset -j 2 || status=1
done
echo "--- bench"
bash bench/run.sh --quick || status=1
exit $status
