#!/bin/busybox sh
# The first process of L0 and L1 (a Debian arm64 root with QEMU), and of L2 (an initramfs): each starts the next one and shows its console.
[ -e /bin/mount ] || /bin/busybox --install -s /bin
export PATH=/bin:/usr/bin:/sbin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mount -t tmpfs run /run
mount -t tmpfs tmp /tmp
for word in $(cat /proc/cmdline); do case $word in level=*) level=${word#*=} ;; esac; done
say() { echo "L$level: $*"; }
# A character on the console of a machine inside goes through every level below, and a quiet kernel is many times as fast.
SPEED="panic=-1 quiet mitigations=off nokaslr"
# next MACHINE MEGABYTES OPTIONS…: the next machine, its console here. Its memory is there from the start: with each page that
# comes later, KVM drops all that it knows of the memory of machines inside.
next() {
  local machine=$1 size=$2
  shift 2
  qemu-system-aarch64 -accel kvm -cpu host -smp 1 -M "virt,gic-version=3,memory-backend=ram$machine" -m "$size" \
    -object "memory-backend-ram,id=ram,size=${size}M,prealloc=on" -nodefaults -nographic -serial stdio -no-reboot \
    -kernel /boot/Image "$@" </dev/null 2>&1
}

say "$(uname -rm) on $(cat /proc/device-tree/model 2>/dev/null || echo "no model")"
dmesg | grep -E 'kvm \[|CPU: All CPU|forced to|nv2' | sed "s/^/L$level: dmesg: /"
if [ -c /dev/kvm ]; then say "has /dev/kvm"; fi
case $level in
  0)
    next ,virtualization=on 512 -drive if=none,id=root,file=/dev/vda,format=raw,readonly=on -device virtio-blk-device,drive=root \
      -append "console=ttyAMA0 root=/dev/vda ro init=/nest.sh level=1 arm64.nv2 $SPEED"
    ;;
  1)
    probe serve 5000 8388608 >/run/served 2>&1 &
    next "" 128 -initrd /boot/initramfs.gz -device vhost-vsock-device,guest-cid=3 \
      -append "console=ttyAMA0 rdinit=/nest.sh level=2 $SPEED"
    say "served: $(tail -n 1 /run/served)"
    ;;
  2)
    say "sent: $(probe send 2 5000 8388608 2>&1 | tail -n 1)"
    ;;
esac
say "ends"
sync
reboot -f
