#!/bin/sh
# amalgamation.sh SCRIPT: one bide.h and bide.c compile without warnings, and work.
set -eu
script=$1

here=$(dirname "$0")
rm -rf amalgamation
sh "$script" amalgamation
cd amalgamation
for standard in c11 gnu11; do
    # shellcheck disable=SC2086
    $CC $CFLAGS -std=$standard -Wall -Wextra -Werror -c bide.c
done
sed 's|<bide/bide.h>|"bide.h"|' "$here/consumer.c" >consumer.c
# shellcheck disable=SC2086
$CC $CFLAGS -std=c11 -Wall -Wextra -Werror consumer.c bide.o -o consumer -pthread -lm
./consumer
