#!/bin/sh
# size.sh LIBRARY KIB: its text, with all that is read-only but for the dynamic linker's tables, is smaller than that.
set -eu
library=$1 limit=$2

text=$(size -A "$library" | awk '$1 ~ /^\.(text|rodata|eh_frame)(\.|$)/ { n += $2 } END { print n }')
echo "$text bytes"
[ "$text" -lt $((limit * 1024)) ]
