#!/bin/bash
# make test-kernel: the patches' mechanics on a real tree, a real x86 guest kernel from our base configuration booted in QEMU, and
# the arm64 objects that the patches touch, cross-compiled. Takes about half an hour on 2 cores. On Debian's newest linux-source
# package, which is no 6.18: what that kernel does not know is left out by name, and said.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail
shopt -s inherit_errexit
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=/tmp/snowglobe-test-kernel
mkdir -p "$work"

missing=()
for pair in qemu-system-x86_64:qemu-system-x86 aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu flex:flex bison:bison bc:bc cpio:cpio; do
  command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
done
[ -e /usr/include/libelf.h ] || missing+=(libelf-dev)
[ -e /usr/include/openssl/ssl.h ] || missing+=(libssl-dev)
compgen -G '/usr/src/linux-source-*.tar.xz' >/dev/null || missing+=(linux-source)
if [ ${#missing[@]} -gt 0 ]; then
  echo "Installing ${missing[*]}."
  sudo=""
  [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi
# shellcheck disable=SC2012 # Debian's names have no spaces
tarball=$(ls -v /usr/src/linux-source-*.tar.xz | tail -n 1)
if [ ! -d "$work/pristine" ]; then
  rm -rf "$work/unpacking"
  mkdir "$work/unpacking"
  tar -xJf "$tarball" -C "$work/unpacking" --strip-components=1
  mv "$work/unpacking" "$work/pristine"
fi
KERNEL_VERSION=$(make -s -C "$work/pristine" kernelversion)
export KERNEL_VERSION HOME=$work/home BUILD_DIR=$work/guest
mkdir -p "$HOME" "$BUILD_DIR"
echo "Source: $(basename "$tarball"), Linux $KERNEL_VERSION."
# shellcheck source=../../kernel/build.sh
source "$repository/kernel/build.sh"

check_that() {
  if "${@:2}"; then echo "ok: $1"; else echo "NOT OK: $1"; exit 1; fi
}

echo "-- The patches on a real tree"
rm -rf "$work/trial"
mkdir "$work/trial"
# shellcheck disable=SC2046 # names without spaces
(cd "$work/pristine" && cp -p --parents $(touched "$repository"/kernel/patches/*.patch) "$work/trial")
tree=$work/trial
applied=() refused=()
for patch in "$repository"/kernel/patches/*.patch; do
  before=$(find "$work/trial" -type f -exec sha256sum {} +)
  if said=$(apply_one "$work/trial" "$patch"); then
    applied+=("$patch")
    again=$(apply_one "$work/trial" "$patch")
    check_that "$(basename "$patch") applied twice is applied once: $again" grep -q 'in this source already' <<<"$again"
  else
    refused+=("$patch")
    check_that "refused, and nothing changed: ${said#==> failed }" [ "$before" = "$(find "$work/trial" -type f -exec sha256sum {} +)" ]
  fi
done
check_that "no file holds a barrier that its patch was refused" \
  [ "$(grep -c 'dsb(sy);' "$work/trial/arch/arm64/kvm/nested.c")" = "$(printf '%s\n' "${applied[@]}" | grep -c cache-sync || true)" ]

echo "-- The arm64 objects that the patches touch"
rm -rf "$work/arm"
cp -a "$work/pristine" "$work/arm"
for patch in "${applied[@]}"; do patch -d "$work/arm" -p1 -F0 --silent <"$patch"; done
# With fuzz, which build.sh never allows: only to see the patch's code compiled, and what the proof finds in it.
for patch in "${refused[@]}"; do
  if patch -d "$work/arm" -p1 -f --dry-run --silent <"$patch" >/dev/null; then
    patch -d "$work/arm" -p1 -f --silent --no-backup-if-mismatch <"$patch" >/dev/null
    applied+=("$patch")
    echo "Compiled with fuzz: $(basename "$patch")."
  fi
done
# ours ARCH TREE CROSS: our guest configuration in the tree; fails where an option that this kernel knows is lost.
ours() {
  local asked=$2/.asked one lost=()
  cat "$repository/kernel/config/guest.config" "$repository/kernel/config/guest-$1.config" >"$asked"
  make -s -C "$2" ARCH="${3}" CROSS_COMPILE="$4" KCONFIG_ALLCONFIG="$asked" allnoconfig
  make -s -C "$2" ARCH="${3}" CROSS_COMPILE="$4" olddefconfig
  while read -r one; do
    if grep -rqE --include='Kconfig*' "^(menu)?config $one\$" "$2"; then lost+=("$one"); else echo "Linux $KERNEL_VERSION does not know $one."; fi
  done < <(lost_options "$asked" "$2/.config")
  check_that "nothing that Linux $KERNEL_VERSION knows is lost from guest-$1.config ${lost[*]}" [ ${#lost[@]} = 0 ]
}
ours arm64 "$work/arm" arm64 aarch64-linux-gnu-
objects=(arch/arm64/kvm/nested.o net/vmw_vsock/virtio_transport.o arch/arm64/kernel/cpufeature.o arch/arm64/kernel/pi/idreg-override.o)
make -C "$work/arm" -j"$(nproc)" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- "${objects[@]}" | grep -E "$(IFS='|'; echo "${objects[*]}")"
lacks_barrier() { ! has_barrier "$@"; }
objdump() { aarch64-linux-gnu-objdump "$@"; }
for pair in cache-sync:arch/arm64/kvm/nested.o:kvm_nested_sync_hwstate rx-barrier:net/vmw_vsock/virtio_transport.o:virtio_transport_rx_work; do
  IFS=: read -r name object function <<<"$pair"
  if printf '%s\n' "${applied[@]}" | grep -q "$name"; then
    check_that "$function has its dsb sy" has_barrier "$work/arm/$object" "$function"
  else
    check_that "$function, unpatched, is found to have none" lacks_barrier "$work/arm/$object" "$function"
  fi
done
if printf '%s\n' "${applied[@]}" | grep -q mmfr4; then
  check_that "arm64.nv2 is an alias" has_string "$work/arm/arch/arm64/kernel/pi/idreg-override.o" arm64.nv2
fi

echo "-- An x86 guest kernel, booted"
[ "$(uname -m)" = x86_64 ] || { echo "This machine is no x86: no boot."; exit 0; }
tree=$BUILD_DIR/linux-$version
[ -d "$tree" ] || cp -a "$work/pristine" "$tree"
ours x86 "$tree" x86_64 ""
mkdir -p "$tree/.snowglobe"
seconds=$SECONDS
compile >"$work/build.log" || { tail -n 40 "$work/build.log"; exit 1; }
grep -E '^==> ' "$work/build.log"
echo "Built in $((SECONDS - seconds)) s: $(grep -c '^  CC ' "$work/build.log") CC lines this time, $(stat -c %s "$tree/vmlinux") bytes."
remember_lines
echo "Objects from C: $(cat "$build"/.total-*)"
cat >"$work/init.c" <<'PROGRAM'
#include <stdio.h>
#include <sys/reboot.h>
#include <sys/utsname.h>
#include <termios.h>
#include <unistd.h>
int main(void) {
  struct utsname name;
  uname(&name);
  printf("uname -r: %s\n", name.release);
  fflush(stdout);
  tcdrain(1);
  reboot(RB_AUTOBOOT);
}
PROGRAM
mkdir -p "$work/initramfs"
gcc -static -O1 -o "$work/initramfs/init" "$work/init.c"
mkdir -p "$work/initramfs/dev"
(cd "$work/initramfs" && find . | cpio --quiet -o -H newc | gzip) >"$work/initramfs.gz"
# Like Firecracker a PVH start of the uncompressed image, with a timer and a 16550; no BIOS, no boot loader.
timeout 180 qemu-system-x86_64 -M pc -cpu max -m 512 -nographic -no-reboot -nodefaults -serial stdio \
  -kernel "$tree/vmlinux" -initrd "$work/initramfs.gz" -append "console=ttyS0 reboot=t panic=-1" </dev/null >"$work/boot.log" 2>&1 || true
grep -aE 'Linux version|virtio|uname -r' "$work/boot.log" | head -n 5 || true
check_that "the guest kernel boots and prints its release" grep -aq "uname -r: $(<"$tree/include/config/kernel.release")" "$work/boot.log"
