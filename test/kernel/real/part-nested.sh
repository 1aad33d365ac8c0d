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
# What makes this an emulation that ends, seen with QEMU 10.0:
# - The guests' clock counts instructions (-icount): on a busy machine the ticks of three kernels come faster, by the wall clock,
#   than they are worked off. What is bounded is work for the same reason, and not time.
# - No FEAT_ECV, by L0's command line, and no LPA2. With both L1 stays in its first tick: not one counted in 38 CPU-seconds. Without,
#   its shell comes after 16. (LPA2 also has L0 walk the shadow of L1's stage 2 through 52 bits, by the gigabyte, and not 48.)
inside bash -euc 'ulimit -t 5400; exec "$@"' bounded qemu-system-aarch64 -M virt,virtualization=on,gic-version=3 \
  -cpu max,pauth-impdef=on,sve=off,lpa2=off -icount shift=0,sleep=off -smp 1 -m 1024 -nodefaults \
  -nographic -serial stdio -no-reboot -kernel "$image" -drive if=none,id=root,file=/build/nest.img,format=raw,readonly=on \
  -device virtio-blk-device,drive=root -append "console=ttyAMA0 root=/dev/vda ro init=/nest.sh level=0 kvm-arm.mode=nested \
id_aa64mmfr0.ecv=0 quiet mitigations=off nokaslr panic=-1" </dev/null >"$log" 2>&1 || true
say "booted  nested: as far as the lines below say, in $((SECONDS - began)) s"
kernel_lines "$log" '^L[012]: |nv2|NV2'
check_that "L0 says that nesting is on" has_line "$log" 'L0: dmesg: .*VHE\+NV2 mode initialized successfully'
check_that "L1 has EL2 and /dev/kvm" has_line "$log" 'L1: has /dev/kvm'
check_that "arm64.nv2 takes in L1" has_line "$log" 'SYS_ID_AA64MMFR4_EL1\[23:20\]: forced to 2'
check_that "L2 boots" has_line "$log" 'L2: 6\.18'
check_that "L2's vsock carries 8 MB each way without a wrong byte" has_line "$log" 'L2: sent: 8388608 bytes each way over vsock, none of them wrong'
check_that "and so says L1" has_line "$log" 'L1: served: 8388608 bytes each way over vsock, none of them wrong'
check_that "no oops, no warning of a kernel" lacks_line "$log" 'Internal error|Kernel panic|WARNING:|BUG:'
