#!/bin/sh
# symbols.sh LIBRARY: it defines no name that could clash with a user's: all begin with bide_.
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
! echo "$names" | grep -v '^bide_'
