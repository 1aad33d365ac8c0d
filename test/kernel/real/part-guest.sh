# shellcheck shell=bash
# (a) The arm64 guest, cross-built by kernel/build.sh from a mirror on loopback with signed sums, and booted in QEMU.

part=guest
start_mirror
build_guest arm64
compile_probe arm64 aarch64-linux-gnu-gcc
arm_root
initramfs initramfs-arm64 probe-arm64 guest.sh "$root/build/arm-root/usr/bin/busybox"
make_disks
log=$logs/boot-guest.log
# The host's end of vsock without a kernel module: QEMU and a daemon of rust-vmm's.
if [ ! -x "$root/build/vsock/usr/bin/vhost-device-vsock" ]; then
  echo "deb $(sed -n 's/^deb \([^ ]*\) .*/\1/p' "$root/etc/apt/sources.list") sid main" >"$root/etc/apt/sources.list.d/sid.list"
  printf 'Package: *\nPin: release a=unstable\nPin-Priority: 100\n' >"$root/etc/apt/preferences.d/sid"
  # Its release file may be older than a stored copy of Debian allows.
  inside bash -euc 'apt-get -o Acquire::Check-Valid-Until=false update -qq; cd /build; apt-get -qq -t sid download vhost-device-vsock
    dpkg-deb -x vhost-device-vsock_*.deb /build/vsock; rm /etc/apt/sources.list.d/sid.list; apt-get update -qq' >"$logs/vsock.log" 2>&1
fi
cp "$here/vsock-host.py" "$root/build/"
# shellcheck disable=SC2046 # options without spaces in them
inside timeout 3600 bash -uc '
  mkdir -p /tmp/v; cd /tmp/v
  /build/vsock/usr/bin/vhost-device-vsock --guest-cid 3 --socket /tmp/v/back --uds-path /tmp/v/host >/tmp/v/daemon 2>&1 &
  python3 /build/vsock-host.py /tmp/v/host 1048576 >/build/vsock-host.log 2>&1 &
  while [ ! -S /tmp/v/back ]; do sleep 0.1; done
  exec qemu-system-aarch64 -M virt,gic-version=3,memory-backend=ram -cpu max,pauth-impdef=on -smp 2 -m 1024 -nodefaults -nographic \
    -serial stdio -no-reboot -object memory-backend-memfd,id=ram,size=1024M,share=on "$@" </dev/null' boot \
  -kernel "$image" -initrd /build/initramfs-arm64.gz -append "console=ttyAMA0 panic=-1 port=$port" $(disk_options) \
  -netdev user,id=net -device virtio-net-device,netdev=net -object rng-random,id=rng,filename=/dev/urandom -device virtio-rng-device,rng=rng \
  -chardev socket,id=vsock,path=/tmp/v/back -device vhost-user-vsock-device,chardev=vsock >"$log" 2>&1 || true
kernel_lines "$log" 'Linux version|Machine model|FUSE_REMAP'
seen "$log" uname configuration ext4 btrfs squashfs overlay entropy network "vsock to the host" "vsock from the host" "reflink through FUSE" "the end"
check_that "no oops, no warning of the kernel" lacks_line "$log" 'Internal error|Kernel panic|WARNING:|BUG:'
