#!/bin/sh
# Install what the wider tests need: `sh tests/engines.sh PACKAGE...` (Debian names).
#
# A laptop without them still tests the embedded whole, so this says what is missing and
# goes on; PONTE_TEST_ENGINES=required makes the same absence a failure.
set -u

missing=""
for package in "$@"; do
    # dpkg knows installed packages; elsewhere a program of that name is as good.
    if ! dpkg -s "$package" >/dev/null 2>&1 && ! command -v "$package" >/dev/null 2>&1; then
        missing="$missing $package"
    fi
done
[ -z "$missing" ] && { echo "engines: all there ($*)"; exit 0; }

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "engines: installing$missing"
    # shellcheck disable=SC2086  # a list of package names
    apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing \
            >/dev/null && {
        # The tests start servers of their own; Debian's would only stand there.
        case "$missing" in *postgresql*) pg_lsclusters -h | while read -r version name _; do
            pg_ctlcluster "$version" "$name" stop || true; done ;; esac
        echo "engines: all there ($*)"; exit 0; }
    echo "engines: apt-get could not install$missing"
else
    echo "engines: absent:$missing"
    echo "engines: to install them: sudo apt-get install$missing"
fi
echo "engines: the tests that need them are skipped until then"
[ "${PONTE_TEST_ENGINES:-}" != required ]
