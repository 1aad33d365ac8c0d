# shellcheck shell=bash
# (d) install-host.sh in a Debian amd64 root on a disk of its own, with the real GRUB: what it installs, the saved default, one trial
# boot and the way back, and a trial that is promoted. The kernel is a small one of the same patched source; it boots by GRUB, in QEMU.

part=install
start_mirror
machine=$root/build/machine
small=/build/host-small/linux-$version
release=$version-nested-dsb

# The small kernel; an interrupted build goes on, and so does one of which more is asked now.
if ! cmp -s "$here/host-small.config" "$root/build/host-small/.asked"; then
  began=$SECONDS
  cp "$here/host-small.config" "$root/build/"
  rm -f "$root/build/host-small/.asked"
  inside env VERSION="$version" CCACHE_DIR=/build/ccache CCACHE_DEPEND=1 KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 2026' bash -euc '
    mkdir -p /build/host-small; tree=/build/host-small/linux-$VERSION
    if [ ! -d "$tree" ]; then
      rm -rf "$tree.part"; mkdir "$tree.part"; tar -xJf "/srv/mirror/v6.x/linux-$VERSION.tar.xz" -C "$tree.part" --strip-components=1
      for one in /kernel/patches/*.patch; do patch -d "$tree.part" -p1 -F0 -s <"$one"; done
      mv "$tree.part" "$tree"
    fi
    cd "$tree"
    make -s KCONFIG_ALLCONFIG=/build/host-small.config CC="ccache gcc" allnoconfig
    if grep "^CONFIG" /build/host-small.config | grep -vxFf .config; then echo "error: Kconfig dropped these."; exit 1; fi
    make -j"$(nproc)" CC="ccache gcc" bzImage modules
    echo 0123456789ab >/build/host-small/.built; cp /build/host-small.config /build/host-small/.asked' >"$logs/build-small.log" 2>&1 || stop "The small kernel was not built: $logs/build-small.log."
  say "built   install: a small $release in $((SECONDS - began)) s, $(grep -c '^  CC ' "$logs/build-small.log" || true) CC lines"
fi

# A machine as Debian leaves it: its own kernel, an initramfs, GRUB. The disk is made from it anew.
if [ ! -e "$machine/.made" ]; then
  rm -rf "$machine"
  debootstrap --variant=minbase \
    --include=linux-image-cloud-amd64,initramfs-tools,grub-pc-bin,grub2-common,kmod,iproute2,make,util-linux,zstd,binutils \
    trixie "$machine" >"$logs/debootstrap-machine.log" || stop "The machine's root could not be made: $logs/debootstrap-machine.log."
  : >"$machine/.made"
fi
distribution=$(find "$machine/boot" -name 'vmlinuz-*-cloud-amd64' -printf '%f\n' | sed 's/^vmlinuz-//' | sort -V | tail -n 1)
[ -n "$distribution" ] || stop "Debian's own kernel is not in $machine/boot."
cp "$here/trial.sh" "$machine/trial.sh"
rm -rf "$machine/kernel" "$machine/build"
cp -a "$repository/kernel" "$machine/kernel"
printf '%s\n' GRUB_DEFAULT=0 GRUB_TIMEOUT=0 GRUB_TERMINAL=console 'GRUB_CMDLINE_LINUX="console=ttyS0 init=/trial.sh"' GRUB_DISABLE_OS_PROBER=true \
  >"$machine/etc/default/grub"
mkdir -p "$machine/boot/grub" "$machine/build"
# In the root this machine's kernel would show through; in QEMU it is the real one that is asked.
printf '#!/bin/sh\nif [ "$*" = -r ] && [ -e /etc/installing ]; then echo %s; else exec /usr/bin/uname "$@"; fi\n' "$distribution" \
  >"$machine/usr/local/bin/uname"
chmod +x "$machine/usr/local/bin/uname"
inside bash -euc 'cd /build; rm -f machine.img; truncate -s 3G machine.img; mke2fs -q -t ext4 -O ^metadata_csum_seed,^orphan_file -d machine machine.img'
# GRUB itself, which QEMU loads in place of a boot sector; it reads the disk's /boot/grub as ever.
inside chroot /build/machine grub-mkimage -O i386-pc -p '(hd0)/boot/grub' -o /build/core.img biosdisk ext2 normal linux configfile \
  search search_fs_uuid search_fs_file loadenv test echo minicmd gzio ls probe regexp all_video gfxterm font true
cat "$machine/usr/lib/grub/i386-pc/lnxboot.img" "$machine/build/core.img" >"$root/build/grub.bin"

# on_disk COMMAND…: in the disk's root, the small kernel's tree in its place.
on_disk() {
  # shellcheck disable=SC2016 # for the inner shell
  unshare --mount bash -euc '
    disk=$1 at=$2 tree=$3; shift 3
    mkdir -p "$at"
    device=$(losetup --find --show "$disk")
    trap "rm -f \"$at/etc/installing\"; umount -R \"$at\" || umount -Rl \"$at\"; losetup -d $device" EXIT
    # GRUB would look behind a loop device for its file: here it is a plain disk by its name.
    mount -t tmpfs dev /dev
    mknod "$device" b 7 "${device#/dev/loop}"; mknod /dev/sda b 7 "${device#/dev/loop}"
    mknod -m 666 /dev/null c 1 3; mknod -m 666 /dev/zero c 1 5; mknod -m 666 /dev/random c 1 8; mknod -m 666 /dev/urandom c 1 9
    # And it names a root by its UUID only where udev would have.
    mkdir -p /dev/disk/by-uuid; ln -s ../../sda "/dev/disk/by-uuid/$(blkid -s UUID -o value /dev/sda)"
    mount /dev/sda "$at"; touch "$at/etc/installing"
    mount -t proc proc "$at/proc"; mount -t sysfs sys "$at/sys"; mount --bind /dev "$at/dev"; mount --bind "$tree" "$at/build"
    chroot "$at" env -i HOME=/root PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"' on_disk "$root/build/machine.img" "$work/mounted" "$root/build/host-small" "$@"
}
install_host() { # LOG
  on_disk BUILD_DIR=/build KERNEL_VERSION="$version" /kernel/install-host.sh >"$logs/$1.log" 2>&1 || true
  grep -a '^==> ' "$logs/$1.log" | sed "s/^/        install: /" | tee -a "$work/said" || true
}
environment() { on_disk grub-editenv /boot/grub/grubenv list; }
# boot STEP…: as many boots as steps; what the machine said in $log.
boot() {
  on_disk sh -c 'printf "%s\n" "$@" >/steps' steps "$@"
  log=$logs/boot-install-$1.log
  # shellcheck disable=SC2016 # for the inner shell
  inside bash -uc 'timeout 3600 qemu-system-x86_64 "$@" </dev/null >/build/boot.log 2>&1 &
    while kill -0 "$!" 2>/dev/null; do
      if grep -aq "TRIAL: no more steps" /build/boot.log; then kill "$!"; fi
      sleep 1
    done' boot -M pc -cpu max -smp 2 -m 768 -nodefaults -nographic -serial stdio -kernel /build/grub.bin \
    -drive if=none,id=root,file=/build/machine.img,format=raw -device nvme,drive=root,serial=1,bootindex=1
  cp "$root/build/boot.log" "$log"
  kernel_lines "$log" '^TRIAL |Linux version'
}

on_disk update-grub >"$logs/update-grub.log" 2>&1 || stop "update-grub failed: $logs/update-grub.log."
on_disk sh -euc 'mkdir -p /boot/grub/i386-pc; cp /usr/lib/grub/i386-pc/*.mod /usr/lib/grub/i386-pc/*.lst /boot/grub/i386-pc/; grub-editenv /boot/grub/grubenv create'

install_host install-1
environment >"$logs/environment-1.log"
# As an expression: its release has a plus sign in it.
stock=$(sed 's/[.+]/\\&/g' <<<"$distribution")
check_that "the saved default is Debian's $distribution" has_line "$logs/environment-1.log" "^saved_entry=gnulinux-advanced-.*>gnulinux-$stock-advanced-"
check_that "the next boot, and only that, is $release" has_line "$logs/environment-1.log" "^next_entry=gnulinux-advanced-.*>gnulinux-$release-advanced-"
boot trial back
check_that "GRUB boots the trial" has_line "$log" "TRIAL trial: runs $release,"
check_that "and says so of itself: health" has_line "$log" 'TRIAL trial: .*"matches":true.*"trial":"running"'
check_that "the way back: the next boot is Debian's kernel" has_line "$log" "TRIAL back: runs $stock,"
check_that "where the trial counts as fallen back" has_line "$log" 'TRIAL back: .*"trial":"fell-back"'
install_host install-2
boot promote default
check_that "a second trial is promoted" has_line "$log" "TRIAL promote: .*$release is the default from now on"
check_that "and is what GRUB boots from then on" has_line "$log" "TRIAL default: runs $release,"
