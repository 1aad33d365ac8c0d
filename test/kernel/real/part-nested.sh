# shellcheck shell=bash
# (c) The host kernel's patched code at work: the arm64 image as L0 at EL2, as L1 with EL2 of its own, and as L2. QEMU 10 emulates
# FEAT_NV2 below, and a QEMU that knows KVM's nested virtualisation runs inside. The cache races that the barriers are for cannot
# be seen in emulation; that nothing else is broken by them can.

part=nested
start_mirror
build_guest arm64
compile_probe arm64 aarch64-linux-gnu-gcc
arm_root
initramfs initramfs-nest probe-arm64 nest.sh "$root/build/arm-root/usr/bin/busybox"
mkdir -p "$root"/build/arm-root/{boot,dev,proc,sys,run,tmp}
cp "$root$image" "$root/build/arm-root/boot/Image"
cp "$root/build/initramfs-nest.gz" "$root/build/arm-root/boot/initramfs.gz"
cp "$root/build/probe-arm64" "$root/build/arm-root/usr/bin/probe"
cp "$here/nest.sh" "$root/build/arm-root/nest.sh"
# Read-only in L0 and L1 alike, which see the same disk: without a journal, and with busybox's names in it.
inside bash -euc 'cd /build
  for name in $(busybox --list); do [ -e "arm-root/usr/bin/$name" ] || [ -L "arm-root/usr/bin/$name" ] || ln -s busybox "arm-root/usr/bin/$name"; done
  rm -f nest.img; truncate -s 600M nest.img; mke2fs -q -t ext4 -O ^has_journal -d arm-root nest.img'
log=$logs/boot-nested.log
began=$SECONDS
inside timeout 5400 qemu-system-aarch64 -M virt,virtualization=on,gic-version=3 -cpu max,pauth-impdef=on -smp 2 -m 2560 -nodefaults \
  -nographic -serial stdio -no-reboot -kernel "$image" -drive if=none,id=root,file=/build/nest.img,format=raw \
  -device virtio-blk-device,drive=root -append "console=ttyAMA0 root=/dev/vda ro init=/nest.sh level=0 kvm-arm.mode=nested panic=-1" \
  </dev/null >"$log" 2>&1 || true
say "booted  nested: three levels in $((SECONDS - began)) s"
kernel_lines "$log" '^L[012]: |nv2|NV2'
check_that "L0 says that nesting is on" has_line "$log" 'L0: dmesg: .*VHE\+NV2 mode initialized successfully'
check_that "L1 has EL2 and /dev/kvm" has_line "$log" 'L1: has /dev/kvm'
check_that "arm64.nv2 takes in L1" has_line "$log" 'SYS_ID_AA64MMFR4_EL1\[23:20\]: forced to 2'
check_that "L2 boots" has_line "$log" 'L2: 6\.18'
check_that "L2's vsock carries 8 MB each way without a wrong byte" has_line "$log" 'L2: sent: 8388608 bytes each way over vsock, none of them wrong'
check_that "and so says L1" has_line "$log" 'L1: served: 8388608 bytes each way over vsock, none of them wrong'
check_that "no oops, no warning of a kernel" lacks_line "$log" 'Internal error|Kernel panic|WARNING:|BUG:'
