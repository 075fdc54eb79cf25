#!/bin/sh
# size.sh LIBRARY KIB: its text, with all that is read-only, is smaller than that.
set -eu
library=$1 limit=$2

text=$(size -t "$library" | awk 'END { print $1 }')
echo "$text bytes"
[ "$text" -lt $((limit * 1024)) ]
