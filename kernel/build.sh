#!/usr/bin/env bash
# This folder: kernels built and installed on the machine that this runs on. Not here: anything that calls AWS or the cockpit.
# Builds a patched kernel on the machine that it runs on. No options.
#
#   kernel/build.sh                                                              the guest, a Firecracker microVM's image
#   KERNEL_VERSION=6.18.3 BUILD_DIR=/tmp/kernel-build-host kernel/build.sh       the host (a BUILD_DIR that ends in -host)
#
# The image ends up in ~/.local/state/snowglobe-kernel/artefacts, named by version and by a hash of everything that went into it
# (vmlinux-6.18.3-HASH.bin; for the host vmlinuz-6.18.3-nested-dsb-HASH), beside NAME.inputs, which lists that, one a line:
# `kind`, `version`, `arch`, `compiler`, `configuration SHA256 NAME`, `patch SHA256 NAME`. Nothing changed: nothing is done.
# Needs only this folder on Ubuntu 24.04 or Debian; installs what it lacks by sudo. What it prints: the head of job.sh.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail
shopt -s inherit_errexit
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib/common.sh
source "$here/lib/common.sh"
# shellcheck source=lib/trial.sh
source "$here/lib/trial.sh"
# shellcheck source=lib/source.sh
source "$here/lib/source.sh"
# shellcheck source=lib/patches.sh
source "$here/lib/patches.sh"
# shellcheck source=lib/configure.sh
source "$here/lib/configure.sh"
# shellcheck source=lib/check.sh
source "$here/lib/check.sh"
# shellcheck source=lib/prove.sh
source "$here/lib/prove.sh"

version=${KERNEL_VERSION:-6.18.3}
build=${BUILD_DIR:-$root/tmp/kernel-build-guest}
# A slash at the end is the same directory, and so is a path from here.
build=${build%"${build##*[!/]}"}
[[ $build == /* ]] || build=$PWD/$build
kind=guest
[[ $build != *-host ]] || kind=host
# The kinds have trees of their own: mmfr4-override.patch changes a header that nearly every object includes.
tree=$build/linux-$version
artefacts=$state/artefacts

if [ "$kind" = guest ]; then
  stem=vmlinux-$version ending=.bin image=vmlinux targets=(vmlinux)
  [ "$arch" = x86 ] || image=arch/arm64/boot/Image targets=(Image)
else
  stem=vmlinuz-$version$suffix ending="" image=arch/x86/boot/bzImage targets=(bzImage modules)
  [ "$arch" = x86 ] || image=arch/arm64/boot/Image targets=(Image modules)
fi

compiler=(gcc)
# choose_compiler: ccache where it is, which `check` has seen to. Chosen before that, a machine's first build would be plain gcc's
# and its second everything anew: kbuild compares command lines.
choose_compiler() {
  command -v ccache >/dev/null || return 0
  # Depend mode costs 6 % on a cold cache, the default 70 %.
  compiler=(ccache gcc)
  export CCACHE_DEPEND=1
}

# kbuild TARGET…: make in the tree. A constant time, user and host, or every object that holds them would be another each time.
kbuild() {
  KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 2026' KBUILD_BUILD_USER=snowglobe KBUILD_BUILD_HOST=snowglobe \
    make -C "$tree" --no-print-directory ARCH="$make_arch" CC="${compiler[*]}" "$@"
}

# list_inputs: everything that decides what comes out.
list_inputs() {
  local base
  echo "kind $kind"
  echo "version $version"
  echo "arch $arch"
  echo "compiler $(gcc --version | sed -n 1p)"
  base=""
  [ "$kind" = guest ] || base=$(base_configuration)
  { [ -z "$base" ] || echo "$base"; fragments; } | xargs -d '\n' sha256sum -- | sed -E 's, .*/, ,; s,^,configuration ,'
  wanted_patches "$version" | xargs -r -d '\n' sha256sum -- | sed -E 's, .*/, ,; s,^,patch ,'
}

# How many CC lines to expect: as many as the last build of this configuration has objects made from C. First time: a seed.
# A guest's was measured (arm64; 1,850 on x86); a host's is a distribution's configuration, ten times that.
expected_lines() {
  local seed=2530
  [ "$arch" = arm64 ] || seed=1850
  [ "$kind" = guest ] || seed=25000
  cat "$build/.total-$(sha256sum <"$tree/.config" | cut -c 1-12)" 2>/dev/null || echo "$seed"
}

remember_lines() {
  find "$tree" \( -path "$tree/scripts" -o -path "$tree/tools" -o -path "$tree/.snowglobe" \) -prune -o -name '.*.o.cmd' -print0 |
    xargs -0r grep -lE '^source_.*\.c$' | wc -l | put "$build/.total-$(sha256sum <"$tree/.config" | cut -c 1-12)"
}

oom_kills() { awk '$1 == "oom_kill" { print $2 }' "$root/proc/vmstat" 2>/dev/null || true; }

compile() {
  local kills watcher total code=0
  total=$(expected_lines)
  echo "==> total $total"
  [ -z "${SNOWGLOBE_JOB:-}" ] || put "$SNOWGLOBE_JOB/total" <<<"$total"
  phase compile
  kills=$(oom_kills)
  # Beside the stream, not in it: the first line of the serial end is the beginning of linking.
  exec 8> >(
    exec 9>&-
    if grep -m 1 -qE '^  LD +(vmlinux\.o|\.tmp_vmlinux1|vmlinux)$'; then phase link; fi
    cat >/dev/null
  )
  watcher=$!
  kbuild -j"$(nproc)" "${targets[@]}" 2>&1 8>&- | tee /dev/fd/8 8>&8 || code=$?
  exec 8>&-
  wait "$watcher" || true
  [ "$code" != 0 ] || return 0
  [ "$(oom_kills)" = "$kills" ] || fail "Memory ran out and the system killed a process of the build. Stop what else runs here, then build again: it goes on where it was."
  fail_if_full "$build" "$state"
  fail "make ended with an error: its first lines with \"error:\" say where. Mend it, then build again: it goes on where it was."
}

unchanged() {
  echo "==> unchanged"
  [ -z "${SNOWGLOBE_JOB:-}" ] || : >"$SNOWGLOBE_JOB/unchanged"
}

main() {
  local hash
  [ -n "${SNOWGLOBE_JOB:-}" ] || take_lock || fail "A kernel is being built on this machine already. kernel/job.sh status shows it."
  check
  choose_compiler
  inputs=$(list_inputs)
  hash=$(sha256sum <<<"$inputs" | cut -c 1-12)
  artefact=$artefacts/$stem-$hash$ending
  echo "==> inputs $hash version $version"
  [ -z "${SNOWGLOBE_JOB:-}" ] || put "$SNOWGLOBE_JOB/hash" <<<"$hash"
  # A host's modules are installed from its tree, which must then be the one that the image came from.
  # Where it is installed already, a reboot may have emptied /tmp, and even its image may have been pruned.
  if [ "$kind" = host ] && [ "$(standing "$hash")" != none ]; then
    if [ -s "$artefact" ]; then touch "$artefact"; else artefact=$boot/vmlinuz-$version$suffix; fi
    unchanged
  elif [ -s "$artefact" ] && { [ "$kind" = guest ] || [ "$(cat "$build/.built" 2>/dev/null)" = "$hash" ]; }; then
    touch "$artefact"
    unchanged
  else
    check_room
    rm -f "$build/.built"
    mkdir -p "$build"
    fetch "$version"
    unpack "$version" "$tree"
    apply_patches "$version"
    configure
    compile
    prove
    keep_artefact
    remember_lines
    put "$build/.built" <<<"$hash"
  fi
  [ -z "${SNOWGLOBE_JOB:-}" ] || put "$SNOWGLOBE_JOB/artefact" <<<"$artefact"
  echo "==> artefact $artefact"
  # A host's job goes on with its installation.
  if [ "$kind" = guest ] || [ -z "${SNOWGLOBE_JOB:-}" ]; then phase "done"; fi
}

trap say_end EXIT
main
