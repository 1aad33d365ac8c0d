# shellcheck shell=bash
# (b) The x86 guest, built by kernel/build.sh, started as Firecracker starts it (PVH, virtio over MMIO, no BIOS): QEMU's microvm.

part=x86
start_mirror
build_guest x86
compile_probe x86 gcc
initramfs initramfs-x86 probe-x86 guest.sh "$root/usr/bin/busybox"
make_disks
log=$logs/boot-x86.log
# shellcheck disable=SC2046 # options without spaces in them
inside timeout 3600 qemu-system-x86_64 -M microvm,acpi=on,isa-serial=on,pic=on,pit=on,rtc=on -cpu max -smp 2 -m 512 -nodefaults -nographic \
  -serial stdio -no-reboot -kernel "$image" -initrd /build/initramfs-x86.gz -append "console=ttyS0 reboot=t panic=-1 vsock=no port=$port" \
  $(disk_options) -netdev user,id=net -device virtio-net-device,netdev=net -object rng-random,id=rng,filename=/dev/urandom \
  -device virtio-rng-device,rng=rng </dev/null >"$log" 2>&1 || true
kernel_lines "$log" 'Linux version|virtio-mmio|FUSE_REMAP'
seen "$log" uname configuration ext4 btrfs squashfs overlay entropy network "reflink through FUSE" "the end"
check_that "no oops, no warning of the kernel" lacks_line "$log" 'Oops|Kernel panic|WARNING:|BUG:'
