# shellcheck shell=bash
# What the parts share: a Debian root of their own, the source, and the lines that are printed last. Sourced; set -euo pipefail is on.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
here=$repository/test/kernel/real
# All that is built stays here for the next run, and a build that was interrupted goes on: in the owner's cache, where nobody else writes.
work=${XDG_CACHE_HOME:-$HOME/.cache}/snowglobe-test-kernel
root=$work/root
logs=$work/logs
version=6.18.3
mkdir -p "$work/source" "$logs"

# say LINE: now, and once more at the end.
say() { echo "$*" | tee -a "$work/said"; }

stop() {
  echo "$*" >&2
  exit 1
}

# check_that WHAT COMMAND…: a line of the result; the run goes on, and fails at its end.
wrong=0
check_that() {
  if "${@:2}"; then say "ok      $part: $1"; else
    say "NOT OK  $part: $1"
    wrong=$((wrong + 1))
  fi
}

# In a file: whoever reads a pipe to the match only would end its writer by SIGPIPE.
has_line() { grep -aqE -- "$2" "$1"; }
lacks_line() { ! has_line "$@"; }

# inside COMMAND…: in the root, with mounts that end with it. Low priority: what else runs here goes first.
inside() {
  nice -n 19 unshare --mount --pid --fork --kill-child bash -euc '
    mount -t proc proc "$1/proc"; mount --rbind /dev "$1/dev"; mount -t tmpfs tmpfs "$1/tmp"
    exec chroot "$@"' inside "$root" env -i HOME=/root TERM=dumb PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"
}

# Debian trixie with the cross compiler, QEMU 10 (which emulates FEAT_NV2) and what makes file systems, so that this machine's own
# packages stay as they are.
make_root() {
  [ "$(id -u)" = 0 ] || stop "make test-kernel needs root, for a Debian root of its own."
  [ "$(uname -m)" = x86_64 ] || stop "make test-kernel cross-builds on an x86 machine, and this is $(uname -m)."
  command -v debootstrap >/dev/null || stop "Install debootstrap first."
  if [ ! -e "$root/.made" ]; then
    rm -rf "$root.part"
    debootstrap --variant=minbase trixie "$root.part" >"$logs/debootstrap.log"
    rm -rf "$root"
    mv "$root.part" "$root"
    echo "deb $(sed -n 's/^deb \([^ ]*\) .*/\1/p' "$root/etc/apt/sources.list") trixie-backports main" >"$root/etc/apt/sources.list.d/backports.list"
    : >"$root/.made"
  fi
  if [ ! -e "$root/.packages" ]; then
    inside apt-get update -qq || stop "Debian's packages cannot be had: the lines above say why."
    inside apt-get install -y -qq --no-install-recommends bc binutils bison build-essential ccache cpio curl debhelper flex gnupg kmod \
      libdw-dev libelf-dev libncurses-dev libssl-dev patch perl python3 rsync xz-utils zstd gcc-aarch64-linux-gnu \
      libc6-dev-arm64-cross qemu-system-arm qemu-system-x86 busybox-static e2fsprogs btrfs-progs squashfs-tools >"$logs/packages.log"
    : >"$root/.packages"
  fi
  mkdir -p "$root/build" "$root/srv/mirror/v6.x" "$root/opt/cross"
  rm -rf "$root/kernel"
  cp -a "$repository/kernel" "$root/kernel"
}

# arm_root: a Debian arm64 root at /build/arm-root, unpacked only: the virtual machine monitor for the machines inside. The
# backports' QEMU, since 10.0 cannot give a KVM guest EL2.
arm_root() {
  [ ! -e "$root/build/arm-root/.made" ] || return 0
  inside dpkg --add-architecture arm64
  inside apt-get update -qq
  inside bash -euc 'rm -rf /build/arm-root; mkdir -p /build/debs/partial /build/arm-root; : >/build/no-packages
    apt-get install -y -qq --no-install-recommends --download-only -o Dir::State::status=/build/no-packages -o APT::Architecture=arm64 \
      -o APT::Architectures::=arm64 -o Dir::Cache::archives=/build/debs -t trixie-backports qemu-system-arm:arm64 busybox-static:arm64
    for one in bin lib sbin; do mkdir -p "/build/arm-root/usr/$one"; ln -s "usr/$one" "/build/arm-root/$one"; done
    for one in /build/debs/*.deb; do dpkg-deb --fsys-tarfile "$one" | tar -C /build/arm-root -x --keep-directory-symlink; done
    touch /build/arm-root/.made' >"$logs/arm-root.log"
}

# The source, in this order: what lies in $work/source; Debian's linux-source-6.18, where apt has it; kernel.org's.
source_tarball() {
  local tarball
  tarball=$(find "$work/source" -name 'linux-6.18*.tar.xz' | sort -V | tail -n 1)
  if [ -z "$tarball" ]; then
    tarball=$work/source/linux-$version.tar.xz
    curl -fsSL -o "$tarball.part" "https://cdn.kernel.org/pub/linux/kernel/v6.x/linux-$version.tar.xz" ||
      stop "kernel.org cannot be reached: put linux-6.18.3.tar.xz into $work/source, then run this again."
    mv "$tarball.part" "$tarball"
  fi
  version=$(basename "$tarball" .tar.xz)
  version=${version#linux-}
  ln -f "$tarball" "$root/srv/mirror/v6.x/" 2>/dev/null || cp "$tarball" "$root/srv/mirror/v6.x/"
}

# A mirror on loopback, with sums that a key of its own signed; its port in $port. It ends with this script.
start_mirror() {
  source_tarball
  if [ ! -e "$root/opt/key.asc" ]; then
    inside bash -euc 'mkdir -p -m 700 /opt/key; export GNUPGHOME=/opt/key
      gpg --batch --quiet --passphrase "" --quick-generate-key "test-kernel <test@example.org>" ed25519 sign never
      gpg --armor --export >/opt/key.asc; gpgconf --kill all'
  fi
  inside bash -euc 'cd /srv/mirror/v6.x; sha256sum linux-6.18*.tar.xz | GNUPGHOME=/opt/key gpg --batch --yes --clearsign -o sha256sums.asc; GNUPGHOME=/opt/key gpgconf --kill all'
  rm -f "$work/port"
  python3 "$here/mirror.py" "$root/srv/mirror" "$work/port" 2>"$logs/mirror.log" &
  mirror=$!
  trap 'kill "$mirror" 2>/dev/null || true' EXIT
  while [ ! -s "$work/port" ]; do kill -0 "$mirror" || stop "The mirror does not run: $(tail -n 1 "$logs/mirror.log")"; sleep 0.1; done
  port=$(<"$work/port")
}

# build_guest ARCHITECTURE: by kernel/build.sh itself, from the mirror; the image's path (in the root) into $image.
build_guest() {
  local log=$logs/build-$1.log began=$SECONDS environment=()
  if [ "$1" = arm64 ]; then
    # What makes this machine an arm64 one to build.sh, and nothing else of it.
    printf '#!/bin/sh\n[ "$*" = -m ] && echo aarch64 || exec /usr/bin/uname "$@"\n' >"$root/opt/cross/uname"
    for tool in gcc objdump; do printf '#!/bin/sh\nexec /usr/bin/aarch64-linux-gnu-%s "$@"\n' "$tool" >"$root/opt/cross/$tool"; done
    chmod +x "$root"/opt/cross/*
    environment=(PATH=/opt/cross:/usr/sbin:/usr/bin:/sbin:/bin CROSS_COMPILE=aarch64-linux-gnu- MAKEFLAGS=HOSTCC=/usr/bin/x86_64-linux-gnu-gcc)
  fi
  inside env "${environment[@]}" SNOWGLOBE_KERNEL_MIRROR="http://127.0.0.1:$port" SNOWGLOBE_KERNEL_KEY=/opt/key.asc \
    SNOWGLOBE_METADATA=http://127.0.0.1:9 KERNEL_VERSION="$version" BUILD_DIR="/build/guest-$1" CCACHE_DIR=/build/ccache \
    /kernel/build.sh >"$log" 2>&1 || {
    grep -aE '^==> failed|error:' "$log" | tail -n 5
    stop "The $1 guest was not built: $log."
  }
  image=$(sed -n 's/^==> artefact //p' "$log")
  [ -s "$root$image" ] || stop "build.sh names no image: $log."
  say "built   $part: $(basename "$image") in $((SECONDS - began)) s, $(grep -c '^  CC ' "$log" || true) CC lines$(grep -q '^==> unchanged' "$log" && echo ' (unchanged)' || true)"
  grep -a '^==> note Proven' "$log" | sed "s/^==> note /        $part: /" | tee -a "$work/said" || true
}

# initramfs NAME PROBE SCRIPT BUSYBOX: at /build/NAME.gz in the root; SCRIPT is its first process.
initramfs() {
  local folder=$root/build/$1.folder
  rm -rf "$folder"
  mkdir -p "$folder"/{bin,dev,proc,sys,mnt,run,tmp}
  cp "$root/build/$2" "$folder/bin/probe"
  cp "$4" "$folder/bin/busybox"
  cp "$here/$3" "$folder/init"
  cp "$here/$3" "$folder/$3"
  mknod "$folder/dev/console" c 5 1
  inside sh -euc "cd /build/$1.folder; find . | cpio --quiet -o -H newc | gzip -1 >/build/$1.gz"
}

compile_probe() { # ARCHITECTURE COMPILER
  cp "$here/probe.c" "$root/build/probe.c"
  inside "$2" -static -O1 -Wall -Werror -o "/build/probe-$1" /build/probe.c
}

# Disks with one file each, told apart by their serial numbers.
make_disks() {
  inside bash -euc 'cd /build; rm -rf disks; mkdir -p disks/{ext4,btrfs,squashfs}
    for one in ext4 btrfs squashfs; do echo "hello from $one" >disks/$one/hello; done
    truncate -s 64M disks/ext4.img; mke2fs -q -t ext4 -d disks/ext4 disks/ext4.img
    truncate -s 256M disks/btrfs.img; mkfs.btrfs -q --rootdir disks/btrfs disks/btrfs.img
    mksquashfs disks/squashfs disks/squashfs.img -comp zstd -quiet -no-progress >/dev/null'
}

# disk_options: of QEMU, for virtio over MMIO.
disk_options() {
  local one
  for one in ext4 btrfs squashfs; do
    echo "-drive if=none,id=$one,format=raw,file=/build/disks/$one.img -device virtio-blk-device,drive=$one,serial=$one"
  done
}

# seen LOG WHAT…: each as the guest itself said it.
seen() {
  local what
  for what in "${@:2}"; do
    check_that "$what$(sed -nE "s/^.*SEEN $what:/:/p" "$1" | tr -d '\r' | tail -n 1)" has_line "$1" "(^|[^T] |\\] )SEEN $what:"
  done
}

# kernel_lines LOG PATTERN: the kernel's own words, into the result.
kernel_lines() { grep -aE "$2" "$1" | tr -d '\r' | sed "s/^/        $part: /" | tail -n 12 | tee -a "$work/said" || true; }
