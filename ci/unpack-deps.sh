#!/bin/sh
# ci/unpack-deps.sh ARCHITECTURE DIRECTORY PACKAGE...: Debian's packages of another architecture, unpacked there. What is
# installed on the machine stays as it is, and so does what it knows of packages.
set -eu
architecture=$1 directory=$2
shift 2
[ ! -d "$directory" ] || exit 0

work=$directory.work
rm -rf "$work"
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/root"
cd "$work"
get()
{
    apt-get -qq -o APT::Architecture="$architecture" -o APT::Architectures::="$architecture" -o APT::Sandbox::User="$(id -un)" \
        -o Dir::State::Lists="$PWD/lists" -o Dir::Cache="$PWD/cache" "$@"
}
get update
get download "$@"
for package in *.deb; do
    dpkg-deb -x "$package" root
done
cd - >/dev/null
mv "$work/root" "$directory"
rm -rf "$work"
