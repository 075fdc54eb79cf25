#!/bin/sh
# install.sh BUILD PREFIX: install into a staging directory under one name, then move it to another, so that every test
# of the installed library also proves that it may be moved.
set -eu
build=$1 prefix=$2

stage=$prefix.stage
rm -rf "$stage" "$prefix"
DESTDIR=$stage cmake --install "$build" --prefix /opt/bide
mv "$stage/opt/bide" "$prefix"
