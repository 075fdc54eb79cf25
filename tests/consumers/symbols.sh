#!/bin/sh
# symbols.sh LIBRARY: it defines no name that could clash with a user's: all begin with bide_. It has nothing called at exit.
set -eu
library=$1

case $library in
*.a) names=$(nm --defined-only --extern-only "$library" | awk 'NF == 3 { print $3 }') ;;
*) names=$(nm --defined-only --dynamic "$library" | awk 'NF == 3 { print $3 }') ;;
esac
if ! echo "$names" | grep -q '^bide_submit$'; then
    echo "$library does not define bide_submit" >&2
    exit 1
fi
left=$(echo "$names" | grep -v '^bide_' || true)
case $library in
*.a)
    left="$left$(nm --undefined-only "$library" | grep -wE 'atexit|__cxa_atexit|at_quick_exit|on_exit' || true)"
    left="$left$(objdump -h "$library" | grep -E '\.(init|fini)_array|\.[cd]tors' || true)"
    ;;
esac
echo "$left"
[ -z "$left" ]
