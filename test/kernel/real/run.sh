#!/bin/bash
# This folder: make test-kernel, which builds, boots and nests the real kernels. Not here: what make test runs.
# Each part named (guest, nested, x86, install) builds, boots and looks; the last lines say what was seen.
# Needs root, debootstrap and Debian's packages; the head of each part says what it does.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail
shopt -s inherit_errexit
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
exec 9>"$work/lock"
flock -n 9 || stop "make test-kernel runs already."
: >"$work/said"
make_root
for one in "$@"; do
  began=$SECONDS
  # A part that ends early is one that failed; the others are run all the same.
  code=0
  (
    set -euo pipefail
    # shellcheck disable=SC1090 # one of the files beside this
    source "$here/part-$one.sh"
    [ "$wrong" = 0 ]
  ) || code=$?
  if [ "$code" = 0 ]; then say "PASSED  $one in $((SECONDS - began)) s"; else say "FAILED  $one after $((SECONDS - began)) s"; fi
done
echo "-- What was built, booted and seen; the logs are in $logs"
cat "$work/said"
[ "$(grep -c '^FAILED' "$work/said")" = 0 ]
